"""ModelRegistry: the path of untainted versions, approval, rejection, release."""

from __future__ import annotations

import pytest

from dltui.chain.contracts.bound import (
    OPERATOR_ROLE,
    ClientStatus,
    ModelRegistry,
    RoundState,
    VersionInfo,
    VersionState,
    deploy_call,
)
from tests.kits.contract_evm import Evm, address
from tests.kits.contract_world import GENESIS, World, result


def versions(world: World, count: int) -> None:
    """Finalises rounds until version `count` exists."""
    for number in range(world.models.count(), count + 1):
        world.play(result(number))


def test_genesis_is_version_0_approved_and_released(world: World) -> None:
    models = world.models
    assert (models.count(), models.base(), models.released()) == (1, (0, GENESIS), 0)
    assert models.version_of(0) == VersionInfo(GENESIS, 0, 0, 0, 0, 0, VersionState.APPROVED)
    assert models.is_untainted(0) and not models.is_untainted(1)
    assert not models.awaiting_approval()
    with world.refused("GenesisExists"):
        world.operate(models.genesis(GENESIS))


def test_before_genesis_there_is_no_base() -> None:
    evm, admin, fl = Evm(), address("admin"), address("federation")
    models = ModelRegistry(evm, evm.send(admin, deploy_call("ModelRegistry", admin)).created)
    evm.send(admin, models.set_federation(fl))
    assert (models.count(), models.released(), models.is_untainted(0)) == (0, None, False)
    assert models.version_of(0).state == VersionState.NONE
    for read in (models.base, models.awaiting_approval):
        with evm.refused("GenesisMissing"):
            read()
    with evm.refused("GenesisMissing"):
        evm.send(fl, models.register(GENESIS, 1, 1, 1))
    for call in (models.approve(0), models.reject(0)):
        with evm.refused("UnknownVersion", version=0):
            evm.send(admin, call)
    with evm.refused("ZeroVersionDigest"):
        evm.send(admin, models.genesis(bytes(32)))
    sent = evm.send(admin, models.genesis(GENESIS))
    assert sent.names() == ["VersionRegistered", "VersionApproved", "VersionReleased"]
    with evm.refused("ZeroVersionDigest"):
        evm.send(fl, models.register(bytes(32), 1, 1, 1))


def test_without_a_federation_nothing_is_approved_or_rejected() -> None:
    evm, admin = Evm(), address("admin")
    models = ModelRegistry(evm, evm.send(admin, deploy_call("ModelRegistry", admin)).created)
    with evm.refused("FederationNotSet"):
        evm.send(admin, models.set_federation("0x" + "00" * 20))
    evm.send(admin, models.genesis(GENESIS))
    with evm.refused("FederationNotSet"):
        evm.send(admin, models.approve(0))


def test_a_version_is_the_child_of_the_base(world: World) -> None:
    sent = world.play(result(1))
    expected = {
        "version": 1,
        "parent": 0,
        "digest": result(1),
        "accuracyBp": 9000,
        "round": 1,
        "proposers": world.fl.round_of(1).committee,
    }
    assert sent.args("VersionRegistered") == expected
    world.play(result(2))
    proposers = world.fl.round_of(2).committee
    assert world.models.version_of(2) == VersionInfo(result(2), proposers, 1, 2, 2, 9000, VersionState.VERIFIED)
    assert world.models.base() == (2, result(2))
    assert world.models.awaiting_approval()
    assert world.models.released() == 0


def test_approving_releases_and_an_older_one_again_is_a_rollback(world: World) -> None:
    versions(world, 2)
    sent = world.operate(world.models.approve(2))
    assert sent.names() == ["VersionApproved", "VersionReleased"]
    assert sent.args("VersionApproved") == {"version": 2, "by": world.operator}
    assert world.models.released() == 2
    assert not world.models.awaiting_approval()
    world.operate(world.models.approve(0))
    assert world.models.released() == 0
    assert world.models.base() == (2, result(2))
    with world.refused("UnknownVersion", version=3):
        world.operate(world.models.approve(3))


def test_a_proposer_cannot_approve_its_own_version(world: World) -> None:
    world.play(result(1))
    member, outsider = world.members()[0], world.outsider()
    for index in (member, outsider):
        world.send(world.admin, world.models.grant_role(OPERATOR_ROLE, world.clients[index]))
    with world.refused("ProposerCannotApprove", index=member):
        world.send(world.clients[member], world.models.approve(1))
    world.send(world.clients[outsider], world.models.approve(1))
    assert world.models.released() == 1
    world.send(world.clients[member], world.models.approve(0))
    assert world.models.released() == 0


def test_a_proposer_who_disagreed_may_approve(world: World) -> None:
    world.open()
    world.submit()
    world.report()
    a, b, c = world.members()
    world.attest(a, b, result=result(1))
    world.attest(c, result=result(9))
    world.finalise(result(1))
    world.send(world.admin, world.models.grant_role(OPERATOR_ROLE, world.clients[c]))
    world.send(world.clients[c], world.models.approve(1))
    assert world.models.released() == 1


def test_rejecting_cuts_the_path_and_taints_what_descends(world: World) -> None:
    versions(world, 4)
    sent = world.operate(world.models.reject(2))
    assert sent.args("VersionRejected") == {"version": 2, "by": world.operator, "newBase": 1}
    assert [world.models.is_untainted(number) for number in range(5)] == [True, True, False, False, False]
    assert world.models.base() == (1, result(1))
    for tainted in (3, 4):
        assert world.models.version_of(tainted).state == VersionState.VERIFIED
        with world.refused("VersionTainted", version=tainted):
            world.operate(world.models.approve(tainted))
    for call in (world.models.approve(2), world.models.reject(2)):
        with world.refused("WrongVersionState", version=2, state=VersionState.REJECTED):
            world.operate(call)


def test_the_path_grows_again_beside_a_rejected_branch(world: World) -> None:
    versions(world, 3)
    world.operate(world.models.reject(2))
    world.play(result(4))
    four = world.models.version_of(4)
    assert (four.parent, four.depth) == (1, 2)
    assert [world.models.is_untainted(number) for number in range(5)] == [True, True, False, False, True]
    # A tainted one can still be rejected by name; the path stays.
    sent = world.operate(world.models.reject(3))
    assert sent.args("VersionRejected")["newBase"] == 4
    assert sent.names() == ["VersionRejected"]
    assert world.models.base() == (4, result(4))


def test_rejecting_a_tainted_version_does_not_cut_the_path_beside_it(world: World) -> None:
    versions(world, 3)
    world.operate(world.models.reject(2))
    world.play(result(4))
    world.play(result(5))
    assert world.models.version_of(3).depth == world.models.version_of(5).depth == 3
    world.operate(world.models.reject(3))
    assert world.models.base() == (5, result(5))
    assert world.models.is_untainted(5)


def test_version_0_cannot_be_rejected(world: World) -> None:
    with world.refused("GenesisCannotBeRejected"):
        world.operate(world.models.reject(0))
    with world.refused("UnknownVersion", version=1):
        world.operate(world.models.reject(1))


@pytest.mark.parametrize("rejected", [1, 2])
def test_nothing_is_released_after_the_released_version_fell(world: World, rejected: int) -> None:
    versions(world, 2)
    world.operate(world.models.approve(2))
    world.operate(world.models.reject(rejected))
    assert world.models.released() is None
    versions(world, 3)
    assert world.models.released() is None
    world.operate(world.models.approve(0))
    assert world.models.released() == 0


def test_the_released_version_stays_when_a_later_one_is_rejected(world: World) -> None:
    versions(world, 2)
    world.operate(world.models.approve(1))
    world.operate(world.models.reject(2))
    assert world.models.released() == 1


def test_require_approval_makes_the_next_round_wait(world: World) -> None:
    world.replan(require_approval=True)
    world.play(result(1))
    with world.refused("AwaitingApproval", version=1):
        world.operate(world.fl.open_round())
    world.operate(world.models.approve(1))
    assert world.open() == 2


def test_require_approval_waits_for_the_base_not_for_what_is_released(world: World) -> None:
    world.replan(require_approval=True)
    world.play(result(1))
    world.operate(world.models.approve(0))
    with world.refused("AwaitingApproval", version=1):
        world.operate(world.fl.open_round())
    world.operate(world.models.reject(1))
    assert world.open() == 2
    assert world.round().base_version == 0


@pytest.mark.parametrize("state", [RoundState.OPEN, RoundState.REPORTING, RoundState.ATTESTING])
def test_rejecting_the_base_of_a_running_round_aborts_it(world: World, state: RoundState) -> None:
    versions(world, 2)
    number = world.open()
    if state.number > RoundState.OPEN.number:
        world.submit()
    if state.number > RoundState.REPORTING.number:
        world.report()
    assert world.round().state == state
    sent = world.operate(world.models.reject(1))
    assert sent.names() == ["VersionRejected", "RoundAborted"]
    aborted = sent.args("RoundAborted")
    assert (aborted["round"], aborted["reason"], aborted["verdictsRoot"]) == (number, 4, bytes(32))
    assert world.round().state == RoundState.ABORTED
    assert world.fl.seed() == aborted["nextSeed"]


def test_rejecting_an_unrelated_version_leaves_the_round_alone(world: World) -> None:
    versions(world, 2)
    world.operate(world.models.reject(1))
    world.open()
    assert world.round().base_version == 0
    assert world.operate(world.models.reject(2)).names() == ["VersionRejected"]
    assert world.round().state == RoundState.OPEN


def test_who_had_not_submitted_when_the_base_fell_did_not_miss(world: World) -> None:
    world.replan(max_missed=1)
    versions(world, 1)
    number = world.open()
    world.submit(0)
    world.operate(world.models.reject(1))
    for index in range(5):
        with world.refused("NotMissed", index=index):
            world.send(world.stranger, world.fl.record_miss(number, index))
    assert world.fl.client_of(4).status == ClientStatus.ACTIVE


def test_only_the_registry_tells_of_a_rejected_base(world: World) -> None:
    world.open()
    for sender in (world.stranger, world.admin, world.operator, world.clients[0], world.data.address):
        with world.refused("NotRegistry"):
            world.send(sender, world.fl.base_rejected())
    # The registry itself changes nothing while the base stands.
    assert world.send(world.models.address, world.fl.base_rejected()).names() == []
    assert world.round().state == RoundState.OPEN
