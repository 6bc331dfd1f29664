"""Asks for the name and the data slice of one more client."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Button, Input, Label, Select, Static

from dltui.core.commands.decisions import free_slices
from dltui.core.sanitize import clean
from dltui.tui.hints import key_of
from dltui.tui.screens.dialog import Dialog
from dltui.tui.widgets.safe_text import line, plain_ascii

if TYPE_CHECKING:
    from dltui.tui.host import Host

MOST_BYTES = 24


class WizardScreen(Dialog[dict[str, Any] | None]):
    """Answers with the arguments of `client.register`, or None."""

    def __init__(self, app: Host) -> None:
        self.dltui = app
        self.free = free_slices(app.state)
        choices = [("confirm", "Add", "primary"), ("cancel", "Cancel (esc)", "default")]
        super().__init__("Add a client", self._text(), choices, app.ascii_only)

    def _text(self, wrong: str = "") -> list[Text]:
        auto = self.dltui.state.setting("clients", "auto_register", True)
        then = " and is registered" if auto else f"; {key_of(self.dltui, 'register')} registers it"
        return [
            line("Starts one more process with a key of its own, funded by one transfer."),
            line(f"It asks to join{then}; it takes part from the next round."),
            line((wrong, "warn")),
        ]

    def extra(self) -> Sequence[Widget]:
        """Name, slice, and the one kind of behaviour that there is."""
        slices = [(f"slice {part}", part) for part in self.free]
        name = Input(f"client-{self.free[0]}", id="name", max_length=MOST_BYTES, compact=True)
        return (
            Horizontal(Label("name"), name, classes="field"),
            Horizontal(Label("data"), Select(slices, value=self.free[0], allow_blank=False, id="slice", compact=True),
                       classes="field"),
            Horizontal(Label("attack"), Label("none", id="attack"), classes="field"),
        )  # fmt: skip

    def on_mount(self) -> None:
        """The name is asked for first."""
        self.call_after_refresh(self.query_one("#name", Input).focus)
        if self.ascii:
            self.call_after_refresh(self._plain_arrows)

    def _plain_arrows(self) -> None:
        for arrow in self.query("Select .arrow").results(Static):
            arrow.update(plain_ascii(str(arrow.content)))

    @property
    def wrong(self) -> str:
        """Why the name will not do."""
        name = self.query_one("#name", Input).value.strip()
        if not name:
            return "a client needs a name"
        if clean(name) != name or len(name.encode()) > MOST_BYTES:
            return f"a name is plain text of at most {MOST_BYTES} bytes"
        if name == "operator" or name in self.dltui.state.clients:
            return "that name is taken"
        return ""

    @on(Input.Changed)
    def _changed(self) -> None:
        self.query_one("#confirm", Button).disabled = bool(self.wrong)
        self.show_body(self._text(self.wrong))

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.choose("confirm")

    def choose(self, name: str) -> None:
        """A button was pressed."""
        if name != "confirm":
            self.dismiss(None)
        elif not self.wrong:
            part = self.query_one("#slice", Select).value
            self.dismiss({"client": self.query_one("#name", Input).value.strip(), "part": part})
