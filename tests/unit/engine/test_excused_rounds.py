"""Rounds in which the run itself was down, and rounds in which it was not."""

from __future__ import annotations

import pytest

from dltui.chain.rpc_errors import NodeUnreachable
from dltui.core import events as ev
from dltui.core.events import Event, Payload
from dltui.core.state.state import State
from dltui.engine import excused_rounds as module
from dltui.engine.excused_rounds import STALL_SECONDS, STALL_SHARE, ExcusedRounds

EVERYBODY = ("a", "b", "c")
OPENED_AT = 1_800_000_000


class Bench:
    """ExcusedRounds over a state that they fill, and a clock to be moved."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)
        self.state, self.events = State(), list[Payload]()
        self.running = list(EVERYBODY)
        self.excused_rounds = ExcusedRounds(self.state, self.emit)

    def emit(self, payload: Payload) -> None:
        self.events.append(payload)
        self.state.apply(Event(self.state.last_seq + 1, "2027-01-15T08:00:00.000Z", payload))
        if isinstance(payload, ev.RoundOpened):
            self.excused_rounds.opened(payload.round, payload.deadline, self.running)
        elif isinstance(payload, ev.RoundFinalised):
            self.excused_rounds.finalised()

    def opens(self, number: int, seconds: int = 30) -> None:
        self.emit(
            ev.RoundOpened(round=number, base=0, base_digest="", plan_hash="", selected=EVERYBODY, committee=EVERYBODY,
                           seed="", deadline=OPENED_AT + seconds)
        )  # fmt: skip

    def aborts(self, number: int) -> None:
        self.emit(ev.RoundAborted(round=number, attempt=0, reason="too few submissions"))

    @property
    def told(self) -> list[tuple[int, str]]:
        return [(event.round, event.reason) for event in self.events if isinstance(event, ev.RoundExcused)]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def test_a_round_in_which_everybody_ended_is_excused_once(bench: Bench) -> None:
    bench.opens(1)
    for name in ("a", "b"):
        bench.excused_rounds.ended(name, EVERYBODY)
    assert bench.told == [] and not bench.excused_rounds.excused(1)
    bench.excused_rounds.ended("c", EVERYBODY)
    bench.excused_rounds.ended("a", EVERYBODY)
    assert bench.told == [(1, "every client process ended in it")] and bench.excused_rounds.excused(1)


def test_who_ended_in_an_earlier_round_does_not_excuse_this_one(bench: Bench) -> None:
    bench.opens(1)
    bench.excused_rounds.ended("a", EVERYBODY)
    bench.excused_rounds.ended("b", EVERYBODY)
    bench.aborts(1)
    bench.opens(2)  # with new processes
    bench.excused_rounds.ended("c", EVERYBODY)
    assert bench.told == []


def test_a_client_that_stays_away_does_not_keep_the_round_of_all_others_from_being_excused(bench: Bench) -> None:
    bench.running = ["a", "b"]
    bench.opens(1)
    bench.excused_rounds.ended("a", EVERYBODY)
    assert bench.told == []
    bench.excused_rounds.ended("b", EVERYBODY)
    assert bench.told == [(1, "every client process ended in it")]


def test_a_client_that_the_operator_stopped_is_not_waited_for(bench: Bench) -> None:
    bench.opens(1)
    bench.excused_rounds.ended("a", ("a", "b"))
    bench.excused_rounds.ended("b", ("a", "b"))
    assert [number for number, _ in bench.told] == [1]


@pytest.mark.parametrize(
    ("window", "silent", "excused"),
    [
        (5, STALL_SECONDS - 0.1, False),
        (5, STALL_SECONDS, True),
        (100, 100 * STALL_SHARE - 0.1, False),
        (100, 100 * STALL_SHARE, True),
    ],
)
def test_a_silence_of_the_node_that_takes_much_of_a_phase_excuses_the_round_in_which_it_began(
    bench: Bench, window: int, silent: float, excused: bool
) -> None:
    bench.opens(1, seconds=window)
    with bench.excused_rounds.asking():
        bench.now += silent
        bench.aborts(1)  # the answer after the silence tells of it
    assert bench.told == ([(1, f"the node did not answer for {silent:.0f} s")] if excused else [])


def test_a_silence_is_measured_by_the_phase_in_which_it_began(bench: Bench) -> None:
    bench.opens(1, seconds=100)
    bench.emit(ev.RoundReporting(round=1, attempt=0, submitted=(), committee=EVERYBODY, deadline=OPENED_AT + 10))
    with bench.excused_rounds.asking():
        bench.now += 4.0
    assert bench.told == [(1, "the node did not answer for 4 s")]


def test_the_silence_of_a_lost_node_lasts_until_one_answers(bench: Bench) -> None:
    bench.opens(1)
    with pytest.raises(NodeUnreachable), bench.excused_rounds.asking():
        bench.now += 2.0
        raise NodeUnreachable("gone", where="node")
    bench.now += 5.0
    with bench.excused_rounds.asking():
        pass
    assert bench.told == [(1, "the node did not answer for 7 s")]


def test_a_silence_between_two_rounds_excuses_nobody(bench: Bench) -> None:
    bench.opens(1)
    bench.aborts(1)
    with bench.excused_rounds.asking():
        bench.now += 30.0
    assert bench.told == []


def test_the_alert_follows_the_rounds(bench: Bench) -> None:
    bench.opens(1)
    bench.excused_rounds.excuse(1, "the node did not answer for 20 s")
    said = "misses of round 1 count for nobody: the node did not answer for 20 s"
    assert bench.state.alerts["excused"].text == said
    bench.aborts(1)
    bench.opens(2, seconds=60)
    assert bench.state.alerts["excused"].text == f"{said}; round 2 has 60 s to train"
    bench.emit(ev.RoundReporting(round=2, attempt=0, submitted=EVERYBODY, committee=EVERYBODY, deadline=OPENED_AT))
    bench.emit(ev.RoundAttesting(round=2, attempt=0, members=EVERYBODY, deadline=OPENED_AT))
    bench.emit(
        ev.RoundFinalised(round=2, attempt=0, version=1, digest="", verdicts_root="", accuracy_bp=1, agreeing=())
    )
    assert bench.state.alerts == {}
