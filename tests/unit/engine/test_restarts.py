"""When a process that ended comes back, and when it does not."""

from __future__ import annotations

import pytest

from dltui.engine import restarts as module
from dltui.engine.restarts import PAUSES, STEADY_SECONDS, Restarts


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The clock of the module: one number, to be changed."""
    clock = [1_000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    return clock


def dies_again_and_again(restarts: Restarts, now: list[float], lives: float) -> list[float]:
    """The pauses of a process that ends `lives` seconds after each start, until it stays away (20 at most)."""
    pauses: list[float] = []
    restarts.started("a")
    while len(pauses) < 20:
        now[0] += lives
        pause = restarts.ended("a")
        if pause is None:
            break
        pauses.append(pause)
        now[0] += pause - 0.1
        assert restarts.due() == []
        now[0] += 0.2
        assert restarts.due() == ["a"] and restarts.due() == []
        restarts.started("a")
    return pauses


def test_each_try_comes_later_and_the_last_one_is_the_last(now: list[float]) -> None:
    assert dies_again_and_again(Restarts(), now, 1.0) == list(PAUSES)


def test_a_process_that_ran_well_for_a_while_has_all_its_tries_again(now: list[float]) -> None:
    assert dies_again_and_again(Restarts(), now, STEADY_SECONDS) == [PAUSES[0]] * 20


def test_a_process_that_was_started_otherwise_or_taken_in_hand_is_not_due(now: list[float]) -> None:
    restarts = Restarts()
    for name in ("a", "b", "c"):
        restarts.started(name)
        restarts.ended(name)
    restarts.started("a")
    restarts.forget("b")
    now[0] += 60
    assert restarts.due() == ["c"]


def test_the_operator_gives_all_tries_back(now: list[float]) -> None:
    restarts = Restarts()
    assert dies_again_and_again(restarts, now, 1.0) == list(PAUSES)
    restarts.forget("a")
    assert dies_again_and_again(restarts, now, 1.0) == list(PAUSES)
