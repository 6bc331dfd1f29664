"""The line-drawing widgets: the door for foreign text, tables, logs, charts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.app import App, ComposeResult

from dltui.tui.widgets.charts import bar, spark
from dltui.tui.widgets.footer import Hint, KeyHints
from dltui.tui.widgets.line_table import Column, LineTable, Row
from dltui.tui.widgets.log_view import LIMIT, LogView
from dltui.tui.widgets.safe_text import fit, folded, ink, line, plain_ascii, strip_of

PLAIN = Style()


@given(st.text(max_size=80), st.integers(1, 60))
def test_a_drawn_line_has_its_width_and_no_control_character(text: str, width: int) -> None:
    strip = strip_of(line((text, "ok"), " ", text), width, PLAIN)
    drawn = "".join(segment.text for segment in strip)
    assert cell_len(drawn) == width
    assert drawn.isprintable()


@given(st.text(max_size=80), st.integers(0, 60), st.booleans())
def test_fit_gives_exactly_the_cells_asked_for(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(text, width, right=right)) == width


@given(st.text("ab é漢", max_size=60), st.integers(4, 40))
def test_a_folded_line_loses_nothing_but_blanks(text: str, width: int) -> None:
    pieces = folded(line((text, "ok"), "  ", text), width)
    assert all(piece.cell_len <= width for piece in pieces)
    assert "".join("".join(piece.plain.split()) for piece in pieces) == "".join((text + text).split())


def test_a_folded_line_goes_on_under_its_column() -> None:
    assert [piece.plain for piece in folded(line(("  K  ", "key"), "ends the process of it"), 20)] == [
        "  K  ends the",
        "     process of it",
    ]


def test_markup_and_escapes_are_shown_as_text_or_not_at_all() -> None:
    drawn = "".join(s.text for s in strip_of(ink("[/x][red]\x1b[2J\x1b]0;t\x07\x9b31mend\u202e"), 20, PLAIN))
    assert drawn == "[/x][red]end        "


@given(st.sampled_from("●◐◌▲✖✔○◆▁▅█━╸─·…‖"))
def test_ascii_symbols_keep_their_width(symbol: str) -> None:
    assert plain_ascii(symbol).isascii() and cell_len(plain_ascii(symbol)) == cell_len(symbol) == 1


def test_sparklines_show_the_last_values_between_lowest_and_highest() -> None:
    assert spark([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert spark([9, 9, 0, 7], 2) == "▁█"
    assert spark([5, 5], 8, floor=0) == "██"
    assert spark([5, 5], 8) == "▁▁"
    assert spark([], 8) == spark([1], 0) == ""


@given(st.integers(-5, 50), st.integers(-5, 40), st.integers(0, 60))
def test_a_bar_fills_its_width(part: int, whole: int, width: int) -> None:
    filled, empty = bar(part, whole, width)
    assert len(filled) + len(empty) == width


def test_a_bar_is_full_only_at_the_end() -> None:
    assert bar(0, 4, 4) == ("", "────")
    assert bar(1, 8, 4) == ("╸", "───")
    assert bar(4, 4, 4) == ("━━━━", "")
    assert bar(99, 100, 4) == ("━━━╸", "")


class TableApp(App[None]):
    def compose(self) -> ComposeResult:
        columns = [Column("name", 8), Column("n", 5, right=True, rank=2), Column("note", 6, grow=True, rank=1)]
        yield LineTable(columns, empty="nothing yet", id="table")

    @property
    def table(self) -> LineTable:
        return self.query_one("#table", LineTable)


def rows(*names: str) -> list[Row]:
    return [Row(name, ((name, ""), (str(len(name)), "ok"), ("note", "quiet"))) for name in names]


def drawn(table: LineTable) -> list[str]:
    return ["".join(s.text for s in table.render_line(y)).rstrip() for y in range(table.size.height)]


async def test_the_cursor_follows_its_key_when_rows_are_sorted_and_removed() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 8)) as pilot:
        table = app.table
        table.show(rows("a", "b", "c", "d"))
        table.focus()
        await pilot.press("down", "down")
        assert table.cursor == "c"
        table.show(rows("d", "c", "b", "a"))
        assert (table.cursor, table.cursor_index) == ("c", 1)
        table.show(rows("z", "y", "d", "c"))
        assert (table.cursor, table.cursor_index) == ("c", 3)
        table.show(rows("z", "d"))
        assert table.cursor == "d"
        table.show([])
        assert table.cursor is None
        assert drawn(table)[1] == " nothing yet"
        table.show(rows("a", "b", "d"))
        assert table.cursor == "a"
        table.show(rows("a", "b", "c", "d"))
        assert table.cursor == "c"


async def test_an_untouched_cursor_stays_on_the_first_row() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.show(rows("v0"))
        app.table.show(rows("v1", "v0"))
        assert app.table.cursor == "v1"
        app.table.focus()
        await pilot.press("down")
        app.table.show(rows("v2", "v1", "v0"))
        assert app.table.cursor == "v0"


async def test_the_cursor_stays_in_sight_and_columns_fold_by_rank() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 6)) as pilot:
        table = app.table
        table.show(rows(*(f"row-{n:02}" for n in range(30))))
        table.focus()
        await pilot.press("end")
        await pilot.pause()
        assert drawn(table)[-1].split() == ["row-29", "6", "note"]
        assert drawn(table)[0].split() == ["name", "n", "note"]
        await pilot.press("home")
        await pilot.pause()
        assert drawn(table)[1].split() == ["row-00", "6", "note"]
        await pilot.resize_terminal(18, 6)
        await pilot.pause()
        assert drawn(table)[0].split() == ["name", "note"]


async def test_a_click_selects_the_row_under_the_mouse() -> None:
    app = TableApp()
    async with app.run_test(size=(40, 8)) as pilot:
        app.table.show(rows("a", "b", "c"))
        await pilot.click("#table", offset=(3, 2))
        assert app.table.cursor == "b"


async def test_only_rows_that_changed_are_painted(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TableApp()
    async with app.run_test(size=(40, 8)):
        table = app.table
        table.show(rows("a", "b", "c"))
        painted: list[tuple[int, ...]] = []
        monkeypatch.setattr(table, "refresh", lambda *regions, **_: painted.append(tuple(r.y for r in regions)))
        table.show(rows("a", "b", "c"))
        assert painted == []
        changed = rows("a", "b", "c")
        changed[1] = Row("b", (("b", ""), ("99", "ok"), ("note", "quiet")))
        table.show(changed)
        assert painted == [(2,)]


class Log(LogView):
    def compose_line(self, item: int, width: int) -> Text:
        return ink(f"line {item}")


class LogApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Log(id="log")

    @property
    def log_view(self) -> Log:
        return self.query_one("#log", Log)


def seen(log: LogView) -> list[str]:
    return ["".join(s.text for s in log.render_line(y)).rstrip() for y in range(log.size.height)]


async def test_a_log_follows_its_end_until_the_reader_leaves_it() -> None:
    app = LogApp()
    async with app.run_test(size=(20, 4)) as pilot:
        log = app.log_view
        log.extend(range(10))
        await pilot.pause()
        assert seen(log) == ["line 6", "line 7", "line 8", "line 9"]
        log.focus()
        await pilot.press("up")
        log.extend(range(10, 15))
        await pilot.pause()
        assert seen(log) == ["line 6", "line 7", "line 8", "line 9"]
        assert (log.following, log.unseen) == (False, 5)
        await pilot.press("end")
        log.extend([15])
        await pilot.pause()
        assert seen(log)[-1] == "line 15"
        assert (log.following, log.unseen) == (True, 0)


async def test_a_full_log_does_not_drift_under_the_reader() -> None:
    app = LogApp()
    async with app.run_test(size=(20, 4)) as pilot:
        log = app.log_view
        log.extend(range(LIMIT))
        log.focus()
        await pilot.pause()
        await pilot.press("pageup", "pageup")
        await pilot.pause()
        before = seen(log)
        log.extend(range(LIMIT, LIMIT + 300))
        await pilot.pause()
        assert seen(log) == before
        log.extend(range(2 * LIMIT, 3 * LIMIT))
        await pilot.pause()
        assert seen(log)[0] == f"line {2 * LIMIT}"


class HintApp(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.pressed: list[str] = []

    def compose(self) -> ComposeResult:
        yield KeyHints(id="hints")

    def on_key_hints_pressed(self, event: KeyHints.Pressed) -> None:
        self.pressed.append(event.id)


async def test_key_hints_drop_the_tail_and_take_clicks() -> None:
    app = HintApp()
    async with app.run_test(size=(30, 2)) as pilot:
        hints = app.query_one("#hints", KeyHints)
        names = ("register", "approve", "reject", "zoom")
        hints.show([Hint(n, n[0], n, True) for n in names] + [Hint("quit", "q", "Quit", True, kept=True)])
        assert "".join(s.text for s in hints.render_line(0)).rstrip() == " r register  a approve  q Quit"
        await pilot.click("#hints", offset=(14, 0))
        await pilot.click("#hints", offset=(24, 0))
        assert app.pressed == ["approve", "quit"]
