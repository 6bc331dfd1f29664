"""Asks before a command that costs gas or is not easily undone, and says what will happen on chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button, Input

from dltui.core import format as fmt
from dltui.core.commands import Request
from dltui.core.sanitize import clean
from dltui.tui.background import in_words
from dltui.tui.screens.dialog import Dialog
from dltui.tui.widgets.safe_text import line

if TYPE_CHECKING:
    from dltui.tui.host import Host


class ConfirmScreen(Dialog[bool]):
    """True where the operator agreed; pinned to the request that it was opened with.

    A request with a `typed` word wants that word first, so no key pressed by habit can confirm it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "agree", "Yes", show=False),
        Binding("n", "cancel", show=False),
    ]

    def __init__(self, app: Host, request: Request, *, dangerous: bool) -> None:
        self.dltui = app
        self.request = request
        self.dangerous = dangerous
        variant = "error" if dangerous else "primary"
        keys = "esc" if request.typed else "esc, enter"  # enter after the typed word agrees
        choices = [("confirm", f"{request.button} (y)", variant), ("cancel", f"Cancel ({keys})", "default")]
        cost = [line("  asking the chain what it costs …")] if request.onchain else []
        super().__init__("Are you sure?" if dangerous else "Confirm", self._text(cost), choices, app.ascii_only)

    def _text(self, cost: list[Text]) -> list[Text]:
        request = self.request
        body = [
            line((request.title, "strong"), ("  ->  ", "quiet"), (request.does[0], "accent")),
            *(line("  ", (text, "")) for text in request.does[1:]),
            *cost,
        ]
        twin = self.dltui.twin(request.name, request.args)
        return [*body, line(("  the same from a shell:  ", "quiet"), (twin, "quiet")), line("")]

    def extra(self) -> Sequence[Widget]:
        """The field to type into, where one is wanted."""
        hint = f"type {clean(self.request.typed)} to confirm"
        return (Input(id="typed", placeholder=hint, compact=True),) if self.request.typed else ()

    def on_mount(self) -> None:
        """Locks the button until the word is typed, and asks for the gas."""
        self.query_one("#dialog").set_class(self.dangerous, "-dangerous")
        if self.request.typed:
            self.query_one("#confirm", Button).disabled = True
            self.call_after_refresh(self.query_one("#typed", Input).focus)
        if self.request.onchain:
            self.run_worker(self._estimate(), exit_on_error=False)

    async def _estimate(self) -> None:
        try:
            cost = await self.dltui.inquiry.estimate(self.request)
        except Exception as error:  # nobody else would say so
            why = clean(f"no estimate: {in_words(error).message}", 300)
            self.show_body(self._text([line("  ", (why, "warn"))]))
            return
        fee = (f" ({fmt.ether(cost.fee)} ETH)", "quiet")
        told = line(f"  est. {cost.gas:,} gas", fee, f" - from op {fmt.short(cost.sender)}")
        self.show_body(self._text([told]))

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
