"""The engine moves an overdue round on as the last one, once it has let everybody else go first."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.core.chain_states import RoundState
from dltui.core.client_set import ClientSet
from dltui.core.ledger import RoundFacts
from dltui.engine import scheduler
from dltui.engine.scheduler import ENGINE_RANK, Scheduler
from dltui.protocol import keeper

DEADLINE = 1_800_000_000


class Contract:
    """One open round on chain, until it is told otherwise."""

    def __init__(self) -> None:
        self.state, self.asked = RoundState.OPEN, 0

    def round_of(self, number: int) -> Any:
        self.asked += 1
        return SimpleNamespace(state=self.state, attempt=0)

    def close_submissions(self, number: int) -> str:
        return f"close {number}"


@pytest.fixture
def engine() -> Any:
    facts = RoundFacts(
        7, 0, "cd" * 32, "ab" * 32, ClientSet(0b111), ClientSet(0b111), b"", DEADLINE, 0, state=RoundState.OPEN
    )
    made = cast(Any, object.__new__(Scheduler))
    made._federation = SimpleNamespace(fl=Contract())
    made._ledger = SimpleNamespace(current=facts, plan_of=lambda facts: {})
    made._overdue_phase, made._pokes_from = None, 0.0
    return made


def first(engine: Any, start: float, monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds after the deadline at which the engine, looking ten times a second, acts."""
    for tick in range(1_000):
        now = DEADLINE + start + tick / 10
        monkeypatch.setattr(scheduler.time, "time", lambda now=now: now)
        if engine._overdue() is not None:
            return now - DEADLINE
    raise AssertionError("never")


def test_an_engine_that_was_there_acts_in_its_turn(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert first(engine, 0, monkeypatch) == pytest.approx(keeper.FIRST + ENGINE_RANK * keeper.SPACING, abs=0.11)


def test_an_engine_that_comes_back_lets_each_client_go_first(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert first(engine, 60, monkeypatch) == pytest.approx(60 + 4 * keeper.LATE, abs=0.11)


def test_an_engine_sends_nothing_where_the_round_has_moved_on(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine._federation.fl.state = RoundState.REPORTING
    with pytest.raises(AssertionError, match="never"):
        first(engine, 0, monkeypatch)
    assert engine._federation.fl.asked <= 100 / keeper.LATE, "each look is a request to the node"
