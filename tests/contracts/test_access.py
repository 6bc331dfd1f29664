"""Every state-changing function x every role x every state of a round."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from eth_utils import keccak

from dltui.chain.contracts import artifacts
from dltui.chain.contracts.bound import ADMIN_ROLE, OPERATOR_ROLE, DataRegistry, ModelRegistry, deploy_call
from dltui.chain.types import Call, Reverted
from tests.kits.contract_evm import Evm, address
from tests.kits.contract_world import PLAN, SCHEMA, World, digest, result

ROLES = ("stranger", "pending", "suspended", "banned", "active", "member", "operator", "admin")
STAGES = ("none", "open", "reporting", "attesting", "finalised", "aborted")
FLYING = ("open", "reporting", "attesting")
UNAUTHORISED = "AccessControlUnauthorizedAccount"

Outcome = Callable[[str, str], str]
"""The error's name by role and stage; "" when the call goes through."""


@dataclass
class Stage:
    """One federation in one state, with an account for each role."""

    world: World
    root: bytes
    now: int
    accounts: dict[str, str]
    active: int


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    """A federation taken to each state, from the same beginning."""
    world = World()
    world.ready(clients=6)
    world.operate(world.fl.suspend_client(4))
    world.operate(world.fl.ban_client(5))
    pending = address("pending")
    world.send(pending, world.fl.join("pending"))
    accounts = {
        "stranger": world.stranger,
        "pending": pending,
        "suspended": world.clients[4],
        "banned": world.clients[5],
        "operator": world.operator,
        "admin": world.admin,
    }
    found: dict[str, Stage] = {}

    def keep(name: str) -> None:
        committee = world.round().committee if world.fl.current_round() else 0b1
        active = next(index for index in range(4) if not committee >> index & 1)
        member = next(index for index in range(4) if committee >> index & 1)
        roles = accounts | {"active": world.clients[active], "member": world.clients[member]}
        found[name] = Stage(world, world.root, world.evm.now, roles, active)

    keep("none")
    world.abort()
    keep("aborted")
    world.evm.root, world.evm.now = found["none"].root, found["none"].now
    world.open()
    keep("open")
    world.submit()
    keep("reporting")
    world.report()
    keep("attesting")
    world.attest(result=result(1))
    world.finalise(result(1))
    keep("finalised")
    return found


def everyone(error: str) -> Outcome:
    return lambda role, stage: error


def operator(outcome: str = "", flying: str | None = None) -> Outcome:
    """The operator's alone; `flying` is the outcome while a round runs."""

    def expect(role: str, stage: str) -> str:
        if role not in ("operator", "admin"):
            return UNAUTHORISED
        return flying if flying is not None and stage in FLYING else outcome

    return expect


def admin(outcome: str) -> Outcome:
    return lambda role, stage: outcome if role == "admin" else UNAUTHORISED


def by_role(**errors: str) -> Outcome:
    """`other` for the roles that are not named."""
    return lambda role, stage: errors.get(role, errors["other"])


def only_in(wanted: str, inside: Outcome) -> Outcome:
    return lambda role, stage: inside(role, stage) if stage == wanted else "WrongState"


NOT_A_CLIENT = {role: "UnknownClient" for role in ("stranger", "pending", "operator", "admin")}
SEATED = by_role(**NOT_A_CLIENT, suspended="NotMember", banned="NotMember", active="NotMember", other="")
OWNERS = ("suspended", "banned", "active", "member")
MISS = {"none": "NotLastClosed", "finalised": "NotMissed", "aborted": ""}

EXPECTED: dict[str, dict[str, Outcome]] = {
    "FLContract": {
        "setPlan": operator(),
        "approveClient": operator(),
        "rejectClient": operator(),
        "suspendClient": operator(),
        "reinstateClient": operator(),
        "banClient": operator(),
        "openRound": operator(flying="RoundInFlight"),
        "join": by_role(stranger="", operator="", admin="", other="WrongStatus"),
        "leave": by_role(**NOT_A_CLIENT, banned="WrongStatus", other=""),
        "completeLeave": everyone("WrongStatus"),
        "recordMiss": lambda role, stage: MISS.get(stage, "NotLastClosed"),
        "submit": only_in("open", by_role(**NOT_A_CLIENT, suspended="WrongStatus", banned="WrongStatus", other="")),
        "closeSubmissions": only_in("open", everyone("TooEarly")),
        "report": only_in("reporting", SEATED),
        "closeReports": only_in("reporting", everyone("TooEarly")),
        "attest": only_in("attesting", SEATED),
        "finalise": only_in("attesting", everyone("TooEarly")),
        "closeAttestations": only_in("attesting", everyone("TooEarly")),
        "baseRejected": everyone("NotRegistry"),
    },
    "ModelRegistry": {
        "setFederation": admin("FederationAlreadySet"),
        "genesis": operator("GenesisExists"),
        "register": everyone("NotFederation"),
        "approve": operator(),
        "reject": operator("GenesisCannotBeRejected"),
    },
    "DataRegistry": {
        "setFederation": admin("FederationAlreadySet"),
        "commit": everyone(""),
        "approveData": operator("DataAlreadyApproved"),
        "grant": lambda role, stage: "AlreadyGranted" if role in OWNERS else "NothingCommitted",
        "revoke": lambda role, stage: "" if role in OWNERS else "NothingCommitted",
        "lowerBudget": lambda role, stage: "" if role in OWNERS else "NothingCommitted",
        "recordUse": everyone("NotFederation"),
    },
}
ROLE_FUNCTIONS: dict[str, Outcome] = {"grantRole": admin(""), "revokeRole": admin(""), "renounceRole": everyone("")}


def calls(stage: Stage, account: str) -> dict[tuple[str, str], Call]:
    """A well-formed call of every function, by contract and function."""
    world, fl, models, data = stage.world, stage.world.fl, stage.world.models, stage.world.data
    number = fl.current_round()
    pending, index = stage.accounts["pending"], stage.active
    made = [
        fl.set_plan(PLAN),
        fl.approve_client(pending),
        fl.reject_client(pending),
        fl.suspend_client(index),
        fl.reinstate_client(4),
        fl.ban_client(index),
        fl.open_round(),
        fl.join("name"),
        fl.leave(),
        fl.complete_leave(index),
        fl.record_miss(number, index),
        fl.submit(number, digest(1)),
        fl.close_submissions(number),
        fl.report(number, 0, 0),
        fl.close_reports(number),
        fl.attest(number, 0, digest(1), 1),
        fl.finalise(number, result(1), bytes(32)),
        fl.close_attestations(number),
        fl.base_rejected(),
        models.set_federation(account),
        models.genesis(digest(1)),
        models.register(digest(1), 1, 1, 1),
        models.approve(0),
        models.reject(0),
        data.set_federation(account),
        data.commit(digest(1), 1, SCHEMA, 1),
        data.approve_data(world.clients[0], bytes([1]) * 32, 100),
        data.grant(),
        data.revoke(),
        data.lower_budget(0),
        data.record_use(account, 1, 0),
    ]
    for contract in (fl, models, data):
        made += [
            contract.grant_role(OPERATOR_ROLE, pending),
            contract.revoke_role(OPERATOR_ROLE, pending),
            contract.renounce_role(OPERATOR_ROLE, account),
        ]
    return {(call.contract, call.function): call for call in made}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("stage", STAGES)
def test_who_may_call_what_when(stages: dict[str, Stage], stage: str, role: str) -> None:
    here = stages[stage]
    evm, account = here.world.evm, here.accounts[role]
    evm.root, evm.now = here.root, here.now
    outcomes, expected = {}, {}
    for (contract, function), call in calls(here, account).items():
        try:
            evm.send(account, call)
            outcomes[contract, function] = ""
        except Reverted as error:
            outcomes[contract, function] = error.revert.name
        evm.root = here.root
        rule = ROLE_FUNCTIONS.get(function) or EXPECTED[contract][function]
        expected[contract, function] = rule(role, stage)
    assert outcomes == expected


def test_the_matrix_covers_every_state_changing_function() -> None:
    for name in artifacts.names():
        functions = {
            item["name"]
            for item in artifacts.artifact(name).abi
            if item["type"] == "function" and item["stateMutability"] not in ("view", "pure")
        }
        assert functions == EXPECTED[name].keys() | ROLE_FUNCTIONS.keys()
    for name in artifacts.names():
        assert not [item for item in artifacts.artifact(name).abi if item.get("stateMutability") == "payable"]


def test_no_role_does_what_a_round_must_do(stages: dict[str, Stage]) -> None:
    """Who hands out roles takes every one that there is, and still registers no version and books no use."""
    world = stages["open"].world
    world.evm.root, world.evm.now = stages["open"].root, stages["open"].now
    for role in (ADMIN_ROLE, OPERATOR_ROLE, keccak(text="FL_ROLE")):
        for contract in (world.fl, world.models, world.data):
            world.send(world.admin, contract.grant_role(role, world.admin))
    before = world.models.count(), world.data.commitment_of(world.clients[0])
    with world.refused("NotFederation"):
        world.send(world.admin, world.models.register(digest(1), 9_999, 1, 0b111))
    with world.refused("NotFederation"):
        world.send(world.admin, world.data.record_use(world.clients[0], 2**32 - 1, 0))
    with world.refused("FederationAlreadySet", federation=world.fl.address):
        world.send(world.admin, world.models.set_federation(world.admin))
    assert (world.models.count(), world.data.commitment_of(world.clients[0])) == before


def test_before_it_is_named_nobody_is_the_federation() -> None:
    evm = Evm()
    admin = address("admin")
    models = ModelRegistry(evm, evm.send(admin, deploy_call("ModelRegistry", admin)).created)
    data = DataRegistry(evm, evm.send(admin, deploy_call("DataRegistry", admin)).created)
    assert models.federation() == data.federation() == "0x" + "00" * 20
    for call in (models.register(digest(1), 1, 1, 1), data.record_use(admin, 1, 0)):
        with evm.refused("NotFederation"):
            evm.send(admin, call)


def test_renouncing_needs_the_account_itself(stages: dict[str, Stage]) -> None:
    here = stages["none"]
    evm = here.world.evm
    evm.root, evm.now = here.root, here.now
    with evm.refused("AccessControlBadConfirmation"):
        evm.send(here.world.stranger, here.world.fl.renounce_role(OPERATOR_ROLE, here.world.operator))
    assert here.world.fl.has_role(OPERATOR_ROLE, here.world.operator)
    evm.send(here.world.operator, here.world.fl.renounce_role(OPERATOR_ROLE, here.world.operator))
    assert not here.world.fl.has_role(OPERATOR_ROLE, here.world.operator)
    evm.root = here.root
