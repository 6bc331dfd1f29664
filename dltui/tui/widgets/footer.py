"""The key hints at the bottom: unavailable ones are grey, the tail is left out where it is narrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from dltui.tui.widgets.safe_text import line, strip_of


class Hint(msgspec.Struct, frozen=True):
    """One key hint; one that is `kept` is never left out."""

    id: str
    key: str
    label: str
    enabled: bool
    kept: bool = False


class KeyHints(Widget):
    """One line of key hints; a click is as good as the key."""

    class Pressed(Message):
        """A hint was clicked."""

        def __init__(self, id: str) -> None:
            super().__init__()
            self.id = id

    def __init__(self, *, ascii: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ascii = ascii
        self._hints: tuple[Hint, ...] = ()

    def show(self, hints: Sequence[Hint]) -> None:
        """Shows these hints."""
        if self._hints != tuple(hints):
            self._hints = tuple(hints)
            self.refresh()

    def fitting(self, width: int) -> list[Hint]:
        """The hints that fit: from the tail, those that are not `kept` go first."""
        shown = list(self._hints)
        while shown and sum(len(h.key) + len(h.label) + 3 for h in shown) - 1 > width:
            loose = [h for h in shown if not h.kept]
            shown.remove(loose[-1] if loose else shown[-1])
        return shown

    def render_line(self, y: int) -> Strip:
        """The line."""
        out = line()
        for at, hint in enumerate(self.fitting(self.size.width)):
            key, label = ("key", "") if hint.enabled else ("faint", "faint")
            out.append_text(line("  " if at else " ", (hint.key, key), " ", (hint.label, label)))
        return strip_of(out, self.size.width, self.rich_style, ascii=self.ascii)

    def on_click(self, event: events.Click) -> None:
        """Presses the hint under the mouse."""
        x = 1
        for hint in self.fitting(self.size.width):
            end = x + len(hint.key) + len(hint.label) + 1
            if x <= event.x < end:
                self.post_message(self.Pressed(hint.id))
            x = end + 2
