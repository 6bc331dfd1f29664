"""After a resume everybody finds the same thing due: one sends, the others look first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dltui.core import events as ev
from tests.kits.runs import Run, kill, wait_gone


@pytest.mark.slow
def test_a_resume_costs_no_transaction_that_reverts(start: Callable[..., Run]) -> None:
    flags: dict[str, Any] = {"clients__count": 5, "rounds__committee": 5, "rounds__quorum": 3, "run__rounds": 2}
    run = start(model__name="linear", data__size=4, training__steps=2, rounds__attest_seconds=60, **flags)
    run.until(ev.RoundAttested, 90, round=2)
    kill(run.engine.pid)
    run.engine.wait()
    children = [spawned.pid for spawned in run.of(ev.ClientSpawned)]
    assert wait_gone(children) == []
    again = Run(run.paths)
    try:
        assert again.finish(90) == 0, again.story()
        assert [decided.round for decided in again.of(ev.RoundFinalised)] == [1, 2]
        assert again.of(ev.TxReverted) == []
    finally:
        again.stop()
