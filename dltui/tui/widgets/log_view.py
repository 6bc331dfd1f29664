"""A growing list that follows its end until the reader leaves it, and does not drift under them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from rich.text import Text
from textual import events
from textual.geometry import Size

from dltui.tui.widgets.line_view import LineView

LIMIT = 5000
"""Lines kept."""


class LogView(LineView):
    """Lines by number; a line's text is made when it is drawn, by the subclass's `compose_line`.

    `number_of` may give items numbers of their own, which must grow; otherwise they are counted.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.following = True
        self._left = 0
        """The last number when the reader left the end."""
        self.items: list[Any] = []
        """What is shown; the keys are its numbers."""
        self.kept: deque[tuple[int, Any]] = deque(maxlen=LIMIT)
        """Everything that is kept, with its number."""
        self._fits: Callable[[Any], bool] | None = None
        self._count = 0

    @property
    def unseen(self) -> int:
        """Lines added since the reader left the end."""
        return 0 if self.following else len(self.keys) - bisect_right(self.keys, self._left)

    def compose_line(self, item: Any, width: int) -> Text:
        """The text of one item."""
        raise NotImplementedError

    def number_of(self, item: Any) -> int:
        """The number of a new item."""
        return self._count

    def draw(self, index: int, width: int) -> Text:
        """One line."""
        return self.compose_line(self.items[index], width)

    def item_of(self, key: int) -> Any:
        """The item of a number; None where it is not shown."""
        index = self.index_of(key)
        return self.items[index] if index is not None else None

    def index_of(self, key: Any) -> int | None:
        """Where a number is now; the keys grow, so it is looked up by halving."""
        if key is None:
            return None
        at = bisect_left(self.keys, key)
        return at if at < len(self.keys) and self.keys[at] == key else None

    def extend(self, items: Iterable[Any]) -> None:
        """Adds lines at the end."""
        new = self._numbered(items)
        if not new:
            return
        old_index = self.cursor_index
        self.kept.extend(new)
        gone = bisect_left(self.keys, self.kept[0][0])
        fitting = [(n, item) for n, item in new[-LIMIT:] if self._fits is None or self._fits(item)]
        self.keys = [*self.keys[gone:], *(n for n, _ in fitting)]
        self.items = [*self.items[gone:], *(item for _, item in fitting)]
        if fitting or gone:
            self._resized(old_index)
            self.refresh()

    def restart(self, items: Iterable[Any], fits: Callable[[Any], bool] | None = None) -> None:
        """Shows other lines, or only those that fit; the reader stays on their line where it is still there."""
        self.kept = deque(self._numbered(items), maxlen=LIMIT)
        self._fits = fits
        shown = [(n, item) for n, item in self.kept if fits is None or fits(item)]
        self.keys, self.items = [n for n, _ in shown], [item for _, item in shown]
        self.following = self.index_of(self.wanted) is None
        self.cursor = self.wanted
        self._resized(None)
        self.refresh()

    def _numbered(self, items: Iterable[Any]) -> list[tuple[int, Any]]:
        numbered = []
        for item in items:
            numbered.append((self.number_of(item), item))
            self._count += 1
        return numbered

    def _resized(self, old_index: int | None) -> None:
        self.virtual_size = Size(self.size.width, len(self.keys))
        if not self.keys:
            self.cursor = None
            return
        if self.following:
            self._put(self.keys[-1])
            self.scroll_to(y=max(0, len(self.keys) - self.size.height), animate=False, force=True, immediate=True)
            return
        if self.cursor_index is None:
            self.wanted = self.keys[min(bisect_left(self.keys, self.cursor or 0), len(self.keys) - 1)]
            self._put(self.wanted)
        index = self.cursor_index
        if index is not None and old_index is not None and index != old_index:
            self.scroll_to(
                y=max(0, self.scroll_offset.y + index - old_index), animate=False, force=True, immediate=True
            )
        elif old_index is None:
            self._reveal()

    def _put(self, key: int) -> None:
        if key != self.cursor:
            self.cursor = key
            self.slip()

    def move_to(self, key: Any, *, by_hand: bool = False) -> None:
        """Puts the cursor on a line; the list follows its end again when that is the last one."""
        super().move_to(key, by_hand=by_hand)
        self.follow(len(self.keys) > 0 and key == self.keys[-1])

    def follow(self, following: bool) -> None:
        """Follows the end, or stays where it is."""
        if self.following and not following and self.keys:
            self._left = self.keys[-1]
        self.following = following
        self.wanted = None if following else self.cursor
        if following:
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
