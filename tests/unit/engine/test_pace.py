"""A warning of rounds that are too short rests on what clients did."""

from __future__ import annotations

import pytest

from dltui.config.sections import load
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine import pace as module
from dltui.engine.pace import WATCHED_SECONDS, Pace


class Watched:
    """A pace with a clock to be moved; five clients, two of which train at a time, and 24 s."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.events = 50.0, list[Payload]()
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)
        keys = {"clients.parallel": 2, "rounds.train_seconds_max": 24}
        self.pace = Pace(load(flags=keys), self.events.append)

    def step(self, seconds: float, step: int, *, name: str = "client-0", round: int = 1, steps: int = 100) -> None:
        self.now += seconds
        self.pace.trains(name, round, step, steps)

    @property
    def alerts(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, ev.RunAlert) and event.id == "too-slow"]


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def test_a_slow_first_moment_warns_of_nothing(watched: Watched) -> None:
    watched.step(0.0, 1)
    watched.step(WATCHED_SECONDS - 0.1, 2)
    watched.step(2.0, 99)
    assert watched.alerts == []


def test_whoever_cannot_be_in_time_is_told_once(watched: Watched) -> None:
    watched.step(0.0, 0)
    watched.step(10.0, 50)
    assert watched.alerts == ["training takes about 60 s a round here, and the deadline is 24 s"]
    watched.step(10.0, 60)
    watched.step(0.0, 0, round=2)
    watched.step(10.0, 10, round=2)
    assert len(watched.alerts) == 1


def test_each_round_is_timed_from_its_own_beginning(watched: Watched) -> None:
    watched.step(0.0, 5)
    watched.step(300.0, 1, round=2)
    watched.step(6.0, 99, round=2)
    assert watched.alerts == []
    watched.step(0.0, 5, name="client-1", round=2)
    watched.step(6.0, 5, name="client-1", round=2)
    assert watched.alerts == [], "a client that stands still is no measure"
