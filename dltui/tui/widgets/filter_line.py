"""The line in which a filter is typed."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from dltui.tui.widgets.safe_text import plain_ascii


class FilterLine(Horizontal):
    """Hidden until it is opened; tells every change, and its end with or without a filter."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave('')", show=False)]

    class Changed(Message):
        """Something else is typed."""

        def __init__(self, pattern: str) -> None:
            super().__init__()
            self.pattern = pattern

    class Left(Changed):
        """Typing has ended; this pattern stays."""

    def __init__(self, *, ascii: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._label = Label("", markup=False, id="filter-label")
        self._input = Input(id="filter-input", compact=True, select_on_focus=False)
        hint = "words that must be there · !word that must not · enter keeps · esc clears"
        self._hint = Label(plain_ascii(hint) if ascii else hint, markup=False)
        self._input.cursor_blink = False

    def compose(self) -> ComposeResult:
        """The pane's name, the words, and how it ends."""
        yield self._label
        yield self._input
        yield self._hint

    def open(self, heading: str, pattern: str) -> None:
        """Starts typing a filter of the pane with this heading, from the present one."""
        self._label.update(f" / {heading}: ")
        self._input.value = pattern
        self.add_class("-on")
        self.screen.set_focus(self._input)

    @property
    def typing(self) -> bool:
        """Somebody types a filter now."""
        return self.has_class("-on")

    def take(self, characters: str) -> None:
        """Text that was typed before the focus had come here."""
        self._input.insert_text_at_cursor(characters)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filters while one types."""
        event.stop()
        if self.typing:
            self.post_message(self.Changed(event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter keeps the filter."""
        event.stop()
        self.action_leave(event.value)

    def on_descendant_blur(self, _event: events.DescendantBlur) -> None:
        """So does going elsewhere."""
        if self.typing:
            self.action_leave(self._input.value)

    def action_leave(self, pattern: str) -> None:
        """Ends typing with this pattern."""
        self.remove_class("-on")
        self.post_message(self.Left(pattern))
