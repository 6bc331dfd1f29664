"""A table drawn line by line: fixed columns, the last ones left out where there is no room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.text import Text

from dltui.tui.theme import INKS
from dltui.tui.widgets.ink import Part, fit
from dltui.tui.widgets.line_view import LineView


@dataclass(frozen=True)
class Column:
    """A column: its title, its width in cells, and whether it is aligned to the right.

    `grow` takes what the others leave; columns with a higher `rank` are left out first where it is narrow.
    """

    title: str
    width: int
    right: bool = False
    grow: bool = False
    rank: int = 0


@dataclass(frozen=True)
class Row:
    """A row: the key that the cursor follows, and one piece of text a column."""

    key: Any
    cells: tuple[Part, ...]


class LineTable(LineView):
    """Rows under a header; `show` paints only the rows that differ."""

    HEADER = 1
    GAP = 2

    def __init__(self, columns: Sequence[Column], *, empty: str = "", ascii: bool = False, **kwargs: Any) -> None:
        super().__init__(empty=empty, ascii=ascii, **kwargs)
        self.columns = tuple(columns)
        self.rows: list[Row] = []

    def show(self, rows: Sequence[Row]) -> None:
        """Shows these rows in this order."""
        old = {row.key: row for row in self.rows}
        self.rows = list(rows)
        self.replace([r.key for r in self.rows], [i for i, r in enumerate(self.rows) if old.get(r.key) != r])

    def layout_columns(self, width: int) -> list[tuple[int, Column, int]]:
        """The columns that fit in `width` cells: index, column, cells."""
        shown = list(enumerate(self.columns))

        def needed() -> int:
            return 2 + sum(c.width for _, c in shown) + self.GAP * (len(shown) - 1)

        while len(shown) > 1 and needed() > width:
            shown.remove(max(shown, key=lambda item: (item[1].rank, item[0])))
        spare = max(0, width - needed())
        growing = [i for i, c in shown if c.grow]
        extra = spare if growing else 0
        return [(i, c, c.width + (extra if growing and i == growing[0] else 0)) for i, c in shown]

    def draw_header(self, width: int) -> Text:
        """The titles of the columns."""
        return self._draw([(column.title, "quiet") for column in self.columns], width)

    def draw(self, index: int, width: int) -> Text:
        """One row."""
        return self._draw(self.rows[index].cells, width)

    def _draw(self, cells: Sequence[Part], width: int) -> Text:
        out = Text(" ", no_wrap=True, end="")
        for at, (i, column, cell_width) in enumerate(self.layout_columns(width)):
            body, name = cells[i]
            if at:
                out.append(" " * self.GAP)
            out.append(fit(body, cell_width, right=column.right), INKS[name])
        return out
