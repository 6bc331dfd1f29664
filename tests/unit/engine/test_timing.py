"""The account of a round's time."""

from __future__ import annotations

import pytest

from dltui.core import events as ev
from dltui.engine import timing as module
from dltui.engine.timing import Timings


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the module: one number, to be changed."""
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    return clock


def opened(number: int) -> ev.RoundOpened:
    return ev.RoundOpened(
        round=number, base=0, base_digest="", plan_hash="", selected=(), committee=(), seed="", deadline=0
    )


def finalised(number: int) -> ev.RoundFinalised:
    return ev.RoundFinalised(
        round=number, attempt=0, version=1, digest="", verdicts_root="", accuracy_bp=1, agreeing=()
    )


def reporting(number: int, attempt: int = 0) -> ev.RoundReporting:
    return ev.RoundReporting(round=number, attempt=attempt, submitted=(), committee=(), deadline=0)


def attesting(number: int) -> ev.RoundAttesting:
    return ev.RoundAttesting(round=number, attempt=0, members=(), deadline=0)


def attested(number: int) -> ev.RoundAttested:
    return ev.RoundAttested(round=number, attempt=0, member="client-0", accuracy_bp=1)


def test_a_rounds_time_is_wall_time_by_phase_and_the_slowest_of_each_part(now: list[float]) -> None:
    timings = Timings()
    for seconds, event in [
        (0, opened(1)),
        (6, reporting(1)),
        (1, attesting(1)),
        (0.5, attested(1)),
        (0.25, attested(1)),
        (0.125, finalised(1)),
    ]:
        now[0] += seconds
        timings.saw(event)
    timings.add(1, "client-0", "training", 2.0)
    timings.add(1, "client-1", "training", 3.0)
    timings.add(1, "client-1", "queue", 2.5)
    timings.add(1, "client-0", "chain", 0.5)
    (told,) = timings.settled(at_once=True)
    assert told.phases == ev.Phases(open=6.0, reporting=1.0, attesting=0.75, closing=0.125)
    assert (told.total, told.training, told.chain, told.queue, told.trained) == (7.875, 3.0, 0.5, 2.5, 2)
    assert timings.settled(at_once=True) == []


def test_a_committee_that_is_drawn_again_adds_to_the_same_phases(now: list[float]) -> None:
    timings = Timings()
    for event in [opened(1), reporting(1), attesting(1), attested(1), reporting(1, 1), attesting(1), finalised(1)]:
        timings.saw(event)
        now[0] += 1
    (told,) = timings.settled(at_once=True)
    assert told.phases == ev.Phases(open=1.0, reporting=2.0, attesting=2.0, closing=1.0)
    assert told.total == 6.0


def test_waiting_is_only_the_time_in_which_nobody_works_and_has_a_name(now: list[float]) -> None:
    """One trains while others queue: that is no idleness. Then nobody does anything for four seconds."""
    timings = Timings()
    timings.saw(opened(1))
    for client in ("client-0", "client-1", "client-2"):
        now[0] += 2
        timings.add(1, client, "training", 2.0)
        timings.add(1, client, "queue", now[0] - 102)
    now[0] += 5
    timings.add(1, "client-3", "training", 1.0)
    timings.saw(finalised(1))
    (told,) = timings.settled(at_once=True)
    assert (told.total, told.waiting, told.queue, told.awaited) == (11.0, 4.0, 4.0, ("client-3",))


def test_who_was_late_was_waited_for_whoever_moved_the_round_on(now: list[float]) -> None:
    timings = Timings()
    timings.saw(opened(1))
    now[0] += 10
    timings.saw(ev.ClientLate(id="client-4", round=1, what="submit"))
    timings.add(1, "client-0", "chain", 0.5)
    timings.saw(finalised(1))
    (told,) = timings.settled(at_once=True)
    assert (told.waiting, told.awaited) == (9.5, ("client-4",))


def test_a_participant_may_see_a_round_before_the_engine_does(now: list[float]) -> None:
    timings = Timings()
    timings.add(1, "client-0", "training", 2.0)
    timings.add(2, "client-0", "training", 5.0)
    now[0] += 1
    timings.saw(opened(1))
    now[0] += 1
    timings.saw(finalised(1))
    (told,) = timings.settled(at_once=True)
    assert (told.training, told.trained) == (2.0, 1)
    timings.add(1, "client-0", "training", 9.0)
    assert timings.settled(at_once=True) == [], "what comes after the account is closed is dropped"


def test_a_round_that_an_earlier_engine_opened_counts_from_its_opening_and_has_no_phases(now: list[float]) -> None:
    timings = Timings()
    timings.opened(4, ago=30.0)
    timings.add(4, "client-0", "training", 2.0)
    now[0] += 5
    timings.saw(finalised(4))
    (told,) = timings.settled(at_once=True)
    assert (told.round, told.total, told.training, told.phases) == (4, 35.0, 2.0, None)
