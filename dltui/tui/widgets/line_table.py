"""A table drawn line by line: fixed columns, the last ones left out where there is no room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from rich.text import Text

from dltui.tui.theme import INKS
from dltui.tui.widgets.line_view import LineView
from dltui.tui.widgets.safe_text import Part, fit


class Column(msgspec.Struct, frozen=True):
    """A column: its title, its width in cells, and whether it is aligned to the right.

    `grow` takes what the others leave; columns with a higher `rank` are left out first where it is narrow. `sort`
    names what its values are sorted by; empty where it is no order.
    """

    title: str
    width: int
    right: bool = False
    grow: bool = False
    rank: int = 0
    sort: str = ""


class Row(msgspec.Struct, frozen=True):
    """A row: the key that the cursor follows, and one piece of text a column."""

    key: Any
    cells: tuple[Part, ...]


class LineTable(LineView):
    """Rows under a header; rows are made only where they are in sight, and painted only where they differ."""

    HEADER = 1
    GAP = 2

    def __init__(self, columns: Sequence[Column], *, empty: str = "", ascii: bool = False, **kwargs: Any) -> None:
        super().__init__(empty=empty, ascii=ascii, **kwargs)
        self.columns = tuple(columns)
        self.sorted_by = ""
        """The `sort` of the column whose title is marked."""
        self._row_of: Callable[[Any], Row] = self._no_row
        self._made: dict[Any, Row] = {}

    @staticmethod
    def _no_row(key: Any) -> Row:
        return Row(key, ())

    def show(self, rows: Sequence[Row]) -> None:
        """Shows these rows in this order."""
        found = {row.key: row for row in rows}
        self.show_keys([row.key for row in rows], found.__getitem__)

    def show_keys(self, keys: Sequence[Any], row_of: Callable[[Any], Row]) -> None:
        """Shows the rows of these keys in this order; `row_of` makes one that comes into sight."""
        before, self._made, self._row_of = self._made, {}, row_of
        self.replace(keys, [])
        for index in self.in_sight():
            key = self.keys[index]
            row = self._made[key] = row_of(key)
            if before.get(key) != row:
                self.refresh_line_of(index)

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
        """The titles of the columns; that of the order is marked."""
        marked = [bool(column.sort) and column.sort == self.sorted_by for column in self.columns]
        return self._draw(
            [(c.title, "head" if mark else "quiet") for c, mark in zip(self.columns, marked, strict=True)], width
        )

    def draw(self, index: int, width: int) -> Text:
        """One row."""
        key = self.keys[index]
        row = self._made.get(key)
        if row is None:
            row = self._made[key] = self._row_of(key)
        return self._draw(row.cells, width)

    def _draw(self, cells: Sequence[Part], width: int) -> Text:
        out = Text(" ", no_wrap=True, end="")
        for at, (i, column, cell_width) in enumerate(self.layout_columns(width)):
            body, name = cells[i]
            if at:
                out.append(" " * self.GAP)
            out.append(fit(body, cell_width, right=column.right), INKS[name])
        return out
