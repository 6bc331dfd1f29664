"""What a journal tells beside the chain's facts comes after the fact that it is about, and once."""

from __future__ import annotations

from collections.abc import Sequence

from dltui.core import events as ev
from dltui.core.events import Event, Payload
from dltui.errors import MismatchError
from dltui.protocol.facts import FACTS


def check(events: Sequence[Event], where: str) -> None:
    """Raise MismatchError at the first event without its cause, or that tells the same a second time."""
    causes = _Causes()
    for event in events:
        if fault := causes.fault(event.data):
            raise MismatchError(f"{event.kind} is told {fault}", where=f"{where}, event {event.seq}")


class _Causes:
    """The facts so far that something else may be told of."""

    def __init__(self) -> None:
        self._node = self._stopped = False
        self._published: set[int] = set()
        self._opened: set[int] = set()
        self._ended: set[int] = set()
        self._told: set[tuple[str, int]] = set()

    def fault(self, data: Payload) -> str:
        """Why this cannot come now, in words; empty if it can."""
        if type(data) in FACTS:
            self._note(data)
            return "before its node was ready" if not self._node else "after its node ended" if self._stopped else ""
        if isinstance(data, ev.ChainReady):
            self._node, self._stopped = True, False
        elif isinstance(data, ev.ChainStopped):
            self._stopped = True
        elif isinstance(data, ev.ModelEvaluated):
            return self._once(data, "version", data.version, self._published, "before that was published")
        elif isinstance(data, ev.RoundExcused):
            return self._once(data, "round", data.round, self._opened, "before that was opened")
        elif isinstance(data, (ev.RoundIncluded, ev.RoundTimed)):
            return self._once(data, "round", data.round, self._ended, "before that ended")
        return ""

    def _note(self, data: Payload) -> None:
        if isinstance(data, ev.ModelPublished):
            self._published.add(data.version)
        elif isinstance(data, ev.RoundOpened):
            self._opened.add(data.round)
        elif isinstance(data, (ev.RoundFinalised, ev.RoundAborted)):
            self._ended.add(data.round)

    def _once(self, data: Payload, what: str, number: int, known: set[int], early: str) -> str:
        """A version or a round is told of after it is `known`, and once in each kind of event."""
        if number not in known:
            return f"of {what} {number} {early}"
        if (data.KIND, number) in self._told:
            return f"of {what} {number} a second time"
        self._told.add((data.KIND, number))
        return ""
