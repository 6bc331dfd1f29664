"""Where every event of a run goes: into the journal, into the state, and to those in the engine that follow it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from dltui.core import events as ev
from dltui.core.events import Event, Payload
from dltui.core.state.state import State
from dltui.core.summary import summarise
from dltui.engine.disk_watch import DiskWatch
from dltui.engine.reactor import Reactor
from dltui.errors import RunError, no_room
from dltui.files import write_whole
from dltui.rundir.journal import Journal

FULL_TURN = 0.5
"""Seconds between two tries to write an event to a full disk."""


class Recorder:
    """Writes events to the journal and folds them into `state`."""

    def __init__(self, journal: Journal, disk: DiskWatch, reactor: Reactor) -> None:
        self.state = State()
        self._journal = journal
        self._disk = disk
        self._reactor = reactor
        self._followers: list[Callable[[Payload], None]] = []

    def follow(self, follower: Callable[[Payload], None]) -> None:
        """Call `follower` with each later event, once it is written and folded."""
        self._followers.append(follower)

    def emit(self, payload: Payload) -> None:
        """Write one event. On a full disk nothing goes on until there is room, but a stop is heard (raises Stopped)."""
        self.state.apply(self._append(payload))
        for follower in self._followers:
            follower(payload)

    def clear(self, alert: str) -> None:
        """Clear an alert, if it is raised."""
        if alert in self.state.alerts:
            self.emit(ev.RunAlertCleared(id=alert))

    def close(self, summary: Path) -> None:
        """Write the summary of what the journal tells, and end the journal."""
        document = json.dumps(summarise(self.state, self._journal.head), indent=1)
        write_whole(summary, document.encode() + b"\n")
        self._journal.close()

    def _append(self, payload: Payload) -> Event:
        while True:
            try:
                return self._journal.append(payload)
            except RunError as error:
                if self._reactor.ending or not no_room(error):
                    raise
                self._disk.full = True
            self._reactor.serve_blocked(FULL_TURN)
