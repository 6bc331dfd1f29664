"""Folds of the run, its alerts, commands and the walkthrough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dltui.core.events import (
    DataDescribed,
    DemoStep,
    ModelDescribed,
    OpCommand,
    OpResult,
    RunAlert,
    RunAlertCleared,
    RunFinished,
    RunPaused,
    RunResumed,
    RunStarted,
)
from dltui.core.state.fold_registry import fold, require

if TYPE_CHECKING:
    from dltui.core.state.state import State

ENDS = ("done", "failed", "stopped")
MAX_PENDING = 256


@fold(RunStarted)
def started(state: State, data: RunStarted, ts: str) -> tuple[str, ...]:
    """The run begins, once."""
    require(not state.started_at, f"run {data.run} started a second time")
    state.run, state.version, state.seed, state.target = data.run, data.version, data.seed, data.rounds
    state.config, state.status, state.started_at = data.config, "running", ts
    return ("run",)


@fold(RunPaused)
def paused(state: State, data: RunPaused, ts: str) -> tuple[str, ...]:
    """No new rounds."""
    require(state.status not in ENDS, "the run was paused after its end")
    state.status = "paused"
    return ("run", "round")


@fold(RunResumed)
def resumed(state: State, data: RunResumed, ts: str) -> tuple[str, ...]:
    """Rounds again; also after a stop or a crash."""
    require(state.status != "done", "the run was resumed after it was done")
    state.status = "running"
    state.finished_at, state.exit_code, state.reason = "", None, ""
    return ("run", "round")


@fold(RunFinished)
def finished(state: State, data: RunFinished, ts: str) -> tuple[str, ...]:
    """The end, with its exit code."""
    require(state.status not in ENDS, "the run finished a second time")
    require(data.status in ENDS, f"the run finished with the unknown status {data.status!r}")
    state.status, state.exit_code, state.reason, state.finished_at = data.status, data.exit_code, data.reason, ts
    return ("run", "round")


@fold(DataDescribed)
def data_described(state: State, data: DataDescribed, ts: str) -> tuple[str, ...]:
    """The data that the run learns from; they stay the same, also when it is resumed."""
    require(state.data is None or state.data.sha256 == data.sha256, "the run goes on with other data")
    state.data = data
    return ("run",)


@fold(ModelDescribed)
def model_described(state: State, data: ModelDescribed, ts: str) -> tuple[str, ...]:
    """The model and what a round of it takes."""
    state.model = data
    return ("run",)


@fold(RunAlert)
def alert(state: State, data: RunAlert, ts: str) -> tuple[str, ...]:
    """Something needs the operator."""
    state.alert(data.id, data.severity, data.text, data.hint, ts)
    state.alerts[data.id].until, state.alerts[data.id].held = data.until or 0, data.held is True
    return ("alert",)


@fold(RunAlertCleared)
def cleared(state: State, data: RunAlertCleared, ts: str) -> tuple[str, ...]:
    """It no longer does."""
    state.alerts.pop(data.id, None)
    return ("alert",)


@fold(OpCommand)
def command(state: State, data: OpCommand, ts: str) -> tuple[str, ...]:
    """A command waits for its result."""
    state.commands[data.id] = data
    if len(state.commands) > MAX_PENDING:
        del state.commands[next(iter(state.commands))]
    return ("run",)


@fold(OpResult)
def result(state: State, data: OpResult, ts: str) -> tuple[str, ...]:
    """A command has its result."""
    state.commands.pop(data.id, None)
    return ("run",)


@fold(DemoStep)
def step(state: State, data: DemoStep, ts: str) -> tuple[str, ...]:
    """The walkthrough goes on."""
    state.demo = data
    return ("run",)
