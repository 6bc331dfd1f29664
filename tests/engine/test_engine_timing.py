"""The account of a round's time."""

from __future__ import annotations

import pytest

from dltui.engine import timing as module
from dltui.engine.timing import Timings


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the module: one number, to be changed."""
    clock = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    return clock


def test_a_rounds_time_is_what_the_slowest_of_each_part_took_and_waiting(now: list[float]) -> None:
    timings = Timings()
    timings.opened(1)
    timings.add(1, "client-0", "training", 2.0)
    timings.add(1, "client-1", "training", 3.0)
    timings.add(1, "client-0", "chain", 0.5)
    now[0] += 10
    timings.closed(1)
    (told,) = timings.settled(at_once=True)
    assert (told.total, told.training, told.chain, told.waiting) == (10.0, 3.0, 0.5, 6.5)


def test_a_round_that_an_earlier_engine_opened_counts_from_its_opening(now: list[float]) -> None:
    timings = Timings()
    timings.opened(4, ago=30.0)
    timings.add(4, "client-0", "training", 2.0)
    now[0] += 5
    timings.closed(4)
    (told,) = timings.settled(at_once=True)
    assert (told.round, told.total, told.training, told.waiting) == (4, 35.0, 2.0, 33.0)
