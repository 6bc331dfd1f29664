"""The events as they come, one sentence each."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from rich.text import Text

from dltui.core.events import Event
from dltui.core.ordering import matcher
from dltui.core.state.state import State
from dltui.core.views import event_row
from dltui.tui.hints import filter_keys
from dltui.tui.panes.base import Pane, Thing
from dltui.tui.widgets.log_view import LogView
from dltui.tui.widgets.safe_text import fit, line

_GROUPS = {"round": "busy", "model": "accent", "cmd": "head", "demo": "accent", "alert": "warn", "client": ""}
_SEVERITIES = {"good": "ok", "warning": "warn", "error": "bad"}
_CALM = ("chain", "tx", "data")
"""Groups that come often and are rarely what one looks for."""


class EventsPane(Pane, LogView):
    """Follows the end; scrolling up stays where it is and counts what is new."""

    heading: ClassVar[str] = "Events"
    needs: ClassVar[frozenset[str]] = frozenset({"events"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(empty="Nothing has happened yet: the first event comes when the engine starts.", **kwargs)
        self._state: State | None = None
        self._last = 0
        self._missed: int | None = None

    def draw_state(self, state: State, now: float) -> None:
        """Adds what is new; begins again where another moment is shown."""
        if state is not self._state:
            self._state, self._last = state, state.last_seq
            self._restart()
        new: list[Event] = []
        for event in reversed(state.events):
            if event.seq <= self._last:
                break
            new.append(event)
        self._last = max(self._last, state.last_seq)
        self.extend(reversed(new))
        self.note()

    def _restart(self) -> None:
        fits = matcher(self.pattern)
        self.restart(
            self._state.events if self._state else (), (lambda e: fits(_searched(e))) if self.pattern else None
        )

    def filter(self, pattern: str) -> None:
        """Shows only the events that fit."""
        self.pattern = pattern
        self.empty = f'No event fits the filter "{pattern}": {filter_keys(self)}.'
        self._restart()
        self.note()

    def number_of(self, item: Event) -> int:
        """The event's own number."""
        return item.seq

    def on_line_view_moved(self) -> None:
        """The reader left the end, or came back."""
        self.note()

    def miss(self, missed: int | None) -> None:
        """Says how many events a picture that is held leaves out; None where none is held."""
        if missed != self._missed:
            self._missed = missed
            self.note()

    def note(self) -> None:
        """Says whether it follows."""
        filtered = f'{len(self.keys):,} of {len(self.kept):,} · filter "{self.pattern[:16]}"' if self.pattern else ""
        where = "following" if self.following else f"+{self.unseen:,} new · end follows"
        self.subtitle(filtered, where if self._missed is None else f"frozen, +{self._missed:,} events")

    @property
    def selected(self) -> Thing | None:
        """The event under the cursor, by its number."""
        return ("event", self.cursor) if self.cursor is not None else None

    def copied(self) -> str:
        """The line of the selected event."""
        item = self.item_of(self.cursor)
        return _line(item) if item is not None else ""

    def exported(self, state: State, now: float) -> list[dict[str, Any]]:
        """The events that are shown, with all that they say."""
        return [_record(event) for event in self.items]

    def compose_line(self, item: Event, width: int) -> Text:
        """Time, group and sentence."""
        row = event_row(item)
        words = _SEVERITIES.get(row.severity, "quiet" if row.group in _CALM else "")
        head = f" {row.time}  "
        room = max(0, width - len(head) - 10)
        return line(
            (head, "faint" if row.group in _CALM else "quiet"),
            (f"{row.group:<7}  ", _GROUPS.get(row.group, "quiet")),
            (fit(row.text, room), words),
        )


def _searched(event: Event) -> str:
    row = event_row(event)
    return f"{event.kind} {row.group} {row.text} {row.severity}"


def _line(event: Event) -> str:
    row = event_row(event)
    return f"{row.time} {row.group} {row.text}"


def _record(event: Event) -> dict[str, Any]:
    row = event_row(event)
    return {
        "seq": event.seq,
        "ts": event.ts,
        "kind": event.kind,
        "severity": row.severity,
        "text": row.text,
        "data": msgspec.to_builtins(event.data),
    }
