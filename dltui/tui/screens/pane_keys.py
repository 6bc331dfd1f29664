"""Keys that change only what is seen: open, filter, sort, hold, look back, copy, export, and how often to paint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events, on
from textual.screen import Screen

from dltui.tui.messages import Opened
from dltui.tui.panes.base import Pane, Thing
from dltui.tui.panes.table import TablePane
from dltui.tui.screens.exports import write_rows
from dltui.tui.widgets.filter_line import FilterLine

if TYPE_CHECKING:
    from dltui.core.state.state import State
    from dltui.tui.host import Host

SLOWEST, FASTEST = 0.5, 16.0
"""Paints a second."""


class PaneKeys(Screen[None]):
    """The part of the main screen that acts on the focused pane and on the moment that is shown."""

    dltui: Host
    panes: dict[str, Pane]
    current: str
    filter_line: FilterLine

    @property
    def pane(self) -> Pane:
        """The focused pane."""
        return self.panes[self.current]

    @property
    def selected(self) -> Thing | None:
        """What the row under the cursor of the focused pane stands for: its kind and id."""
        return self.pane.selected

    @property
    def shown(self) -> State:
        """The state that the panes draw: the present one, one that is held, or that of an earlier round."""
        return self.dltui.picture.shown(self.dltui.state)

    def repaint(self) -> None:
        """Draws everything, because another moment is shown."""
        raise NotImplementedError

    def pace(self, paints_per_second: float) -> None:
        """Paints at most so many times a second."""
        raise NotImplementedError

    def action_open(self) -> None:
        """Asks for the page of what is under the cursor."""
        if self.selected is not None:
            self.post_message(Opened(*self.selected))

    def action_filter(self) -> None:
        """Types a filter of the focused pane."""
        self.filter_line.open(self.pane.heading, self.pane.pattern)

    def typed(self, event: events.Key) -> bool:
        """Takes a key for the filter's text that went to a pane, because it came before the filter had the focus."""
        if not (self.filter_line.typing and event.is_printable and event.character):
            return False
        self.filter_line.take(event.character)
        return True

    @on(FilterLine.Changed)
    def _filter(self, event: FilterLine.Changed) -> None:
        self.pane.filter(event.pattern)

    @on(FilterLine.Left)
    def _filtered(self, event: FilterLine.Left) -> None:
        self.pane.filter(event.pattern)
        self.set_focus(self.pane)

    def action_sort_next(self) -> None:
        """Sorts by the next column."""
        if isinstance(self.pane, TablePane):
            self.pane.sort_next()

    def action_sort_reverse(self) -> None:
        """Turns the order round."""
        if isinstance(self.pane, TablePane):
            self.pane.sort_reverse()

    def action_freeze(self) -> None:
        """Holds the picture while the run goes on, or lets it catch up."""
        self.dltui.picture.freeze(self.dltui.state)
        self.repaint()

    def action_round_back(self) -> None:
        """Shows what was known when the round before had ended."""
        self.dltui.picture.back(self.dltui.state)
        self.repaint()

    def action_round_forward(self) -> None:
        """Shows the round after, at last the present."""
        self.dltui.picture.forward(self.dltui.state)
        self.repaint()

    def action_live(self) -> None:
        """Shows the present, moving."""
        if not self.dltui.picture.live:
            self.dltui.picture.present()
            self.repaint()

    def action_copy(self) -> None:
        """Copies the address, the hash or the line under the cursor, and shows it: not every terminal takes it."""
        value = self.pane.copied()
        if value:
            self.dltui.control.copy(value)
        else:
            self.dltui.tell("nothing is selected to copy", "warning")

    def action_export(self) -> None:
        """Writes the rows of the focused pane, as they are filtered and sorted, as CSV and JSON."""
        state, now = self.shown, self.dltui.picture.now(self.dltui.now())
        write_rows(self.dltui, self.pane.exported(state, now), self.current, now)

    def action_refresh_faster(self) -> None:
        """Paints twice as often."""
        self._pace(2.0)

    def action_refresh_slower(self) -> None:
        """Paints half as often."""
        self._pace(0.5)

    def _pace(self, factor: float) -> None:
        paints = max(SLOWEST, min(FASTEST, self.dltui.paints_per_second * factor))
        self.pace(paints)
        self.dltui.tell(f"at most {paints:g} paints a second")
