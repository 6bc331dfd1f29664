"""What every pane has: a number, what it depends on, the last state it drew, and what the keys get from it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.widget import Widget

from dltui.core.pages.page import handle
from dltui.core.state.state import State
from dltui.tui.widgets.safe_text import plain_ascii

Thing = tuple[str, Any]
"""What a line stands for: a client, a version, a round, an event or what gas was paid for, and its id."""


class Pane(Widget, can_focus=True):
    """Mixed into a widget that draws lines.

    `needs` are the names that `State.apply` returns for changes that it shows; `ages` is set where it shows ages.
    """

    heading: ClassVar[str] = ""
    needs: ClassVar[frozenset[str]] = frozenset()
    ages: ClassVar[bool] = False
    sorts: ClassVar[bool] = False
    """Its rows can be put in another order."""
    ascii: bool = False
    cursor: Any
    """The key of the line under the cursor; None where no row has it."""
    engine_lost: bool = False
    """Nobody answers on the control socket."""
    pattern: str = ""
    """The filter; empty shows everything."""
    _seen: tuple[State, float] | None = None
    _subtitle: str = ""

    def show_state(self, state: State, now: float) -> None:
        """Draws the state as of `now`, unix seconds; what is hidden is drawn when it appears."""
        self._seen = (state, now)
        if self.size.width > 0 and self.size.height > 0:
            self.draw_state(state, now)

    @property
    def drawn(self) -> State | None:
        """The state that was drawn last."""
        return self._seen[0] if self._seen is not None else None

    def draw_state(self, state: State, now: float) -> None:
        """Draws it."""
        raise NotImplementedError

    def draw_again(self) -> None:
        """Draws the state that it drew last, because something else about it has changed."""
        if self._seen is not None:
            self.show_state(*self._seen)

    def on_resize(self) -> None:
        """Draws again in the new size."""
        self.draw_again()

    def filter(self, pattern: str) -> None:
        """Shows only what fits; empty shows everything."""
        self.pattern = pattern
        self.draw_again()

    @property
    def selected(self) -> Thing | None:
        """What the line under the cursor stands for."""
        return None

    def copied(self) -> str:
        """What the copy key copies: an address, a hash or a line; empty where there is nothing."""
        chosen, state = self.selected, self.drawn
        return handle(state, chosen) if state is not None and chosen is not None else ""

    def exported(self, state: State, now: float) -> list[dict[str, Any]]:
        """The pane's rows as plain data, in the order in which it shows them."""
        raise NotImplementedError

    def subtitle(self, *notes: str) -> None:
        """The notes in the lower border; own text only. Where there is no room for all, the first go first."""
        kept = [note for note in notes if note]
        room = max(0, self.outer_size.width - 6)
        while len(kept) > 1 and len(" · ".join(kept)) > room:
            del kept[0]
        text = " · ".join(kept)
        if len(text) > room:
            text = text[: max(0, room - 1)] + "…" if room else text
        text = plain_ascii(text) if self.ascii else text
        if text != self._subtitle:
            self._subtitle = text
            self.border_subtitle = text.replace("[", "\\[")
