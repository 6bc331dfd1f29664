"""A pane of figures and of lines that can be opened."""

from __future__ import annotations

from dltui.core.ordering import matcher
from dltui.tui.panes.base import Pane, Thing
from dltui.tui.widgets.sheet import Entry, Sheet


class SheetPane(Pane, Sheet):
    """Its filter leaves the figures and hides the lines that do not fit."""

    @property
    def selected(self) -> Thing | None:
        """The thing under the cursor."""
        under: Thing | None = self.cursor
        return under

    def show_fitting(self, entries: list[Entry]) -> None:
        """Shows the entries that fit the filter."""
        fits = matcher(self.pattern)
        self.show([e for e in entries if e.thing is None or not self.pattern or fits(e.make().plain)])

    def note_of_filter(self) -> str:
        """The filter, for the lower border."""
        return f'filter "{self.pattern[:16]}"' if self.pattern else ""
