"""A scrolling list of lines with a cursor that follows the key of its line, not its index.

Only visible lines are drawn and only lines that changed are painted again, so a busy list costs little. When lines
are sorted, added or removed, the cursor stays on the same key: no action can hit what moved under it. A key that went
away gets the cursor again when it comes back. Until somebody moves it, the cursor stays on the first line.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from dltui.tui.widgets.safe_text import ink, row_style, strip_of, wrapped


class LineView(ScrollView, can_focus=True):
    """Base of every list: subclasses give `draw(index, width)` and call `replace(keys, changed)`."""

    DEFAULT_CSS = "LineView { height: 1fr; overflow-x: hidden; }"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "step(-1)", "Up", show=False),
        Binding("down", "step(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "edge(0)", "First", show=False),
        Binding("end", "edge(-1)", "Last", show=False),
    ]
    HEADER = 0
    """Lines above the list that do not scroll."""
    CURSOR_WITHOUT_FOCUS: ClassVar[bool] = True
    """The cursor's line is marked although the keys go elsewhere."""

    class Moved(Message):
        """The cursor is on another key, or on none."""

        def __init__(self, view: LineView, *, by_hand: bool = False) -> None:
            super().__init__()
            self.view = view
            self.by_hand = by_hand
            """Somebody moved it, rather than the list."""

        @property
        def control(self) -> LineView:
            """The list that it happened in."""
            return self.view

    def __init__(self, *, empty: str = "", ascii: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ascii = ascii
        self.empty = empty
        self.keys: Sequence[Any] = []
        self.cursor: Any = None
        self.gives_end = False
        """`end` is not for this list now."""
        self.wanted: Any = None
        """Where somebody put the cursor: it is there whenever this key is in the list."""
        self.slipped = 0.0
        """Since when the line that came under the cursor by itself is seen, in seconds of the steady clock."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leaves `end` to the screen where it means something else."""
        return not (self.gives_end and action == "edge" and parameters == (-1,))

    @property
    def cursor_index(self) -> int | None:
        """Where the cursor's key is now."""
        return self.index_of(self.cursor)

    def index_of(self, key: Any) -> int | None:
        """Where a key is now."""
        try:
            return self.keys.index(key)
        except ValueError:
            return None

    def selectable(self, key: Any) -> bool:
        """The cursor may rest on this line."""
        return True

    def draw(self, index: int, width: int) -> Text:
        """The text of one line."""
        raise NotImplementedError

    def draw_header(self, width: int) -> Text:
        """The text of the header line."""
        raise NotImplementedError

    def in_sight(self) -> range:
        """The indexes of the lines in sight."""
        top = self.scroll_offset.y
        return range(top, min(len(self.keys), top + max(0, self.size.height - self.HEADER)))

    def replace(self, keys: Sequence[Any], changed: Sequence[int] | None = None) -> None:
        """Shows these lines; where the keys stay the same only the `changed` indexes are painted."""
        old_index, old_keys = self.cursor_index, self.keys
        same = old_keys == keys
        self.keys = keys
        if not same:
            self._keep_cursor(old_index)
            self._resized(old_index)
        if not same or changed is None:
            self.refresh()
            return
        for index in changed:
            self.refresh_line_of(index)

    def refresh_line_of(self, index: int) -> None:
        """Paints one line again, where it is in sight."""
        y = index + self.HEADER - self.scroll_offset.y
        if self.HEADER <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def _keep_cursor(self, old_index: int | None) -> None:
        if self.wanted is None:
            self.move_to(self.first_key())
        elif self.index_of(self.wanted) is not None:
            self.move_to(self.wanted)
        elif self.cursor_index is None:
            self.move_to(self._nearest(min(old_index or 0, len(self.keys) - 1)))

    def _nearest(self, index: int) -> Any:
        """The key of the line at or after an index, or else before it, that the cursor may rest on."""
        for at in (*range(index, len(self.keys)), *range(index - 1, -1, -1)):
            if at >= 0 and self.selectable(self.keys[at]):
                return self.keys[at]
        return None

    def first_key(self) -> Any:
        """Where the cursor is until somebody moves it."""
        return self._nearest(0)

    def _resized(self, old_index: int | None) -> None:
        self.virtual_size = Size(self.size.width, len(self.keys) + self.HEADER)
        self._reveal()

    def _reveal(self) -> None:
        index = self.cursor_index
        height = self.size.height - self.HEADER
        if index is None or height <= 0:
            return
        top = self.scroll_offset.y
        if index < top:
            self.scroll_to(y=index, animate=False, force=True, immediate=True)
        elif index >= top + height:
            self.scroll_to(y=index - height + 1, animate=False, force=True, immediate=True)

    def move_to(self, key: Any, *, by_hand: bool = False) -> None:
        """Puts the cursor on `key`."""
        if by_hand:
            self.wanted = key
        if key == self.cursor:
            return
        left, self.cursor = self.cursor_index, key
        if not by_hand:
            self.slip()
        self._reveal()
        for index in (left, self.cursor_index):
            if index is not None:
                self.refresh_line_of(index)
        self.post_message(self.Moved(self, by_hand=by_hand))

    def slip(self) -> None:
        """Another line is under the cursor without a hand: until it is painted nobody can have meant it."""
        self.slipped = math.inf
        self.call_after_refresh(self.seen)

    def seen(self) -> None:
        """The line under the cursor has been painted, if its screen is on top."""
        if self.slipped == math.inf and self.screen is self.app.screen:
            self.slipped = time.monotonic()

    def action_step(self, by: int) -> None:
        """Moves the cursor by lines."""
        if not self.keys:
            return
        at = self.cursor_index
        last = len(self.keys) - 1
        goal = (0 if by > 0 else last) if at is None else max(0, min(last, at + by))
        onward = range(goal, last + 1) if by > 0 else range(goal, -1, -1)
        key = next((self.keys[i] for i in onward if self.selectable(self.keys[i])), None)
        if key is None and by < 0:
            self.scroll_to(y=0, animate=False, force=True, immediate=True)
        elif key is not None:
            self.move_to(key, by_hand=True)

    def action_page(self, by: int) -> None:
        """Moves the cursor by screens."""
        self.action_step(by * max(1, self.size.height - self.HEADER - 1))

    def action_edge(self, index: int) -> None:
        """Moves the cursor to the first or the last line."""
        if self.keys:
            key = self._nearest(0 if index == 0 else len(self.keys) - 1)
            if key is not None:
                self.move_to(key, by_hand=True)
            if index == 0:
                self.scroll_to(y=0, animate=False, force=True, immediate=True)

    def on_click(self, event: events.Click) -> None:
        """Puts the cursor on the line under the mouse."""
        offset = event.get_content_offset(self)
        if offset is not None and offset.y >= self.HEADER:
            index = offset.y - self.HEADER + self.scroll_offset.y
            if index < len(self.keys) and self.selectable(self.keys[index]):
                self.move_to(self.keys[index], by_hand=True)

    def on_resize(self) -> None:
        """Keeps the cursor's line in sight."""
        self._resized(self.cursor_index)

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        width = self.size.width
        if y < self.HEADER:
            return strip_of(self.draw_header(width), width, self.rich_style, ascii=self.ascii)
        if not self.keys:
            lines = [line for part in self.empty.split("\n") for line in wrapped(part, width - 2)]
            at = y - self.HEADER
            text = ink(" " + lines[at] if at < len(lines) else "", "quiet")
            return strip_of(text, width, self.rich_style, ascii=self.ascii)
        index = y - self.HEADER + self.scroll_offset.y
        if index >= len(self.keys):
            return Strip.blank(width, self.rich_style)
        text = self.draw(index, width)
        if self.keys[index] == self.cursor and (self.has_focus or self.CURSOR_WITHOUT_FOCUS):
            text.pad_right(max(0, width - text.cell_len))
            text.stylize_before(row_style(self.has_focus))
        return strip_of(text, width, self.rich_style, ascii=self.ascii)
