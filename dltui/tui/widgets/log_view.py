"""A growing list that follows its end until the reader leaves it, and does not drift under them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from rich.text import Text
from textual import events
from textual.geometry import Size

from dltui.tui.widgets.line_view import LineView

LIMIT = 5000
"""Lines kept."""


class LogView(LineView):
    """Lines by number; a line's text is made when it is first drawn, by the subclass's `compose_line`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.items: deque[Any] = deque(maxlen=LIMIT)
        self.following = True
        self.unseen = 0
        """Lines added since the reader left the end."""
        self._count = 0

    def compose_line(self, item: Any, width: int) -> Text:
        """The text of one item."""
        raise NotImplementedError

    def draw(self, index: int, width: int) -> Text:
        """One line."""
        return self.compose_line(self.items[index], width)

    def extend(self, items: Iterable[Any]) -> None:
        """Adds lines at the end."""
        new = list(items)
        if not new:
            return
        old_index = self.cursor_index
        self.items.extend(new)
        self._count += len(new)
        self.keys = list(range(self._count - len(self.items), self._count))
        self.unseen = 0 if self.following else self.unseen + len(new)
        self._resized(old_index)
        self.refresh()

    def _resized(self, old_index: int | None) -> None:
        self.virtual_size = Size(self.size.width, len(self.keys))
        if not self.keys:
            return
        if self.following:
            self.cursor = self.keys[-1]
            self.scroll_to(y=max(0, len(self.keys) - self.size.height), animate=False, force=True, immediate=True)
            return
        if self.cursor not in range(self.keys[0], self.keys[-1] + 1):
            self.cursor = self.keys[0]
        index = self.cursor_index
        if index is not None and old_index is not None and index != old_index:
            self.scroll_to(
                y=max(0, self.scroll_offset.y + index - old_index), animate=False, force=True, immediate=True
            )

    def move_to(self, key: Any) -> None:
        """Puts the cursor on a line; the list follows its end again when that is the last one."""
        self.follow(bool(self.keys) and key == self.keys[-1])
        super().move_to(key)

    def follow(self, following: bool) -> None:
        """Follows the end, or stays where it is."""
        self.following = following
        if following:
            self.unseen = 0
            self._resized(self.cursor_index)
            self.refresh()
        self.post_message(self.Moved(self))

    def on_mouse_scroll_up(self, _event: events.MouseScrollUp) -> None:
        """Leaves the end."""
        if self.max_scroll_y > 0:
            self.follow(False)

    def on_mouse_scroll_down(self, _event: events.MouseScrollDown) -> None:
        """Follows again at the end."""
        self.call_after_refresh(self._follow_at_end)

    def _follow_at_end(self) -> None:
        if self.scroll_offset.y >= self.max_scroll_y:
            self.follow(True)
