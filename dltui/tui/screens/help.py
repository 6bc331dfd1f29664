"""The help page: made from the registry of actions, so it cannot disagree with the keys."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from dltui.core.state import State
from dltui.tui.actions import ACTIONS
from dltui.tui.requests import Selection
from dltui.tui.widgets.ink import line
from dltui.tui.widgets.lines import Lines

_MOVES = (
    ("up down", "move in the focused pane"),
    ("home end", "first or last row; end follows the events again"),
    ("shift+drag", "select text with the terminal itself"),
)


class HelpScreen(ModalScreen[None]):
    """Keys, what they do, and why some do nothing now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss(None)", "Close", show=False),
    ]

    def __init__(self, state: State, selection: Selection, *, ascii: bool = False) -> None:
        super().__init__()
        self.lines = []
        for action in ACTIONS:
            able, why = action.enabled(state, selection)
            key = "1-5" if action.id == "pane-round" else action.shown_key
            if action.id.startswith("pane-") and key != "1-5":
                continue
            text = "go to a pane by its number; again to zoom it" if key == "1-5" else action.help
            if able:
                self.lines.append(line((f" {key:<11}", "key"), text))
            else:
                self.lines.append(line((f" {key:<11}", "faint"), (f"{why}: ", "warn"), (text, "quiet")))
        self.lines += [line((f" {key:<11}", "key"), text) for key, text in _MOVES]
        self.ascii = ascii

    def on_mount(self) -> None:
        """Draws the frame without symbols where they are not wanted."""
        self.set_class(self.ascii, "-ascii")

    def compose(self) -> ComposeResult:
        """The page."""
        with VerticalScroll(id="help") as page:
            page.border_title = "Keys"
            page.border_subtitle = "esc closes"
            body = Lines(ascii=self.ascii)
            body.styles.height = len(self.lines)
            body.show(self.lines)
            yield body
