"""The run itself: started, paused, finished, and its alerts."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import UNSET, UnsetType

from dltui.core import format as fmt
from dltui.core.envelope import Payload
from dltui.core.state.state import ENDS, State, require

__all__ = ["RunAlert", "RunAlertCleared", "RunFinished", "RunPaused", "RunResumed", "RunStarted"]


class RunStarted(Payload, frozen=True, kw_only=True):
    """The first event: what runs, from which configuration and seed."""

    KIND: ClassVar[str] = "run.started"
    run: str
    version: str
    seed: int
    rounds: int
    config: dict[str, Any]

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Begin the run, once."""
        require(not state.started_at, f"run {self.run} started a second time")
        state.run, state.version, state.seed, state.target = self.run, self.version, self.seed, self.rounds
        state.config, state.status, state.started_at = self.config, "running", ts
        return ("run",)

    def sentence(self) -> str:
        """Name the run and what it starts from."""
        return f"run {self.run} started: {fmt.plural(self.rounds, 'round')}, seed {self.seed}, dltui {self.version}"


class RunPaused(Payload, frozen=True, kw_only=True):
    """No new round is opened until the run is resumed."""

    KIND: ClassVar[str] = "run.paused"
    LEVEL: ClassVar[str] = "warning"
    by: str

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Pause."""
        require(state.status not in ENDS, "the run was paused after its end")
        state.status = "paused"
        return ("run", "round")

    def sentence(self) -> str:
        """Say who paused it."""
        return f"paused by {self.by}: no new round opens"


class RunResumed(Payload, frozen=True, kw_only=True):
    """Rounds are opened again; after a crash `by` is `engine`."""

    KIND: ClassVar[str] = "run.resumed"
    by: str

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Run again, also after a stop or a crash."""
        require(state.status != "done", "the run was resumed after it was done")
        state.status = "running"
        state.finished_at, state.exit_code, state.reason = "", None, ""
        return ("run", "round")

    def sentence(self) -> str:
        """Say who resumed it."""
        return f"resumed by {self.by}"


class RunFinished(Payload, frozen=True, kw_only=True):
    """The last event: `status` done, stopped or failed, and the process's exit code."""

    KIND: ClassVar[str] = "run.finished"
    status: str
    exit_code: int
    reason: str = ""

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """End the run."""
        require(state.status not in ENDS, "the run finished a second time")
        require(self.status in ENDS, f"the run finished with the unknown status {self.status!r}")
        state.status, state.exit_code, state.reason, state.finished_at = self.status, self.exit_code, self.reason, ts
        return ("run", "round")

    def sentence(self) -> str:
        """Say how it ended, and why."""
        return f"run {self.status}, exit code {self.exit_code}" + (f": {self.reason}" if self.reason else "")

    def level(self) -> str:
        """Judge the end by its status."""
        return {"done": "good", "stopped": "warning"}.get(self.status, "error")


class RunAlert(Payload, frozen=True, kw_only=True):
    """Something needs the operator: what happened and what to do. `severity` is warning or error."""

    KIND: ClassVar[str] = "run.alert"
    id: str
    severity: str
    text: str
    hint: str = ""
    until: int | UnsetType = UNSET
    """When the run fails if nothing changes, in unix seconds; absent if it does not."""
    held: bool | UnsetType = UNSET
    """Present if the run would fail, and does not while a screen is open that can act."""

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Raise the alert, or renew it."""
        state.alert(self.id, self.severity, self.text, self.hint, ts)
        state.alerts[self.id].until, state.alerts[self.id].held = self.until or 0, self.held is True
        return ("alert",)

    def sentence(self) -> str:
        """Say what happened and what to do."""
        held = "held: a screen is attached: " if self.held else ""
        return held + self.text + (f" - {self.hint}" if self.hint else "")

    def level(self) -> str:
        """Say its severity."""
        return "error" if self.severity == "error" else "warning"


class RunAlertCleared(Payload, frozen=True, kw_only=True):
    """The cause of an alert is gone."""

    KIND: ClassVar[str] = "run.alert.cleared"
    id: str

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Take the alert away."""
        state.alerts.pop(self.id, None)
        return ("alert",)

    def sentence(self) -> str:
        """Name the alert."""
        return f"cleared: {self.id}"
