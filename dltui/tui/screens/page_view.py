"""Draws the facts and tables of a page as one list of lines, with a cursor that stays on its line when they change."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.text import Text
from textual.content import Content

from dltui.core.pages.page import Cell, Col, Fact, Table, Target
from dltui.core.sanitize import clean
from dltui.tui.theme import INKS, TONES
from dltui.tui.widgets.line_view import LineView
from dltui.tui.widgets.safe_text import fit, line, plain_ascii

_LABEL = 11
_GAP = 2
_TITLE_EDGES = 6
"""Cells of the upper border that are no title: corners, dashes and blanks."""
_LEAST = 8
"""Cells of the growing column, at least."""


@dataclass(frozen=True)
class Shown:
    """One drawn line, what it leads to, and what is copied from it."""

    key: Any
    text: Text
    target: Target | None = None
    copy: str = ""


class PageView(LineView):
    """Facts, then tables; `selected` is what the line under the cursor leads to."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._facts: tuple[Fact, ...] = ()
        self._tables: tuple[Table, ...] = ()
        self._shown: list[Shown] = []
        self._title = ""

    @property
    def current(self) -> Shown | None:
        """The line under the cursor."""
        index = self.cursor_index
        return self._shown[index] if index is not None and index < len(self._shown) else None

    @property
    def selected(self) -> Target | None:
        """What the line under the cursor leads to."""
        return self.current.target if self.current else None

    def show_page(self, facts: tuple[Fact, ...], tables: tuple[Table, ...]) -> None:
        """Shows these; lines that stay the same are not painted again."""
        self._facts, self._tables = facts, tables
        self._lay_out()

    def entitle(self, title: str) -> None:
        """Writes a title into the border, cut here: where the terminal library cuts, it puts its own symbol."""
        self._title = title
        room = self.outer_size.width - _TITLE_EDGES
        shown = fit(title, min(room, cell_len(title)))
        # As content, because a string would be parsed as markup.
        self.border_title = Content(plain_ascii(shown) if self.ascii else shown)

    def on_resize(self) -> None:
        """Wraps to the new width."""
        self.entitle(self._title)
        self._lay_out()
        super().on_resize()

    def draw(self, index: int, width: int) -> Text:
        """One line."""
        return self._shown[index].text.copy()

    def _lay_out(self) -> None:
        width = self.size.width
        if width < _LABEL:
            return
        old = {shown.key: shown for shown in self._shown}
        self._shown = [*self._fact_lines(width), *self._table_lines(width)]
        first = next((shown.key for shown in self._shown if shown.target is not None), None)
        if self.cursor is None and first is not None:
            # Where nobody moved it, the base would put it on the first line, which is a title.
            self.cursor = self.wanted = first
        self.replace([s.key for s in self._shown], [i for i, s in enumerate(self._shown) if old.get(s.key) != s])

    def _fact_lines(self, width: int) -> Iterator[Shown]:
        for at, fact in enumerate(self._facts):
            room = width - _LABEL - 2
            text = clean(fact.text, 4_000)
            parts = textwrap.wrap(text, room, break_on_hyphens=False) or [""]
            name = "accent" if fact.target and not fact.tone else TONES.get(fact.tone, fact.tone)
            for n, part in enumerate(parts):
                drawn = line((f" {fact.label if not n else '':<{_LABEL - 1}} ", "quiet"), (part, name))
                yield Shown(("fact", fact.label, at, n), drawn, fact.target, fact.copy or fact.text)

    def _table_lines(self, width: int) -> Iterator[Shown]:
        for at, table in enumerate(self._tables):
            if at or self._facts:
                yield Shown((table.title, "gap"), line(""))
            count = f"  {len(table.lines):,}" if table.lines else ""
            yield Shown((table.title, "title"), line((f" {table.title}", "head"), (count, "quiet")))
            if not table.lines:
                yield Shown((table.title, "none"), line((f" {table.empty}", "quiet")))
                continue
            widths = _widths(table.columns, width)
            titles = [(column.title, "quiet") for column in table.columns]
            yield Shown((table.title, "columns"), _row(titles, table.columns, widths, linked=False))
            keys: dict[Any, int] = {}
            for row in table.lines:
                # Rows have no numbers of their own: what they lead to tells them apart, then their order.
                which = row.target or row.cells[0]
                keys[which] = keys.get(which, 0) + 1
                drawn = _row(row.cells, table.columns, widths, linked=row.target is not None)
                yield Shown((table.title, which, keys[which]), drawn, row.target, row.copy)


def _widths(columns: tuple[Col, ...], width: int) -> list[int]:
    fixed = sum(column.width for column in columns) + _GAP * (len(columns) - 1) + 2
    return [column.width or max(_LEAST, width - fixed) for column in columns]


def _row(cells: Any, columns: tuple[Col, ...], widths: list[int], *, linked: bool) -> Text:
    out = Text(" ", no_wrap=True, end="")
    for at, (cell, column, cells_wide) in enumerate(zip(cells, columns, widths, strict=True)):
        text, name = _ink(cell)
        if at:
            out.append(" " * _GAP)
        elif linked and not name:
            name = "accent"
        out.append(fit(text, cells_wide, right=column.right), INKS[name])
    return out


def _ink(cell: Cell) -> tuple[str, str]:
    text, tone = cell if isinstance(cell, tuple) else (cell, "")
    return text, TONES.get(tone, tone)
