"""A federation of 256 clients: seats, bitmaps at their limits, and what every function costs at worst."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from eth_utils import keccak

from dltui.chain import merkle
from dltui.chain.contracts import artifacts, gas
from dltui.chain.contracts.bound import NO_LIMIT, OPERATOR_ROLE, RoundState
from dltui.chain.types import Call
from tests.kits.contract_evm import address
from tests.kits.contract_parts import bits, draw, indices
from tests.kits.contract_world import PLAN, World, digest, result

EVERYBODY = 2**256 - 1
BIG = replace(PLAN, min_submissions=1, committee_size=16, quorum=9, max_missed=1)


@pytest.fixture(scope="module")
def full() -> World:
    """256 active clients of which the last four have data; a plan with sixteen seats; no round yet."""
    world = World()
    world.ready(clients=0, plan=BIG)
    for number in range(252):
        account = address(f"client {number}")
        world.send(account, world.fl.join("n" * 64))
        world.operate(world.fl.approve_client(account))
        world.clients.append(account)
    for number in range(252, 256):
        world.enrol(address(f"client {number}"))
    return world


@pytest.fixture
def crowd(full: World) -> Iterator[World]:
    """`full`, put back afterwards."""
    with full.evm.aside():
        yield full


def close(world: World) -> None:
    """Ends the running phase after its deadline."""
    number, state = world.fl.current_round(), world.round().state
    world.pass_deadline()
    call = {
        RoundState.OPEN: world.fl.close_submissions(number),
        RoundState.REPORTING: world.fl.close_reports(number),
        RoundState.ATTESTING: world.fl.close_attestations(number),
    }[state]
    world.send(world.stranger, call)


def test_the_257th_client_is_turned_away(crowd: World) -> None:
    assert (crowd.fl.active_bitmap(), crowd.fl.client_count()) == (EVERYBODY, 256)
    late = address("late")
    crowd.send(late, crowd.fl.join("late"))
    with crowd.refused("TooManyClients"):
        crowd.operate(crowd.fl.approve_client(late))
    # A returning client has its index already.
    crowd.send(crowd.clients[255], crowd.fl.leave())
    crowd.send(crowd.clients[255], crowd.fl.join("back"))
    assert crowd.operate(crowd.fl.approve_client(crowd.clients[255])).args("ClientApproved")["index"] == 255


def test_seats_are_those_that_python_draws(crowd: World) -> None:
    """Different pools, seeds and attempts; every seat is one of the pool and taken once."""
    gone = iter(range(256))
    seen = set()
    for seats in (16, 16, 15, 9, 3, 1):
        crowd.operate(crowd.fl.set_plan(replace(BIG, committee_size=seats, quorum=seats // 2 + 1)))
        pool = set(indices(crowd.fl.active_bitmap()))
        seed = crowd.fl.seed()
        crowd.open()
        assert crowd.round().committee == bits(draw(pool, seats, seed, 0))
        crowd.submit(255)
        close(crowd)
        silent = set(crowd.members())
        close(crowd)
        assert crowd.round().committee == bits(draw(pool - silent, seats, seed, 1))
        silent = set(crowd.members())
        close(crowd)
        assert crowd.round().committee == bits(draw(pool - silent, seats, seed, 2))
        seen |= set(crowd.members())
        close(crowd)
        assert crowd.round().state == RoundState.ABORTED
        for _ in range(7):
            crowd.operate(crowd.fl.suspend_client(next(gone)))
    assert len(seen) > 30


def test_members_at_both_ends_of_the_bitmap(crowd: World) -> None:
    """Clients 0 and 255 among sixteen seats: ranks, seals and accuracies end up with their owners."""
    for index in range(1, 241):
        crowd.operate(crowd.fl.suspend_client(index))
    crowd.open()
    assert crowd.round().committee == 1 | 0x7FFF << 241
    crowd.submit(252)
    close(crowd)
    crowd.report()
    for number, index in enumerate(crowd.members()):
        crowd.attest(index, result=result(1), accuracy=100 * number)
    done = crowd.finalise(result(1)).args("RoundFinalised")
    assert (done["agreeing"], done["accuracyBp"]) == (crowd.round().committee, 700)
    assert crowd.models.version_of(1).proposers == 1 | 0x7FFF << 241


def sixteen_seats(crowd: World) -> None:
    """Opening, redraws and finalising with a full committee; leaves a round whose verdicts fill a tree."""
    fl, evm = crowd.fl, crowd.evm
    number = crowd.open()
    crowd.submit(254, 255)
    close(crowd)
    close(crowd)
    for index in crowd.members():
        crowd.send(crowd.clients[index], fl.report(number, 1, crowd.round().submitted, b"\xff" * 512))
    with evm.aside():
        close(crowd)
    verdicts = [keccak(bytes([index])) for index in range(255)]
    verdicts.append(merkle.verdict_leaf(number, 255, digest(255), False, 1, 355))
    root = merkle.root(verdicts)
    with evm.aside():
        crowd.attest(result=bytes(32), verdicts=root)
        crowd.finalise(bytes(32), root)
    crowd.attest(result=result(1), verdicts=root)
    crowd.finalise(result(1), root)
    # The miss that suspends a client for which the next round waits.
    number = crowd.open()
    with evm.aside():
        miss = fl.record_miss(1, 255, digest(255), 355, merkle.proof(verdicts, 255))
        assert crowd.send(crowd.stranger, miss).names() == ["MissRecorded", "ClientSuspended"]
    with evm.aside():
        assert crowd.operate(crowd.models.reject(1)).names() == ["VersionRejected", "RoundAborted"]


def the_last_one_goes(world: World) -> None:
    """Each way to end a phase by going, and a leave that has to wait."""
    fl, evm = world.fl, world.evm
    world.open()
    last = world.outsider()
    world.submit(*(index for index in range(5) if index != last))
    for sender, call in (
        (world.operator, fl.suspend_client(last)),
        (world.operator, fl.ban_client(last)),
        (world.clients[last], fl.leave()),
    ):
        with evm.aside():
            assert world.send(sender, call).names()[-1] in ("ReportingStarted", "ClientLeft")
    world.submit(last)
    world.send(world.clients[last], fl.leave())
    for _ in range(3):
        close(world)
    world.send(world.stranger, fl.complete_leave(last))


def the_last_one_missed(world: World) -> None:
    """A recorded miss that ends the next round's first phase."""
    world.replan(max_missed=1)
    world.play(result(1), submitters=(0, 1, 2))
    world.open()
    world.submit(0, 1, 2, 3)
    assert world.send(world.stranger, world.fl.record_miss(1, 4)).names()[-1] == "ReportingStarted"


def the_rest(world: World) -> None:
    """Everything that a round does not need."""
    fl, models, data = world.fl, world.models, world.data
    account, owner = address("other"), world.clients[4]
    world.send(account, fl.join("y" * 64))
    world.operate(fl.reject_client(account))
    world.operate(fl.set_plan(BIG))
    world.operate(fl.suspend_client(3))
    world.operate(fl.reinstate_client(3))
    world.operate(models.approve(0))
    for call in (data.revoke(), data.grant(), data.lower_budget(3)):
        world.send(owner, call)
    world.send(account, data.commit(b"\xff" * 32, 2**32 - 1, b"\xff" * 32, NO_LIMIT))
    world.operate(data.approve_data(account, b"\xff" * 32, 2**32 - 1))
    world.send(models.address, fl.base_rejected())
    world.send(fl.address, models.register(result(2), 1, 1, EVERYBODY))
    world.send(fl.address, data.record_use(world.clients[2], 9, 0))
    for contract in (fl, models, data):
        world.send(world.admin, contract.grant_role(OPERATOR_ROLE, account))
        world.send(world.admin, contract.revoke_role(OPERATOR_ROLE, account))
        world.send(world.operator, contract.renounce_role(OPERATOR_ROLE, world.operator))


def test_every_gas_limit_is_about_1_6_times_the_worst_case(crowd: World, world: World) -> None:
    sixteen_seats(crowd)
    for scenario in (the_last_one_goes, the_last_one_missed, the_rest):
        with world.evm.aside():
            scenario(world)
    most = {
        key: max(evm.most_gas.get(key, 0) for evm in (crowd.evm, world.evm))
        for key in crowd.evm.most_gas.keys() | world.evm.most_gas.keys()
    }
    functions = {
        (name, item.get("name", "constructor"))
        for name in artifacts.names()
        for item in artifacts.artifact(name).abi
        if item["type"] in ("function", "constructor") and item["stateMutability"] == "nonpayable"
    }
    assert most.keys() == functions == gas.functions()
    off = {key: (used, gas.limit(*key)) for key, used in most.items() if not 1.4 <= gas.limit(*key) / used <= 1.9}
    assert off == {}


def test_a_call_carries_its_gas_limit(crowd: World) -> None:
    call = crowd.fl.close_reports(1)
    assert isinstance(call, Call)
    assert (call.contract, call.function, call.to) == ("FLContract", "closeReports", crowd.fl.address)
    assert call.gas == gas.limit("FLContract", "closeReports")
    assert call.value == 0


def test_contracts_fit_the_code_size_limit() -> None:
    for name in artifacts.names():
        assert len(artifacts.artifact(name).deployed_bytecode) <= 24_576
        assert len(artifacts.artifact(name).bytecode) <= 49_152 - 256
