"""Lines of figures and, below them, lines that stand for things: one scrolling page, the cursor only on the things."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import msgspec
from rich.text import Text

from dltui.tui.widgets.line_view import LineView


class Entry(msgspec.Struct, frozen=True):
    """A line, made only where it is in sight; `thing` is the (kind, id) that it stands for, None for figures."""

    make: Callable[[], Text]
    thing: tuple[str, Any] | None = None


class Sheet(LineView):
    """Shows entries; the cursor is nowhere until somebody moves it."""

    CURSOR_WITHOUT_FOCUS: ClassVar[bool] = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._entries: list[Entry] = []
        self._made: dict[Any, Text] = {}

    def show(self, entries: Sequence[Entry]) -> None:
        """Shows these lines; only those that differ are painted."""
        before, self._made = self._made, {}
        self._entries = list(entries)
        self.replace([entry.thing or ("", at) for at, entry in enumerate(self._entries)], [])
        for index in self.in_sight():
            text = self._text(index)
            if before.get(self.keys[index]) != text:
                self.refresh_line_of(index)

    def selectable(self, key: Any) -> bool:
        """Lines of figures stand for nothing."""
        return bool(key[0] != "")

    def first_key(self) -> Any:
        """Nowhere."""
        return None

    def draw(self, index: int, width: int) -> Text:
        """One line."""
        return self._text(index).copy()

    def _text(self, index: int) -> Text:
        key = self.keys[index]
        if key not in self._made:
            self._made[key] = self._entries[index].make()
        return self._made[key]
