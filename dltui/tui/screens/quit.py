"""Asks what to do with a live run before the screen is left."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from dltui.core.state.state import State
from dltui.tui.screens.dialog import Dialog
from dltui.tui.widgets.safe_text import line


class QuitScreen(Dialog[str]):
    """Answers `stop`, `detach` or `cancel`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "pick('stop')", show=False),
        Binding("l", "pick('detach')", show=False),
        Binding("q", "cancel", show=False),
    ]

    def __init__(self, state: State, *, ascii: bool = False) -> None:
        running = [c for c in state.clients.values() if c.process in ("starting", "ready")]
        node = f"the chain ({state.chain.engine or 'node'}"
        node += f", pid {state.chain.pid})" if state.chain.pid is not None else ")"
        if state.chain.engine == "url":
            node = f"nothing of the chain: {state.chain.url} is not ours"
        names = ", ".join(c.id for c in running[:6]) + (" …" if len(running) > 6 else "")
        body = [
            line("This run is live. ", ("Stop all", "warn"), " ends:"),
            line(("  · ", "quiet"), node),
            line(("  · ", "quiet"), f"{len(running)} client{'' if len(running) == 1 else 's'}  ", (names, "quiet")),
            line((f"Leave running keeps it; dltui attach {state.run} comes back.", "quiet")),
            line(""),
        ]
        choices = [
            ("stop", "Stop all (s)", "error"),
            ("detach", "Leave running (l)", "primary"),
            ("cancel", "Cancel (esc)", "default"),
        ]
        super().__init__("Quit", body, choices, ascii)

    def action_pick(self, name: str) -> None:
        """A letter was pressed."""
        self.choose(name)

    def choose(self, name: str) -> None:
        """Gives the answer."""
        self.dismiss(name)
