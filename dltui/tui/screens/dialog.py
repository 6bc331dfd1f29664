"""The frame that every dialog has: a title, lines of harmless text, and buttons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Button

from dltui.tui.widgets.lines import Lines

Result = TypeVar("Result")


class Dialog(ModalScreen[Result], Generic[Result]):
    """Base of the dialogs; the choices are (id, label, variant), the last one is focused and harmless."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", show=False),
        Binding("left", "app.focus_previous", show=False),
        Binding("right", "app.focus_next", show=False),
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
            yield Lines(id="dialog-body", ascii=self.ascii)
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
        self.query_one("#dialog").border_title = self.heading
        self.show_body(self.body)
        self.query_one(f"#{self.choices[-1][0]}", Button).focus()

    def show_body(self, body: Sequence[Text]) -> None:
        """Shows this text; the frame grows and shrinks with it."""
        self.body = list(body)
        lines = self.query_one("#dialog-body", Lines)
        lines.styles.height = len(self.body)
        lines.show(self.body)

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
