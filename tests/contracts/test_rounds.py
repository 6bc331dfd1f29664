"""FLContract: plans, opening, submissions, reports."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_utils import keccak

from dltui.chain.contracts.bound import AbortReason, Plan, RoundInfo, RoundState
from tests.kits.contract_evm import address
from tests.kits.contract_parts import indices
from tests.kits.contract_world import GENESIS, PLAN, SEED, World, digest, result

WRONG_PLANS = {
    "minSubmissions": {"min_submissions": 0},
    "committeeSize": {"committee_size": 17, "quorum": 9},
    "quorum": {"quorum": 4},
    "scheme": {"scheme": 1},
    "trainWindow": {"train_window": 0},
    "reportWindow": {"report_window": 0},
    "attestWindow": {"attest_window": 0},
}


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        *WRONG_PLANS.items(),
        ("committeeSize", {"committee_size": 0, "quorum": 0}),
        ("quorum", {"quorum": 0}),
        ("quorum", {"quorum": 1}),
        ("quorum", {"committee_size": 4, "quorum": 2}),
        ("quorum", {"committee_size": 16, "quorum": 8}),
        ("trainWindow", {"train_window": 601}),
    ],
)
def test_a_plan_out_of_range_is_refused(world: World, field: str, changes: dict[str, int]) -> None:
    with world.refused("InvalidPlan", field=field.encode().ljust(32, b"\0")):
        world.operate(world.fl.set_plan(replace(PLAN, **changes)))


@pytest.mark.parametrize(
    "changes",
    [
        {"committee_size": 16, "quorum": 9},
        {"committee_size": 1, "quorum": 1},
        {"committee_size": 4, "quorum": 4},
        {"train_window": 600},
        {"min_submissions": 65535, "max_missed": 255, "privacy_cost": 2**64 - 1, "require_approval": True},
    ],
)
def test_plans_are_kept_as_given(world: World, changes: dict[str, int]) -> None:
    plan = replace(PLAN, **changes)
    sent = world.operate(world.fl.set_plan(plan))
    assert sent.args("PlanSet")["planId"] == 1
    assert sent.args("PlanSet")["planHash"] == plan.plan_hash
    assert list(sent.args("PlanSet")["plan"].values()) == list(vars(plan).values())
    assert (world.fl.plan_count(), world.fl.plan_of(0), world.fl.plan_of(1)) == (2, PLAN, plan)
    with world.refused("NoPlan"):
        world.fl.plan_of(2)


def test_a_plan_takes_effect_at_the_next_round(world: World) -> None:
    world.open()
    world.replan(min_submissions=5, plan_hash=b"\x92" * 32)
    world.submit(0, 1, 2)
    world.pass_deadline()
    world.send(world.stranger, world.fl.close_submissions(1))
    assert world.round().state == RoundState.REPORTING
    assert world.round().plan_id == 0
    world.report()
    world.attest(result=result(1))
    world.finalise(result(1))
    sent = world.operate(world.fl.open_round())
    assert sent.args("RoundOpened")["planHash"] == b"\x92" * 32
    assert world.round().plan_id == 1


def test_opening_selects_every_active_client(world: World) -> None:
    world.operate(world.fl.suspend_client(1))
    opened = world.operate(world.fl.open_round()).args("RoundOpened")
    r = world.fl.round_of(1)
    assert opened == {
        "round": 1,
        "baseVersion": 0,
        "baseDigest": GENESIS,
        "planHash": PLAN.plan_hash,
        "selected": 0b11101,
        "committee": r.committee,
        "seed": SEED,
        "deadline": world.evm.now + 600,
    }
    assert r == RoundInfo(
        state=RoundState.OPEN,
        attempt=0,
        phase=0,
        opened_at=world.evm.now,
        deadline=world.evm.now + 600,
        open_seconds=0,
        plan_id=0,
        base_version=0,
        selected=0b11101,
        submitted=0,
        committee=r.committee,
        reported=0,
        attested=0,
        accuracies=0,
        verdicts_root=bytes(32),
        phase_root=bytes(32),
        pay_root=bytes(32),
    )
    assert len(indices(r.committee)) == 3 and r.committee & ~r.selected == 0
    with world.refused("RoundInFlight", round=1):
        world.operate(world.fl.open_round())


@pytest.mark.parametrize(("minimum", "size", "quorum"), [(5, 3, 2), (1, 5, 5)])
def test_a_round_needs_enough_active_clients(world: World, minimum: int, size: int, quorum: int) -> None:
    world.replan(min_submissions=minimum, committee_size=size, quorum=quorum)
    world.operate(world.fl.suspend_client(0))
    with world.refused("TooFewClients", active=4, needed=5):
        world.operate(world.fl.open_round())
    world.operate(world.fl.reinstate_client(0))
    world.open()


def test_a_committee_is_never_larger_than_the_selected(world: World) -> None:
    world.replan(committee_size=16, quorum=9, min_submissions=1)
    with world.refused("TooFewClients", active=5, needed=9):
        world.operate(world.fl.open_round())
    world.replan(committee_size=8, quorum=5)
    world.open()
    assert world.round().committee == 0b11111


def test_a_round_needs_a_plan_and_a_base() -> None:
    bare = World()
    with bare.evm.refused("NoPlan"):
        bare.send(bare.admin, bare.fl.open_round())
    bare.send(bare.admin, bare.fl.set_plan(replace(PLAN, min_submissions=1, committee_size=1, quorum=1)))
    with bare.evm.refused("TooFewClients", active=0, needed=1):
        bare.send(bare.admin, bare.fl.open_round())
    bare.send(bare.stranger, bare.fl.join("only"))
    bare.send(bare.admin, bare.fl.approve_client(bare.stranger))
    with bare.evm.refused("GenesisMissing"):
        bare.send(bare.admin, bare.fl.open_round())


def test_submitting_books_the_use_and_emits_the_approved_weight(world: World) -> None:
    world.replan(privacy_cost=7)
    world.open()
    world.send(world.clients[1], world.data.lower_budget(20))
    sent = world.submit(1)
    assert sent.names() == ["DataUsed", "UpdateSubmitted"]
    assert sent.args("DataUsed") == {"owner": world.clients[1], "round": 1, "cost": 7, "budgetLeft": 13}
    assert sent.args("UpdateSubmitted") == {
        "round": 1,
        "index": 1,
        "digest": digest(1),
        "weight": 101,
        "scheme": 0,
        "group": 0,
    }
    assert world.round().submitted == 0b10
    assert world.fl.client_of(1).last_submitted == 1
    with world.refused("AlreadySubmitted"):
        world.submit(1)


def test_a_submission_is_checked(world: World) -> None:
    fl, client = world.fl, world.clients[0]
    with world.refused("WrongState", state=RoundState.NONE):
        world.send(client, fl.submit(0, digest(0)))
    world.open()
    with world.refused("UnknownClient"):
        world.send(world.stranger, fl.submit(1, digest(0)))
    for number in (0, 2):
        with world.refused("WrongRound", current=1):
            world.send(client, fl.submit(number, digest(0)))
    with world.refused("ZeroDigest"):
        world.send(client, fl.submit(1, bytes(32)))
    for scheme in (1, 2, 255):
        with world.refused("SchemeNotSupported", scheme=scheme):
            world.send(client, fl.submit(1, digest(0), scheme))
    with world.refused("GroupNotSupported", group=1):
        world.send(client, fl.submit(1, digest(0), 0, 1))


def test_no_update_without_approved_granted_affordable_data(world: World) -> None:
    world.replan(privacy_cost=7)
    account = address("without data")
    world.send(account, world.fl.join("n"))
    world.operate(world.fl.approve_client(account))
    world.open()
    with world.refused("NothingCommitted", owner=account):
        world.send(account, world.fl.submit(1, digest(5)))
    world.send(world.clients[0], world.data.commit(b"\x01" * 32, 5, bytes(32), 9))
    with world.refused("DataNotApproved"):
        world.submit(0)
    world.send(world.clients[1], world.data.revoke())
    with world.refused("NotGranted"):
        world.submit(1)
    world.send(world.clients[2], world.data.lower_budget(6))
    with world.refused("BudgetExceeded", budget=6, cost=7):
        world.submit(2)


def test_the_deadline_itself_is_still_in_time(world: World) -> None:
    world.open()
    world.evm.now = world.round().deadline
    world.submit(0)
    with world.refused("TooEarly", notBefore=world.evm.now + 1):
        world.send(world.stranger, world.fl.close_submissions(1))
    world.wait(1)
    with world.refused("TooLate", deadline=world.evm.now - 1):
        world.submit(1)
    world.send(world.stranger, world.fl.close_submissions(1))


def test_the_last_submission_ends_the_phase_at_once(world: World) -> None:
    world.open()
    world.wait(5)
    sent = world.submit()
    assert sent.names() == ["DataUsed", "UpdateSubmitted", "ReportingStarted"]
    assert sent.args("ReportingStarted") == {
        "round": 1,
        "attempt": 0,
        "submitted": 0b11111,
        "committee": world.round().committee,
        "deadline": world.evm.now + 60,
    }
    assert world.round().open_seconds == 5


def test_too_few_submissions_abort_and_move_the_seed(world: World) -> None:
    world.open()
    world.submit(0, 1)
    world.pass_deadline()
    aborted = world.send(world.stranger, world.fl.close_submissions(1)).args("RoundAborted")
    encoded = SEED + bytes(32) + (96).to_bytes(32, "big") + (5).to_bytes(32, "big") + b"abort".ljust(32, b"\0")
    assert aborted == {
        "round": 1,
        "attempt": 0,
        "reason": AbortReason.TOO_FEW_SUBMISSIONS,
        "verdictsRoot": bytes(32),
        "nextSeed": keccak(encoded),
    }
    assert world.fl.seed() == keccak(encoded)
    assert world.round().state == RoundState.ABORTED
    assert world.open() == 2


def test_just_enough_submissions_go_on_after_the_deadline(world: World) -> None:
    world.open()
    world.submit(0, 1, 2)
    world.evm.now = world.round().deadline + 1_000
    assert world.send(world.stranger, world.fl.close_submissions(1)).names() == ["ReportingStarted"]
    assert world.round().open_seconds == 600


def test_a_report_is_an_event_and_a_bit(world: World) -> None:
    world.open()
    world.submit()
    member = world.members()[1]
    scores = b"\x01\x02" * 256
    sent = world.send(world.clients[member], world.fl.report(1, 0, 0b10110, scores))
    assert sent.args("Reported") == {
        "round": 1,
        "attempt": 0,
        "index": member,
        "available": 0b10110,
        "scores": scores,
    }
    assert world.round().reported == 1 << member
    with world.refused("AlreadyReported"):
        world.report(member)


def test_a_report_is_checked(world: World) -> None:
    world.open()
    world.submit(0, 1, 2)
    world.pass_deadline()
    world.send(world.stranger, world.fl.close_submissions(1))
    member, outsider = world.clients[world.members()[0]], world.clients[world.outsider()]
    with world.refused("NotMember"):
        world.send(outsider, world.fl.report(1, 0, 0))
    with world.refused("UnknownClient"):
        world.send(world.stranger, world.fl.report(1, 0, 0))
    with world.refused("WrongAttempt", current=0):
        world.send(member, world.fl.report(1, 1, 0))
    with world.refused("WrongRound", current=1):
        world.send(member, world.fl.report(2, 0, 0))
    for extra in (1 << 3, 1 << 255):
        with world.refused("NotSubmitted", extra=extra):
            world.send(member, world.fl.report(1, 0, 0b111 | extra))
    with world.refused("ScoresTooLong", bytesGiven=513):
        world.send(member, world.fl.report(1, 0, 0, bytes(513)))
    world.evm.now = world.round().deadline
    with world.refused("TooEarly"):
        world.send(world.stranger, world.fl.close_reports(1))
    world.wait(1)
    with world.refused("TooLate"):
        world.send(member, world.fl.report(1, 0, 0))


def test_the_last_report_starts_attesting(world: World) -> None:
    world.open()
    world.submit()
    sent = world.report()
    assert sent.names() == ["Reported", "AttestingStarted"]
    assert sent.args("AttestingStarted") == {
        "round": 1,
        "attempt": 0,
        "reported": world.round().committee,
        "deadline": world.evm.now + 90,
    }


def test_a_quorum_of_reports_goes_on_after_the_deadline(world: World) -> None:
    world.open()
    world.submit()
    world.report(*world.members()[:2])
    world.pass_deadline()
    sent = world.send(world.stranger, world.fl.close_reports(1))
    assert sent.args("AttestingStarted")["reported"] == world.round().reported
    with world.refused("NotReported"):
        world.attest(world.members()[2], result=result(1))


def test_windows_follow_the_median_of_the_last_three_finalised_rounds(world: World) -> None:
    """Four times the lower median, within the bounds of the plan in force."""
    world.replan(train_window=100, train_window_max=300)
    windows = [timed(world, number, seconds) for number, seconds in enumerate((20, 50, 30, 60, 90), start=1)]
    # none -> 300; 20 -> 100; {20, 50} -> 20 -> 100; {20, 50, 30} -> 30; {50, 30, 60} -> 50; then {30, 60, 90} -> 60
    assert windows == [300, 100, 100, 120, 200]
    assert timed(world, 6, 0) == 240
    world.replan(train_window=10, train_window_max=60)  # {60, 90, 0} -> 60
    assert timed(world, 7, 0) == 60


def test_two_that_take_turns_in_being_silent_do_not_stretch_the_windows(world: World) -> None:
    """A round that its deadline ended counts for nothing. Counted, they gave 44, 8, 8, 32, 32, 44, 44 seconds."""
    world.replan(train_window=8, train_window_max=44)
    silent = [(), (4,), (3,), (4,), (3,), (4,), (3,)]
    assert [timed(world, number, 1, gone) for number, gone in enumerate(silent, start=1)] == [44, 8, 8, 8, 8, 8, 8]


def test_a_round_that_ends_because_a_client_left_counts_what_it_took(world: World) -> None:
    world.replan(train_window=8, train_window_max=44)
    assert timed(world, 1, 1) == 44
    number = world.open()
    world.submit(0, 1, 2, 3)
    world.wait(4)
    world.send(world.clients[4], world.fl.leave())
    world.report()
    world.attest(result=result(number))
    world.finalise(result(number))
    assert world.round().open_seconds == 4
    assert timed(world, 3, 1) == 8  # {1, 4} -> 1
    assert timed(world, 4, 1) == 8  # {1, 4, 1} -> 1


def test_after_too_few_submissions_the_next_round_has_the_longest_window(world: World) -> None:
    """A node that stood still looks the same: clients get the time that they need, once."""
    world.replan(train_window=8, train_window_max=44)
    assert [timed(world, number, 1) for number in (1, 2)] == [44, 8]
    number = world.open()
    world.submit(0, 1)
    world.pass_deadline()
    assert world.send(world.stranger, world.fl.close_submissions(number)).args("RoundAborted")["reason"] == 1
    assert [timed(world, number, 1) for number in (4, 5, 6)] == [44, 8, 8]
    world.open()
    world.submit()
    for _ in range(3):
        world.pass_deadline()
        world.send(world.stranger, world.fl.close_reports(7))
    assert world.round().state == RoundState.ABORTED  # without a quorum: the updates were in time
    assert timed(world, 8, 1) == 8


def timed(world: World, number: int, seconds: int, silent: tuple[int, ...] = ()) -> int:
    """A round that is finalised, in which all but the `silent` submit after so many seconds; returns its window."""
    assert world.open() == number
    window = world.round().deadline - world.evm.now
    world.wait(min(seconds, window))
    world.submit(*(index for index in indices(world.round().selected) if index not in silent))
    if silent:
        world.pass_deadline()
        world.send(world.stranger, world.fl.close_submissions(number))
    world.report()
    world.attest(result=result(number))
    world.finalise(result(number))
    return window


def test_the_plan_type_has_the_fields_of_the_struct() -> None:
    from dltui.chain.contracts import abi

    (param,) = abi.entries("FLContract", "function")["setPlan"].inputs
    snake = ["".join(f"_{c.lower()}" if c.isupper() else c for c in part.name) for part in param.parts]
    assert snake == list(Plan.__dataclass_fields__)
