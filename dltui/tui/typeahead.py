"""Keys that were typed ahead: none acts on what came up by itself and was not seen when the key was pressed.

Keys are taken in their order, each on what those before it led to. But a dialog or a page that has just opened gets no
key from before it was painted, and a row that came under the cursor by itself is acted on only by later keys.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from textual import events
from textual.screen import Screen

from dltui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from dltui.tui.host import Host


class Ahead:
    """Holds when each screen was first seen against when a key was pressed; both are seconds of the steady clock."""

    def __init__(self, app: Host) -> None:
        self._app = app
        self._seen: WeakKeyDictionary[Screen[object], float] = WeakKeyDictionary()
        self._text = ""
        self._pressed = math.inf
        """When the key that acts now was pressed."""

    def opened(self, screen: Screen[object]) -> None:
        """This screen is on top from now on: what is on it counts as seen when it has been painted."""
        if screen not in self._seen:
            self._seen[screen] = math.inf
            self._text = ""
            screen.call_after_refresh(self._painted, screen)
        for view in screen.query(LineView):
            view.call_after_refresh(view.seen)

    def _painted(self, screen: Screen[object]) -> None:
        self._seen[screen] = time.monotonic()
        take = getattr(screen, "take", None)
        if take is not None and self._text:
            take(self._text)

    def admits(self, event: events.InputEvent) -> bool:
        """Whether the present screen had been seen when this was pressed; text for one that takes text is kept."""
        screen = self._app.screen
        if event.time < self._seen.get(screen, 0.0):
            if isinstance(event, events.Key) and event.is_printable:
                self._text += event.character or ""
            return False
        self._pressed = event.time
        return True

    @property
    def slipped(self) -> bool:
        """The row under the cursor came there by itself after the key was pressed."""
        view = self._app.focused
        return isinstance(view, LineView) and self._pressed < view.slipped
