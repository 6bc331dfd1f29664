"""What every pane has: a number, what it depends on, and the last state it drew."""

from __future__ import annotations

from typing import ClassVar

from textual.widget import Widget

from dltui.core.state import State
from dltui.tui.widgets.ink import plain_ascii


class Pane(Widget, can_focus=True):
    """Mixed into a widget that draws lines.

    `needs` are the names that `State.apply` returns for changes that it shows; `ages` is set where it shows ages.
    """

    heading: ClassVar[str] = ""
    needs: ClassVar[frozenset[str]] = frozenset()
    ages: ClassVar[bool] = False
    ascii: bool = False
    _seen: tuple[State, float] | None = None
    _subtitle: str = ""

    def show_state(self, state: State, now: float) -> None:
        """Draws the state as of `now`, unix seconds; what is hidden is drawn when it appears."""
        self._seen = (state, now)
        if self.size.width > 0 and self.size.height > 0:
            self.draw_state(state, now)

    def draw_state(self, state: State, now: float) -> None:
        """Draws it."""
        raise NotImplementedError

    def on_resize(self) -> None:
        """Draws again in the new size."""
        if self._seen is not None:
            self.draw_state(*self._seen)

    def subtitle(self, text: str) -> None:
        """The note in the lower border; own text only."""
        text = plain_ascii(text) if self.ascii else text
        if text != self._subtitle:
            self._subtitle = text
            self.border_subtitle = text
