"""FLContract: joining, suspension, leaving, bans."""

from __future__ import annotations

import pytest

from dltui.chain.contracts.bound import AbortReason, ClientInfo, ClientStatus, Membership, RoundState, SuspendReason
from tests.kits.contract_evm import address
from tests.kits.contract_world import World, digest, result

NEW = address("new")


def test_an_applicant_is_only_an_address_until_it_is_approved(world: World) -> None:
    assert world.fl.client_by_address(NEW) == Membership(ClientStatus.NONE, 0, False)
    assert world.send(NEW, world.fl.join("Zoë")).args("ClientJoined") == {"client": NEW, "name": "Zoë"}
    assert world.fl.client_by_address(NEW) == Membership(ClientStatus.PENDING, 0, False)
    assert world.fl.index_of(NEW) is None
    assert world.fl.client_count() == 5
    sent = world.operate(world.fl.approve_client(NEW))
    assert sent.args("ClientApproved") == {"index": 5, "client": NEW}
    assert world.fl.client_by_address(NEW) == Membership(ClientStatus.ACTIVE, 5, True)
    assert world.fl.client_of(5) == ClientInfo(NEW, ClientStatus.ACTIVE, 0, 0, 0)
    assert (world.fl.active_bitmap(), world.fl.client_count()) == (0b111111, 6)


@pytest.mark.parametrize("name", ["", "x" * 65, "é" * 33])
def test_a_name_has_1_to_64_bytes(world: World, name: str) -> None:
    with world.refused("NameLength", bytesGiven=len(name.encode())):
        world.send(NEW, world.fl.join(name))
    world.send(NEW, world.fl.join("é" * 32))


def test_an_applicant_waits_and_may_be_turned_away(world: World) -> None:
    for call in (world.fl.approve_client(NEW), world.fl.reject_client(NEW)):
        with world.refused("UnknownClient"):
            world.operate(call)
    world.send(NEW, world.fl.join("n"))
    with world.refused("WrongStatus", status=ClientStatus.PENDING):
        world.send(NEW, world.fl.join("n"))
    with world.refused("UnknownClient"):
        world.send(NEW, world.fl.leave())
    assert world.operate(world.fl.reject_client(NEW)).args("ClientRejected") == {"client": NEW}
    assert world.fl.client_by_address(NEW).status == ClientStatus.NONE
    with world.refused("UnknownClient"):
        world.operate(world.fl.approve_client(NEW))
    world.send(NEW, world.fl.join("n"))


def test_a_joiner_takes_part_from_the_next_round(world: World) -> None:
    world.open()
    world.enrol(NEW)
    assert world.round().selected == 0b11111
    with world.refused("NotSelected"):
        world.send(NEW, world.fl.submit(1, digest(5)))
    world.pass_deadline()
    world.send(world.stranger, world.fl.close_submissions(1))
    world.open()
    assert world.round().selected == 0b111111


def test_suspending_and_reinstating(world: World) -> None:
    sent = world.operate(world.fl.suspend_client(1))
    assert sent.args("ClientSuspended") == {"index": 1, "reason": SuspendReason.BY_OPERATOR}
    assert world.fl.client_of(1).status == ClientStatus.SUSPENDED
    assert world.fl.active_bitmap() == 0b11101
    with world.refused("WrongStatus", status=ClientStatus.SUSPENDED):
        world.operate(world.fl.suspend_client(1))
    with world.refused("WrongStatus", status=ClientStatus.ACTIVE):
        world.operate(world.fl.reinstate_client(0))
    for call in (world.fl.suspend_client(9), world.fl.reinstate_client(9), world.fl.ban_client(9)):
        with world.refused("UnknownClient"):
            world.operate(call)
    assert world.operate(world.fl.reinstate_client(1)).args("ClientReinstated") == {"index": 1}
    assert world.fl.active_bitmap() == 0b11111


@pytest.mark.parametrize("how", ["suspend", "ban", "leave"])
def test_nobody_waits_for_a_client_that_goes_before_it_submits(world: World, how: str) -> None:
    world.open()
    index = world.outsider()
    account = world.clients[index]
    call = {
        "suspend": (world.operator, world.fl.suspend_client(index)),
        "ban": (world.operator, world.fl.ban_client(index)),
        "leave": (account, world.fl.leave()),
    }[how]
    world.send(*call)
    assert world.round().selected == 0b11111 & ~(1 << index)
    status = {"suspend": ClientStatus.SUSPENDED, "ban": ClientStatus.BANNED, "leave": ClientStatus.LEFT}[how]
    assert world.fl.client_of(index).status == status
    with world.refused("WrongStatus", status=status):
        world.send(account, world.fl.submit(1, digest(index)))
    assert world.submit().names()[-1] == "ReportingStarted"


@pytest.mark.parametrize("how", ["suspend", "ban", "leave"])
def test_the_last_one_awaited_going_ends_the_phase(world: World, how: str) -> None:
    world.open()
    index = world.outsider()
    world.submit(*(other for other in range(5) if other != index))
    calls = {
        "suspend": (world.operator, world.fl.suspend_client(index)),
        "ban": (world.operator, world.fl.ban_client(index)),
        "leave": (world.clients[index], world.fl.leave()),
    }
    sent = world.send(*calls[how])
    assert sent.args("ReportingStarted")["submitted"] == 0b11111 & ~(1 << index)
    assert world.round().state == RoundState.REPORTING


def test_when_too_few_are_left_to_wait_for_the_round_is_aborted(world: World) -> None:
    world.open()
    world.submit(0, 1)
    world.operate(world.fl.suspend_client(2))
    world.operate(world.fl.suspend_client(3))
    sent = world.operate(world.fl.suspend_client(4))
    assert sent.names() == ["ClientSuspended", "RoundAborted"]
    assert sent.args("RoundAborted")["reason"] == AbortReason.TOO_FEW_SUBMISSIONS


def test_a_round_that_everybody_leaves_is_aborted(world: World) -> None:
    world.open()
    for index in range(5):
        last = world.operate(world.fl.ban_client(index))
    assert last.args("RoundAborted")["reason"] == AbortReason.TOO_FEW_SUBMISSIONS


def test_a_submission_stands_when_its_owner_goes(world: World) -> None:
    world.open()
    index = world.outsider()
    world.submit(index)
    world.operate(world.fl.suspend_client(index))
    assert world.round().selected == 0b11111
    assert world.submit().args("ReportingStarted")["submitted"] == 0b11111


def test_reinstated_in_the_same_round_a_client_waits_for_the_next(world: World) -> None:
    world.open()
    index = world.outsider()
    world.operate(world.fl.suspend_client(index))
    world.operate(world.fl.reinstate_client(index))
    with world.refused("NotSelected"):
        world.submit(index)


def test_leaving_between_rounds_is_at_once(world: World) -> None:
    sent = world.send(world.clients[2], world.fl.leave())
    assert sent.names() == ["ClientLeaving", "ClientLeft"]
    assert world.fl.client_of(2).status == ClientStatus.LEFT
    for call in (world.fl.leave(), world.fl.complete_leave(2)):
        with world.refused("WrongStatus", status=ClientStatus.LEFT):
            world.send(world.clients[2], call)


def test_who_is_needed_leaves_after_the_round(world: World) -> None:
    world.open()
    index = world.outsider()
    world.submit(index)
    assert world.send(world.clients[index], world.fl.leave()).names() == ["ClientLeaving"]
    assert world.fl.client_of(index).status == ClientStatus.LEAVING
    with world.refused("RoundInFlight", round=1):
        world.send(world.stranger, world.fl.complete_leave(index))
    for call in (world.fl.suspend_client(index), world.fl.reinstate_client(index)):
        with world.refused("WrongStatus", status=ClientStatus.LEAVING):
            world.operate(call)
    with world.refused("WrongStatus", status=ClientStatus.LEAVING):
        world.send(world.clients[index], world.fl.join("again"))
    world.pass_deadline()
    world.send(world.stranger, world.fl.close_submissions(1))
    assert world.round().state == RoundState.ABORTED
    assert world.send(world.stranger, world.fl.complete_leave(index)).names() == ["ClientLeft"]


def test_a_leaving_member_still_does_its_duty(world: World) -> None:
    world.open()
    world.submit()
    member = world.members()[0]
    world.send(world.clients[member], world.fl.leave())
    world.report()
    world.attest(result=result(1))
    agreeing = world.finalise(result(1)).args("RoundFinalised")["agreeing"]
    assert agreeing >> member & 1
    world.send(world.stranger, world.fl.complete_leave(member))


def test_a_member_that_goes_before_submitting_keeps_its_seat(world: World) -> None:
    world.open()
    member = world.members()[0]
    assert world.send(world.clients[member], world.fl.leave()).names() == ["ClientLeaving"]
    assert world.round().selected == 0b11111 & ~(1 << member)
    world.submit()
    with world.refused("RoundInFlight"):
        world.send(world.stranger, world.fl.complete_leave(member))
    world.report()
    assert world.round().reported >> member & 1


def test_a_suspended_member_still_does_its_duty_and_a_banned_one_never(world: World) -> None:
    world.open()
    world.submit()
    suspended, banned, _ = world.members()
    world.operate(world.fl.suspend_client(suspended))
    world.operate(world.fl.ban_client(banned))
    world.report(suspended)
    with world.refused("WrongStatus", status=ClientStatus.BANNED):
        world.report(banned)


def test_a_client_that_returns_keeps_its_index_and_its_misses_are_forgotten(world: World) -> None:
    number = world.abort().args("RoundAborted")["round"]
    world.send(world.stranger, world.fl.record_miss(number, 2))
    world.send(world.clients[2], world.fl.leave())
    world.send(world.clients[2], world.fl.join("back"))
    assert world.fl.client_by_address(world.clients[2]) == Membership(ClientStatus.PENDING, 2, True)
    assert world.fl.client_of(2).status == ClientStatus.LEFT
    sent = world.operate(world.fl.approve_client(world.clients[2]))
    assert sent.args("ClientApproved") == {"index": 2, "client": world.clients[2]}
    assert world.fl.client_of(2) == ClientInfo(world.clients[2], ClientStatus.ACTIVE, 0, 0, 1)
    assert world.fl.client_count() == 5
    # The same miss is not counted against it twice.
    with world.refused("MissAlreadyRecorded", index=2):
        world.send(world.stranger, world.fl.record_miss(number, 2))


def test_a_returning_client_that_is_turned_away_may_apply_again(world: World) -> None:
    world.send(world.clients[2], world.fl.leave())
    world.send(world.clients[2], world.fl.join("back"))
    world.operate(world.fl.reject_client(world.clients[2]))
    assert world.fl.client_by_address(world.clients[2]) == Membership(ClientStatus.LEFT, 2, True)
    world.send(world.clients[2], world.fl.join("back"))


def test_a_ban_is_for_good(world: World) -> None:
    assert world.operate(world.fl.ban_client(3)).args("ClientBanned") == {"index": 3}
    assert world.fl.active_bitmap() == 0b10111
    calls = [
        (world.clients[3], world.fl.join("back")),
        (world.clients[3], world.fl.leave()),
        (world.operator, world.fl.suspend_client(3)),
        (world.operator, world.fl.reinstate_client(3)),
        (world.operator, world.fl.ban_client(3)),
    ]
    for sender, call in calls:
        with world.refused("WrongStatus", status=ClientStatus.BANNED):
            world.send(sender, call)


@pytest.mark.parametrize("status", [ClientStatus.SUSPENDED, ClientStatus.LEFT, ClientStatus.PENDING])
def test_whoever_had_an_index_can_be_banned(world: World, status: ClientStatus) -> None:
    account = world.clients[3]
    if status == ClientStatus.SUSPENDED:
        world.operate(world.fl.suspend_client(3))
    else:
        world.send(account, world.fl.leave())
    if status == ClientStatus.PENDING:
        world.send(account, world.fl.join("back"))
    world.operate(world.fl.ban_client(3))
    assert world.fl.client_by_address(account) == Membership(ClientStatus.BANNED, 3, True)
    with world.refused("UnknownClient"):
        world.operate(world.fl.approve_client(account))


def test_a_suspended_client_may_leave(world: World) -> None:
    world.operate(world.fl.suspend_client(3))
    assert world.send(world.clients[3], world.fl.leave()).names() == ["ClientLeaving", "ClientLeft"]
