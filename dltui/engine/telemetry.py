"""What the clients say over their pipes: foreign data that only fills the screen. And the silence of one that hangs."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.core.sanitize import clean
from dltui.engine.forkserver_client import Child
from dltui.engine.pace import Pace
from dltui.engine.timing import Timings

SILENT_SECONDS = 3.0
"""A client that let a deadline pass and has said nothing for so long may hang."""
PROGRESS_SECONDS = 1.0
"""Seconds between two progress events of a client in the journal, at least, save the start and end of training."""
MAX_TROUBLE = 300
"""Characters of a client's own words in an alert."""


class TelemetryReader:
    """Turns messages of clients into events. `emit` writes one event to the journal."""

    def __init__(self, timings: Timings, pace: Pace, emit: Callable[[Payload], None]) -> None:
        self._timings = timings
        self._pace = pace
        self._emit = emit
        self._said: dict[str, tuple[float, str, int]] = {}
        self._heard: dict[str, float] = {}
        self._silent: set[str] = set()

    def heard(self, name: str) -> None:
        """A client has just started, or said something."""
        self._heard[name] = time.monotonic()
        self.over(name)

    def over(self, name: str) -> None:
        """A client is silent no more, or has ended."""
        if name in self._silent:
            self._silent.remove(name)
            self._emit(ev.RunAlertCleared(id=alerts.SILENT.id(name)))

    def late(self, name: str, pid: int) -> None:
        """A deadline passed without a client whose process runs: say so where it is silent."""
        now = time.monotonic()
        quiet = now - self._heard.get(name, now)
        if quiet < SILENT_SECONDS:
            return
        self._silent.add(name)
        self._emit(
            ev.RunAlert(
                id=alerts.SILENT.id(name),
                severity="warning",
                text=f"{name} (pid {pid}) has said nothing for {quiet:.0f} s, it may hang",
                hint=f"end it (dltui client stop {name} --kill), then restart it (dltui client restart {name})",
            )
        )

    def told(self, name: str, child: Child, log: str, message: dict[str, Any]) -> None:
        """One message of a client whose log is at `log`; what does not fit is dropped."""
        self.heard(name)
        try:
            if message["kind"] == "ready":
                train, held_out = int(message["train"]), int(message["held_out"])
                self._emit(ev.ClientReady(id=name, pid=child.pid or 0, train=train, held_out=held_out))
            elif message["kind"] == "timing":
                self._timings.add(int(message["round"]), name, str(message["part"]), float(message["seconds"]))
            elif message["kind"] == "progress":
                if message["activity"] == "train" and "batches" in message:
                    self._pace.trains(name, int(message["round"]), int(message["batch"]), int(message["batches"]))
                self._progress(name, message)
            elif message["kind"] == "trouble":
                self._trouble(name, log, message)
        except (KeyError, TypeError, ValueError, OverflowError):
            return

    def _trouble(self, name: str, log: str, message: dict[str, Any]) -> None:
        text, hint = clean(str(message["text"]), MAX_TROUBLE), clean(str(message["hint"]), MAX_TROUBLE)
        self._emit(
            ev.RunAlert(
                id=alerts.NO_UPDATE.id(name),
                severity="warning",
                text=f"{name} has no update in round {int(message['round'])}: {text}",
                hint=f"{hint}; its log: {log}" if hint else f"its log: {log}",
            )
        )

    def _progress(self, name: str, message: dict[str, Any]) -> None:
        now, activity, number = time.monotonic(), str(message["activity"])[:20], int(message["round"])
        said_at, said, of = self._said.get(name, (0.0, "", 0))
        turns = number != of or (activity in ("train", "trained") and said != activity)
        if now - said_at < PROGRESS_SECONDS and not turns:
            return
        self._said[name] = now, activity, number
        loss, accuracy = message.get("loss"), message.get("accuracy_bp")
        self._emit(
            ev.ClientProgress(
                id=name,
                round=number,
                activity=activity,
                epoch=int(message.get("epoch", 0)),
                epochs=int(message.get("epochs", 0)),
                batch=int(message.get("batch", 0)),
                batches=int(message.get("batches", 0)),
                loss=None if loss is None else float(loss),
                accuracy_bp=None if accuracy is None else int(accuracy),
            )
        )
