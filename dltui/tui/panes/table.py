"""A pane of rows: filtered, sorted, and kept in place while somebody moves about in it."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from textual.timer import Timer

from dltui.core.ordering import Ordering
from dltui.core.state.state import State
from dltui.tui.hints import filter_keys
from dltui.tui.panes.base import Pane, Thing
from dltui.tui.widgets.line_table import LineTable, Row
from dltui.tui.widgets.line_view import LineView
from dltui.tui.widgets.safe_text import Part

HOLD_SECONDS = 3.0
"""How long the order stays after the cursor was moved."""


class Rows(Protocol):
    """The rows of a moment: their ids in their own order, and each row."""

    @property
    def ids(self) -> list[Any]:
        """Ids in the list's own order."""

    def row(self, id: Any) -> Any:
        """The row of an id."""


class TablePane(Pane, LineTable):
    """Subclasses say what the rows are, what their cells are, and what they are searched and sorted by."""

    sorts: ClassVar[bool] = True
    kind: ClassVar[str] = ""
    """What a row stands for."""
    nothing: ClassVar[str] = ""
    """What is said where there is no row yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.ordering: Ordering[Any] = Ordering()
        self._release: Timer | None = None

    def rows(self, state: State, now: float) -> Rows:
        """The rows of this moment."""
        raise NotImplementedError

    def cells(self, row: Any) -> tuple[Part, ...]:
        """One piece of text a column."""
        raise NotImplementedError

    def value(self, row: Any, column: str) -> Any:
        """What a column sorts by; None where it is unknown, which comes last."""
        raise NotImplementedError

    def searched(self, row: Any) -> str:
        """What a filter looks at."""
        raise NotImplementedError

    def record(self, row: Any) -> dict[str, Any]:
        """The row as plain data."""
        raise NotImplementedError

    def remark(self, state: State, rows: Rows) -> str:
        """What else the lower border says."""
        return ""

    def instead(self, state: State, now: float) -> str:
        """What is said while there is no row."""
        return self.nothing

    def draw_state(self, state: State, now: float) -> None:
        """The rows that fit the filter, in their order."""
        rows = self.rows(state, now)
        keys = self._arranged(rows)
        unfit = f'Nothing here fits the filter "{self.pattern}": {filter_keys(self)}.'
        empty = unfit if self.pattern and rows.ids else self.instead(state, now)
        if empty != self.empty:
            self.empty = empty
            self.refresh()
        self.show_keys(keys, lambda id: Row(id, self.cells(rows.row(id))))
        self.subtitle(*self._notes(keys, rows), self.remark(state, rows))

    def _arranged(self, rows: Rows) -> list[Any]:
        self.ordering.pattern = self.pattern
        made: dict[Any, Any] = {}

        def row(id: Any) -> Any:
            if id not in made:
                made[id] = rows.row(id)
            return made[id]

        return self.ordering.arrange(
            rows.ids, lambda id, column: self.value(row(id), column), lambda id: self.searched(row(id))
        )

    def _notes(self, keys: list[Any], rows: Rows) -> tuple[str, ...]:
        order = self.ordering
        arrow = "▼" if order.descending else "▲"
        sort = f"sort {order.column or 'own order'} {arrow}" if order.column or order.descending else ""
        return (
            f"{len(keys):,} of {len(rows.ids):,}" if rows.ids else "",
            f'filter "{self.pattern[:16]}"' if self.pattern else "",
            sort,
            "order held" if order.held else "",
        )

    def sort_next(self) -> None:
        """Sorts by the next column in sight, after the last by none; numbers begin with the largest."""
        columns = [c for _, c, _ in self.layout_columns(self.size.width) if c.sort]
        names = ["", *(c.sort for c in columns)]
        at = names.index(self.ordering.column) if self.ordering.column in names else 0
        at = (at + 1) % len(names)
        self.ordering.column = self.sorted_by = names[at]
        self.ordering.descending = at > 0 and columns[at - 1].right
        self.release()
        self.refresh()

    def sort_reverse(self) -> None:
        """Turns the order round."""
        self.ordering.descending = not self.ordering.descending
        self.release()

    def on_line_view_moved(self, event: LineView.Moved) -> None:
        """Holds the order while somebody moves the cursor, so that nothing slips from under it."""
        if event.by_hand:
            held, self.ordering.held = self.ordering.held, True
            if self._release is not None:
                self._release.stop()
            self._release = self.set_timer(HOLD_SECONDS, self.release)
            if not held:
                self.draw_again()

    def release(self) -> None:
        """Lets the order move again."""
        if self._release is not None:
            self._release.stop()
        self.ordering.held = False
        self.draw_again()

    @property
    def selected(self) -> Thing | None:
        """The row under the cursor."""
        return (self.kind, self.cursor) if self.cursor is not None else None

    def exported(self, state: State, now: float) -> list[dict[str, Any]]:
        """Every row that is shown."""
        rows = self.rows(state, now)
        return [self.record(rows.row(id)) for id in self._arranged(rows)]
