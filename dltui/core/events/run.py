"""The run itself: started, paused, finished, and its alerts."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import UNSET, UnsetType

from dltui.core.events.envelope import Payload


class RunStarted(Payload, frozen=True, kw_only=True):
    """The first event: what runs, from which configuration and seed."""

    KIND: ClassVar[str] = "run.started"
    run: str
    version: str
    seed: int
    rounds: int
    config: dict[str, Any]


class RunPaused(Payload, frozen=True, kw_only=True):
    """No new round is opened until the run is resumed."""

    KIND: ClassVar[str] = "run.paused"
    by: str


class RunResumed(Payload, frozen=True, kw_only=True):
    """Rounds are opened again; after a crash `by` is `engine`."""

    KIND: ClassVar[str] = "run.resumed"
    by: str


class RunFinished(Payload, frozen=True, kw_only=True):
    """The last event: `status` done, stopped or failed, and the process's exit code."""

    KIND: ClassVar[str] = "run.finished"
    status: str
    exit_code: int
    reason: str = ""


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


class RunAlertCleared(Payload, frozen=True, kw_only=True):
    """The cause of an alert is gone."""

    KIND: ClassVar[str] = "run.alert.cleared"
    id: str
