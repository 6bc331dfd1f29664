"""The start as a checklist, at each moment of a recorded one."""

from __future__ import annotations

from pathlib import Path

from dltui.core import format as fmt
from dltui.core.state.state import State
from dltui.core.views import StartStep, start_steps
from dltui.rundir.journal import read

STORY = Path(__file__).parents[2] / "fixtures" / "runs" / "story" / "journal"


def after(kind: str, later: float = 0.0) -> dict[str, StartStep]:
    """The steps some seconds after the first event of a kind."""
    state = State()
    for event in read(STORY):
        state.apply(event)
        if event.kind == kind:
            break
    return {step.name: step for step in start_steps(state, (fmt.unix(state.last_ts) or 0.0) + later)}


def test_before_the_engine_there_is_nothing_to_tell() -> None:
    assert start_steps(State(), 0.0) == ()


def test_what_runs_side_by_side_is_told_side_by_side() -> None:
    steps = after("chain.starting", 1.5)
    assert [name for name, step in steps.items() if step.state == "now"] == ["chain", "warm-up"]
    assert steps["chain"] == StartStep("chain", "now", "embedded chain", 1.5)
    assert steps["contracts"].seconds is None


def test_what_is_done_keeps_its_time() -> None:
    ready, later = after("chain.ready")["chain"], after("contract.deployed", 60.0)
    assert ready.state == "done" and later["chain"] == ready
    assert later["contracts"].text == "1 of 3 deployed, then the plan" and later["contracts"].state == "now"
    assert {step.state for name, step in after("model.published").items() if name == "first model"} == {"done"}


def test_a_line_has_columns() -> None:
    assert StartStep("chain", "done", "embedded chain", 0.84).line == "✔ chain         0.8 s  embedded chain"
    assert StartStep("data", "todo", "read").line == "○ data                 read"
