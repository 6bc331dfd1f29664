"""Asks before a command that is not easily undone, and says what will happen on chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button, Input

from dltui.tui.requests import Request
from dltui.tui.screens.dialog import Dialog
from dltui.tui.widgets.ink import line


class ConfirmScreen(Dialog[bool]):
    """True where the operator agreed; pinned to the request that it was opened with.

    A request with a `typed` word wants that word first, so no key pressed by habit can confirm it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "agree", "Yes", show=False),
        Binding("n", "cancel", show=False),
    ]

    def __init__(self, request: Request, *, cli: str, dangerous: bool, ascii: bool = False) -> None:
        self.request = request
        body = [
            line((request.title, "strong"), ("  ->  ", "quiet"), (request.does[0], "accent")),
            *(line("  ", (text, "")) for text in request.does[1:]),
            line(("  the same from a shell:  ", "quiet"), (cli, "quiet")),
            line(""),
        ]
        if request.typed:
            body.append(line(("type ", "warn"), (request.typed, "strong"), (" to confirm", "warn")))
        variant = "error" if dangerous else "primary"
        choices = [("confirm", f"{request.button} (y)", variant), ("cancel", "Cancel (esc)", "default")]
        super().__init__("Are you sure?" if dangerous else "Confirm", body, choices, ascii)
        self.dangerous = dangerous

    def extra(self) -> Sequence[Widget]:
        """The field to type into, where one is wanted."""
        return (Input(id="typed", compact=True),) if self.request.typed else ()

    def on_mount(self) -> None:
        """Locks the button until the word is typed."""
        self.query_one("#dialog").set_class(self.dangerous, "-dangerous")
        if self.request.typed:
            self.query_one("#confirm", Button).disabled = True
            self.call_after_refresh(self.query_one("#typed", Input).focus)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Unlocks the button."""
        self.query_one("#confirm", Button).disabled = event.value.strip() != self.request.typed

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Enter after the right word agrees."""
        self.action_agree()

    def action_agree(self) -> None:
        """Agrees, unless a word is still to be typed."""
        if not self.query_one("#confirm", Button).disabled:
            self.dismiss(True)

    def choose(self, name: str) -> None:
        """A button was pressed."""
        self.dismiss(name == "confirm")
