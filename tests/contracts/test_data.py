"""DataRegistry: commitments, consent, budgets."""

from __future__ import annotations

import pytest

from dltui.chain.contracts.bound import NO_LIMIT, Commitment, DataRegistry, deploy_call
from tests.kits.contract_evm import Evm, address
from tests.kits.contract_world import SCHEMA, World

OWNER = address("owner")
ROOT = b"\x07" * 32


@pytest.fixture
def registry() -> tuple[Evm, DataRegistry, str]:
    """A registry whose federation is an account, so that uses can be booked directly."""
    evm, admin, fl = Evm(), address("admin"), address("federation")
    data = DataRegistry(evm, evm.send(admin, deploy_call("DataRegistry", admin)).created)
    evm.send(admin, data.set_federation(fl))
    return evm, data, fl


def test_commit_stores_and_tells_what_was_committed(world: World) -> None:
    sent = world.send(OWNER, world.data.commit(ROOT, 12, SCHEMA, 500))
    assert sent.args("DataCommitted") == {
        "owner": OWNER,
        "root": ROOT,
        "count": 12,
        "schema": SCHEMA,
        "budget": 500,
    }
    assert world.data.commitment_of(OWNER) == Commitment(ROOT, SCHEMA, 12, 500, 0, False, True)
    assert world.data.commitment_of(world.stranger) == Commitment(bytes(32), bytes(32), 0, 0, 0, False, False)


@pytest.mark.parametrize(("root", "count"), [(bytes(32), 1), (ROOT, 0)])
def test_an_empty_commitment_is_refused(world: World, root: bytes, count: int) -> None:
    with world.refused("EmptyCommitment"):
        world.send(OWNER, world.data.commit(root, count, SCHEMA, 1))


def test_approval_names_exactly_what_is_committed(world: World) -> None:
    with world.refused("NothingCommitted", owner=OWNER):
        world.operate(world.data.approve_data(OWNER, ROOT, 12))
    world.send(OWNER, world.data.commit(ROOT, 12, SCHEMA, 500))
    for root, count in ((ROOT, 13), (SCHEMA, 12)):
        with world.refused("CommitmentDiffers", root=ROOT, count=12):
            world.operate(world.data.approve_data(OWNER, root, count))
    sent = world.operate(world.data.approve_data(OWNER, ROOT, 12))
    assert sent.args("DataApproved") == {"owner": OWNER, "root": ROOT, "count": 12}
    assert world.data.commitment_of(OWNER).approved
    with world.refused("DataAlreadyApproved", owner=OWNER):
        world.operate(world.data.approve_data(OWNER, ROOT, 12))


def test_committing_again_clears_the_approval_and_never_raises_the_budget(world: World) -> None:
    world.send(OWNER, world.data.commit(ROOT, 12, SCHEMA, 500))
    world.operate(world.data.approve_data(OWNER, ROOT, 12))
    world.send(OWNER, world.data.revoke())
    sent = world.send(OWNER, world.data.commit(SCHEMA, 20, ROOT, 9_999))
    assert sent.args("DataCommitted")["budget"] == 500
    assert world.data.commitment_of(OWNER) == Commitment(SCHEMA, ROOT, 20, 500, 0, False, True)
    world.send(OWNER, world.data.commit(SCHEMA, 20, ROOT, NO_LIMIT))
    assert world.data.commitment_of(OWNER).budget == 500
    world.send(OWNER, world.data.commit(SCHEMA, 20, ROOT, 3))
    assert world.data.commitment_of(OWNER).budget == 3


def test_the_owner_revokes_and_grants(world: World) -> None:
    for call in (world.data.grant(), world.data.revoke(), world.data.lower_budget(1)):
        with world.refused("NothingCommitted", owner=OWNER):
            world.send(OWNER, call)
    world.send(OWNER, world.data.commit(ROOT, 12, SCHEMA, 500))
    with world.refused("AlreadyGranted", owner=OWNER):
        world.send(OWNER, world.data.grant())
    assert world.send(OWNER, world.data.revoke()).args("DataRevoked") == {"owner": OWNER}
    assert not world.data.commitment_of(OWNER).granted
    with world.refused("NotGranted", owner=OWNER):
        world.send(OWNER, world.data.revoke())
    assert world.send(OWNER, world.data.grant()).args("DataGranted") == {"owner": OWNER}
    assert world.data.commitment_of(OWNER).granted


def test_a_budget_only_falls(world: World) -> None:
    world.send(OWNER, world.data.commit(ROOT, 12, SCHEMA, NO_LIMIT))
    with world.refused("BudgetNotLower", budget=NO_LIMIT):
        world.send(OWNER, world.data.lower_budget(NO_LIMIT))
    sent = world.send(OWNER, world.data.lower_budget(70))
    assert sent.args("BudgetLowered") == {"owner": OWNER, "budget": 70}
    for asked in (70, 71, NO_LIMIT):
        with world.refused("BudgetNotLower", budget=70):
            world.send(OWNER, world.data.lower_budget(asked))
    world.send(OWNER, world.data.lower_budget(0))
    assert world.data.commitment_of(OWNER).budget == 0


def test_a_use_takes_its_cost_once_a_round(registry: tuple[Evm, DataRegistry, str]) -> None:
    evm, data, fl = registry
    admin = address("admin")

    with evm.refused("NothingCommitted"):
        evm.send(fl, data.record_use(OWNER, 1, 0))
    evm.send(OWNER, data.commit(ROOT, 12, SCHEMA, 100))
    with evm.refused("DataNotApproved"):
        evm.send(fl, data.record_use(OWNER, 1, 0))
    evm.send(admin, data.approve_data(OWNER, ROOT, 12))
    with evm.refused("AlreadyUsed", lastRound=0):
        evm.send(fl, data.record_use(OWNER, 0, 1))
    sent = evm.send(fl, data.record_use(OWNER, 3, 40))
    assert sent.args("DataUsed") == {"owner": OWNER, "round": 3, "cost": 40, "budgetLeft": 60}
    for number in (1, 2, 3):
        with evm.refused("AlreadyUsed", lastRound=3):
            evm.send(fl, data.record_use(OWNER, number, 1))
    with evm.refused("BudgetExceeded", budget=60, cost=61):
        evm.send(fl, data.record_use(OWNER, 4, 61))
    evm.send(fl, data.record_use(OWNER, 4, 60))
    assert data.commitment_of(OWNER) == Commitment(ROOT, SCHEMA, 12, 0, 4, True, True)
    evm.send(fl, data.record_use(OWNER, 5, 0))
    with evm.refused("BudgetExceeded", budget=0, cost=1):
        evm.send(fl, data.record_use(OWNER, 6, 1))
    evm.send(OWNER, data.revoke())
    with evm.refused("NotGranted"):
        evm.send(fl, data.record_use(OWNER, 6, 0))


def test_no_limit_is_never_used_up(registry: tuple[Evm, DataRegistry, str]) -> None:
    evm, data, fl = registry
    evm.send(OWNER, data.commit(ROOT, 12, SCHEMA, NO_LIMIT))
    evm.send(address("admin"), data.approve_data(OWNER, ROOT, 12))
    assert evm.send(fl, data.record_use(OWNER, 1, NO_LIMIT)).args("DataUsed")["budgetLeft"] == NO_LIMIT
    assert data.commitment_of(OWNER).budget == NO_LIMIT


def test_recommitting_does_not_allow_a_second_use_in_a_round(registry: tuple[Evm, DataRegistry, str]) -> None:
    evm, data, fl = registry
    admin = address("admin")
    evm.send(OWNER, data.commit(ROOT, 12, SCHEMA, 100))
    evm.send(admin, data.approve_data(OWNER, ROOT, 12))
    evm.send(fl, data.record_use(OWNER, 1, 10))
    evm.send(OWNER, data.commit(ROOT, 99, SCHEMA, 100))
    evm.send(admin, data.approve_data(OWNER, ROOT, 99))
    with evm.refused("AlreadyUsed", lastRound=1):
        evm.send(fl, data.record_use(OWNER, 1, 10))
    assert data.commitment_of(OWNER).budget == 90


def test_the_federation_is_named_once(world: World) -> None:
    for registry in (world.data, world.models):
        with world.refused("FederationAlreadySet", federation=world.fl.address):
            world.send(world.admin, registry.set_federation(OWNER))
        assert registry.federation() == world.fl.address
