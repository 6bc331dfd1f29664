from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

import pytest

from dltui.core import events as ev
from dltui.core.commands import Command
from dltui.core.events import Event
from dltui.errors import DltuiError, RunError
from dltui.headless.stage import Stage
from tests.kits.headless import Clock, Recorded, story, told

TS = "2026-11-24T00:00:00.000Z"
START = story()[:3]
DONE = Event(4, TS, ev.RunFinished(status="done", exit_code=0))
STOPPED = Event(4, TS, ev.RunFinished(status="stopped", exit_code=0, reason="stopped by the operator"))


def raising(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


@pytest.mark.parametrize(
    ("status", "code"), [("done", 0), ("failed", 1), ("failed", 3), ("stopped", 0), ("stopped", 130)]
)
def test_the_exit_code_is_the_runs_own(status: str, code: int) -> None:
    end = Event(4, TS, ev.RunFinished(status=status, exit_code=code))
    assert told(Recorded([START, [], [end]]))[0] == code


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_asks_the_run_to_stop_and_waits(number: int, code: int) -> None:
    session, clock = Recorded([START], on_send=lambda command: [STOPPED]), Clock()
    clock.slept = [raising(number)]
    before = signal.getsignal(number)
    result, out, err = told(session, clock=clock)
    assert result == code
    assert [command.name for command in session.sent] == ["run.stop"]
    assert "stopping the run, once more leaves at once" in err
    assert "run story stopped" in out
    assert signal.getsignal(number) == before


def test_the_second_signal_leaves_at_once() -> None:
    session, clock = Recorded([START], on_send=lambda command: []), Clock()
    clock.slept = [raising(signal.SIGINT), raising(signal.SIGINT)]
    assert told(session, clock=clock)[0] == 130
    assert len(session.sent) == 1


def test_the_second_signal_leaves_even_while_the_engine_does_not_answer() -> None:
    def never(command: Command) -> list[Event]:
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("the signal was to end the wait")

    session, clock = Recorded([START], on_send=never), Clock()
    clock.slept = [raising(signal.SIGINT)]
    assert told(session, clock=clock)[0] == 130


def test_an_engine_that_still_starts_is_asked_again() -> None:
    answers: list[Callable[[], list[Event]]] = []

    def starting(command: Command) -> list[Event]:
        if len(session.sent) < 3:
            raise RunError("the engine has not started yet")
        return [STOPPED]

    session, clock = Recorded([START], on_send=starting), Clock()
    clock.slept = [raising(signal.SIGINT)]
    code, _, err = told(session, clock=clock)
    assert code == 130 and answers == []
    assert len({command.id for command in session.sent}) == 1 and len(session.sent) == 3
    assert err.count("the engine has not started yet") == 1


@pytest.mark.parametrize(("read_only", "stop"), [(True, True), (False, False)])
def test_leaving_a_replay_or_an_attached_run_stops_nothing(read_only: bool, stop: bool) -> None:
    session, clock = Recorded([START], on_send=lambda command: [STOPPED], read_only=read_only), Clock()
    clock.slept = [raising(signal.SIGINT)]
    assert told(session, clock=clock, stop_on_interrupt=stop)[0] == 130
    assert session.sent == []


def test_an_engine_that_dies_is_noticed_and_the_way_on_is_named() -> None:
    clock = Clock()
    began = clock.now
    code, _, err = told(Recorded([START]), clock=clock, alive=lambda: clock.now - began < 5)
    assert code == 1
    assert "the engine ended before the run did - `dltui resume story` goes on from chain and blobs" in err
    assert 5 < clock.now - began < 10


def test_the_last_words_of_an_engine_that_has_gone_are_still_read() -> None:
    clock = Clock()
    session = Recorded([START])
    alive = iter([True] + [False] * 100)

    def ask() -> bool:
        answer = next(alive)
        if not answer and not session.turns and clock.now - began > 3:
            session.turns.append([DONE])
        return answer

    began = clock.now
    assert told(session, clock=clock, alive=ask)[0] == 0


def test_an_engine_that_never_comes_is_given_up_after_the_grace() -> None:
    clock = Clock()
    began = clock.now
    code, _, err = told(Recorded([]), clock=clock, alive=lambda: False)
    assert code == 1 and "look at the engine's log" in err
    assert 30 < clock.now - began < 33


class Failing:
    def __init__(self, at: str) -> None:
        self.at = at
        self.seen: list[str] = []

    def tick(self, events: list[Event], now: float) -> None:
        self.seen += [event.kind for event in events]
        if self.at in self.seen:
            raise RunError("round.opened did not come within 5 s", where="beat 2 'x'")


def test_a_walkthrough_that_fails_stops_the_run_and_fails_the_program() -> None:
    done = threading.Event()
    session = Recorded([START], on_send=lambda command: [STOPPED])
    clock = Clock()
    clock.slept = [lambda: done.wait(0.01) and None] * 500  # type: ignore[list-item]
    code, _, err = told(session, clock=clock, director=Failing("chain.ready"))
    assert code == 1
    assert "the walkthrough failed: beat 2 'x': round.opened did not come within 5 s" in err
    assert [command.name for command in session.sent] == ["run.stop"]


def test_a_walkthrough_that_fails_on_the_last_event_fails_the_program() -> None:
    code, _, err = told(Recorded([[*START, DONE]]), director=Failing("run.finished"))
    assert code == 1 and "the walkthrough failed" in err


def test_a_director_gets_every_event_once_and_in_order() -> None:
    director = Failing("never")
    events = story()
    assert told(Recorded([events[n : n + 7] for n in range(0, len(events), 7)]), director=director)[0] == 0
    assert director.seen == [event.kind for event in events]


def test_a_director_that_waits_for_the_engine_does_not_hold_up_the_narration() -> None:
    release, entered = threading.Event(), threading.Event()

    class Slow:
        def tick(self, events: list[Event], now: float) -> None:
            entered.set()
            assert release.wait(10)

    def later() -> None:
        assert not release.is_set() and len(session.turns) == 2
        release.set()

    clock, session = Clock(), Recorded([START, *[[]] * 10, [DONE]])
    clock.slept = [lambda: entered.wait(10) and None, *[lambda: None] * 8, later]  # type: ignore[list-item]
    code, _, err = told(session, clock=clock, director=Slow())
    assert code == 0 and release.is_set() and "run done, exit code 0" in err


def test_a_stage_passes_on_the_failure_of_its_last_turn() -> None:
    stage = Stage(Failing("run.finished"))
    stage.tick(START, 0.0)
    stage.tick([DONE], 0.0)
    with pytest.raises(DltuiError):
        stage.finish(0.0, 10.0)
