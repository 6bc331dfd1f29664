"""A fixed block of lines, painted again only where they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from dltui.tui.widgets.safe_text import folded, strip_of


class Lines(Widget):
    """Draws the lines it was given last; what does not fit is cut."""

    def __init__(self, *, ascii: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ascii = ascii
        self._lines: list[Text] = []

    def show(self, lines: Sequence[Text]) -> None:
        """Shows these lines."""
        old, self._lines = self._lines, list(lines)
        for y in range(max(len(old), len(self._lines))):
            before = old[y] if y < len(old) else None
            after = self._lines[y] if y < len(self._lines) else None
            if before != after:
                self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        width = self.size.width
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        return strip_of(self._lines[y], width, self.rich_style, ascii=self.ascii)


class FoldedLines(Lines):
    """Lines that are broken between words where they are too long; the widget is as high as they need."""

    def __init__(self, *, ascii: bool = False, **kwargs: Any) -> None:
        super().__init__(ascii=ascii, **kwargs)
        self._whole: list[Text] = []

    def show(self, lines: Sequence[Text]) -> None:
        """Shows these lines, each in as many as it takes."""
        self._whole = list(lines)
        self._fold()

    @property
    def count(self) -> int:
        """Lines that it takes at its width."""
        return len(self._lines)

    def on_resize(self) -> None:
        """Breaks them anew."""
        self._fold()

    def _fold(self) -> None:
        width = self.size.width
        lines = [piece for text in self._whole for piece in folded(text, width)] if width else self._whole
        self.styles.height = len(lines)
        super().show(lines)
