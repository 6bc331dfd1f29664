"""The frame that every dialog has: a title, lines of harmless text, and buttons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button

from dltui.tui.widgets.lines import FoldedLines

Result = TypeVar("Result")

TEXT = 0.6
"""Most of the screen's rows that the text takes; it scrolls."""


class Dialog(ModalScreen[Result], Generic[Result]):
    """Base of the dialogs; the choices are (id, label, variant), the last one is focused and harmless."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
        Binding("up", "scroll(-1)", show=False),
        Binding("down", "scroll(1)", show=False),
    ]

    def __init__(self, title: str, body: Sequence[Text], choices: Sequence[tuple[str, str, str]], ascii: bool) -> None:
        super().__init__()
        self.heading = title
        self.body = list(body)
        self.choices = list(choices)
        self.ascii = ascii

    def compose(self) -> ComposeResult:
        """The frame."""
        with Vertical(id="dialog"):
            with VerticalScroll(id="dialog-text", can_focus=False):
                yield FoldedLines(id="dialog-body", ascii=self.ascii)
            yield from self.extra()
            with Horizontal(id="dialog-buttons"):
                for name, label, variant in self.choices:
                    yield Button(label, id=name, variant=variant, compact=True)  # type: ignore[arg-type]

    def extra(self) -> Sequence[Widget]:
        """Widgets between the text and the buttons."""
        return ()

    def on_mount(self) -> None:
        """Titles the frame and focuses the harmless choice."""
        self.set_class(self.ascii, "-ascii")
        frame = self.query_one("#dialog")
        frame.border_title = self.heading
        frame.set_class(len(self.choices) > 2, "-many")
        self.show_body(self.body)
        self.query_one(f"#{self.choices[-1][0]}", Button).focus()

    def show_body(self, body: Sequence[Text]) -> None:
        """Shows this text; the frame grows and shrinks with it."""
        self.body = list(body)
        self.query_one("#dialog-body", FoldedLines).show(self.body)
        self.call_after_refresh(self._fit)

    def on_resize(self) -> None:
        """Another size breaks the lines anew."""
        self.call_after_refresh(self._fit)

    def _fit(self) -> None:
        """Keep the buttons on the screen: a frame of automatic height counts what its text would scroll to."""
        lines = self.query_one("#dialog-body", FoldedLines).count
        low = self.has_class("-low") or self.has_class("-flat")  # there the frame fills the screen
        self.query_one("#dialog-text").styles.height = None if low else min(lines, int(self.app.size.height * TEXT))

    def action_scroll(self, lines: int) -> None:
        """Moves the text where it is longer than the screen is high."""
        self.query_one("#dialog-text").scroll_relative(y=lines, animate=False)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Gives the answer."""
        event.stop()
        self.choose(event.button.id or "")

    def choose(self, name: str) -> None:
        """Answers with the choice of this id."""
        raise NotImplementedError

    def action_cancel(self) -> None:
        """Answers with the harmless choice."""
        self.choose(self.choices[-1][0])
