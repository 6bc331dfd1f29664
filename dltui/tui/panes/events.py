"""The events as they come, one sentence each."""

from __future__ import annotations

from typing import Any, ClassVar

from rich.text import Text

from dltui.core.events import Event
from dltui.core.state import State
from dltui.core.views import event_row
from dltui.tui.panes.base import Pane
from dltui.tui.widgets.ink import fit, line
from dltui.tui.widgets.log_view import LogView

_GROUPS = {"round": "busy", "model": "accent", "cmd": "head", "demo": "accent", "alert": "warn", "client": ""}
_SEVERITIES = {"good": "ok", "warning": "warn", "error": "bad"}
_CALM = ("chain", "tx", "data")
"""Groups that come often and are rarely what one looks for."""


class EventsPane(Pane, LogView):
    """Follows the end; scrolling up stays where it is and counts what is new."""

    heading: ClassVar[str] = "Events"
    needs: ClassVar[frozenset[str]] = frozenset({"events"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(empty=" Nothing has happened yet.", **kwargs)
        self._last = 0

    def draw_state(self, state: State, now: float) -> None:
        """Adds what is new."""
        new: list[Event] = []
        for event in reversed(state.events):
            if event.seq <= self._last:
                break
            new.append(event)
        self._last = max(self._last, state.last_seq)
        self.extend(reversed(new))
        self.note()

    def on_line_view_moved(self) -> None:
        """The reader left the end, or came back."""
        self.note()

    def note(self) -> None:
        """Says whether it follows."""
        self.subtitle("following" if self.following else f"+{self.unseen:,} new · end follows")

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
