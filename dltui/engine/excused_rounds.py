"""Rounds in which the run itself was down: their misses count for nobody, and their aborts do not end the run.

The contract cannot know it, and anyone may still record such a miss there; the operator's engine does not.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Iterator

from dltui.chain.rpc_errors import NodeUnreachable
from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.core.format import unix
from dltui.core.state.state import State

STALL_SECONDS, STALL_SHARE = 3.0, 0.2
"""A node that keeps the engine waiting keeps the clients waiting too: for at least this many seconds, or this share
of the phase (whichever is more), it takes what they needed."""


class ExcusedRounds:
    """Watches for what stops everybody. `emit` writes one event to the journal, which `state` folds."""

    def __init__(self, state: State, emit: Callable[[Payload], None]) -> None:
        self._state = state
        self._emit = emit
        self._running: set[str] = set()
        """Clients whose process ran when the round opened, and has not ended since."""
        self._asked: tuple[float, int | None, float] | None = None
        """Since when an answer is due (monotonic seconds), in which round, and how many seconds it may take."""

    def excused(self, number: int) -> bool:
        """Whether nobody is to blame for what a round lacks."""
        return number in self._state.rounds and bool(self._state.rounds[number].excuse)

    def opened(self, number: int, deadline: int, running: Collection[str]) -> None:
        """A round begins while the processes of `running` are there.

        If the one before was lost to the run's own failure, say how long this one has.
        """
        self._running = set(running)
        before = self._state.rounds.get(number - 1)
        if before is not None and before.excuse and before.state == "aborted":
            seconds = deadline - (unix(self._state.last_ts) or deadline)
            self._say(before.number, before.excuse, f"; round {number} has {seconds:.0f} s to train")

    def finalised(self) -> None:
        """A round succeeded: what was before it is over."""
        if alerts.EXCUSED.id() in self._state.alerts:
            self._emit(ev.RunAlertCleared(id=alerts.EXCUSED.id()))

    def ended(self, name: str, wanted: Collection[str]) -> None:
        """A client's process ended unasked; `wanted` are those that the operator has not stopped.

        A client that was down before the round opened does not count.
        """
        if name in self._running:
            self._running.remove(name)
            if not self._running & set(wanted):
                self.excuse(self._in_flight, "every client process ended in it")

    @contextlib.contextmanager
    def asking(self, since: float | None = None) -> Iterator[None]:
        """Around what is asked of the node: a long silence excuses the round in which it began.

        `since` (monotonic seconds) is when it began if something else noticed it before.
        """
        if self._asked is None:
            self._asked = since or time.monotonic(), self._in_flight, self._bearable
        lost = False
        try:
            yield
        except NodeUnreachable:
            lost = True
            raise
        finally:
            if not lost:
                self._answered()

    def silent(self) -> None:
        """The node has kept the engine waiting for a while: say so, until it answers."""
        if alerts.SILENT_NODE.id() not in self._state.alerts:
            text = "the node does not answer: nothing goes on until it does, or has been started again"
            self._emit(ev.RunAlert(id=alerts.SILENT_NODE.id(), severity="warning", text=text))

    def excuse(self, number: int | None, reason: str) -> None:
        """Count no miss of a round, and say why; None if there was none, and only the first reason counts."""
        if number is None or self.excused(number):
            return
        self._emit(ev.RoundExcused(round=number, reason=reason))
        self._say(number, reason)

    def _answered(self) -> None:
        if alerts.SILENT_NODE.id() in self._state.alerts:
            self._emit(ev.RunAlertCleared(id=alerts.SILENT_NODE.id()))
        if self._asked is None:
            return
        (since, number, bearable), self._asked = self._asked, None
        silent = time.monotonic() - since
        if silent >= bearable:
            self.excuse(number, f"the node did not answer for {silent:.0f} s")

    @property
    def _in_flight(self) -> int | None:
        current = self._state.in_flight
        return current.number if current is not None else None

    @property
    def _bearable(self) -> float:
        """Seconds of silence that the present phase can bear."""
        current = self._state.in_flight
        if current is None:
            return STALL_SECONDS
        return max(STALL_SECONDS, STALL_SHARE * (current.deadline - (unix(current.phase_at) or current.deadline)))

    def _say(self, number: int, reason: str, after: str = "") -> None:
        text = f"misses of round {number} count for nobody: {reason}{after}"
        self._emit(ev.RunAlert(id=alerts.EXCUSED.id(), severity="warning", text=text))
