"""The help page: what is focused, and every key, made from the registry of actions, so it cannot disagree with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen

from dltui.tui.actions.catalog import GROUPS, Action
from dltui.tui.actions.selection import ScreenSelection
from dltui.tui.guide import GUIDE
from dltui.tui.widgets.lines import FoldedLines
from dltui.tui.widgets.safe_text import line

if TYPE_CHECKING:
    from dltui.tui.host import Host

_MOVES = (
    ("up down", "move in the focused pane"),
    ("home end", "first or last row; end follows the events again"),
    ("shift+drag", "select text with the terminal itself"),
)


class HelpScreen(ModalScreen[None]):
    """What the focused pane shows; keys, what they do, and why some do nothing now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss(None)", "Close", show=False),
    ]

    def __init__(self, app: Host, selection: ScreenSelection) -> None:
        super().__init__()
        self.dltui = app
        self.selection = selection
        self.lines = [*self._about(), *(text for group in GROUPS for text in self._group(group))]
        self.lines += [_key_line(key, (text, "")) for key, text in _MOVES]

    def _about(self) -> Iterator[Text]:
        yield line((f" {GUIDE.get(self.selection.pane, '')}", "strong"))
        yield line("")

    def _group(self, group: str) -> Iterator[Text]:
        yield line((f" {group}", "head"))
        for action in self.dltui.actions.values():
            if (
                action.group != group
                or not action.keys
                or (action.id.startswith("pane_") and action.id != "pane_round")
            ):
                continue
            yield self._action(action)

    def _action(self, action: Action) -> Text:
        if action.id == "pane_round":
            keys = [a.shown_key for a in self.dltui.actions.values() if a.id.startswith("pane_") and a.keys]
            return _key_line(f"{keys[0]}-{keys[-1]}", ("go to a pane by its number; again to zoom it", ""))
        able, why = self.dltui.control.able(action, self.selection)
        if able:
            return _key_line(action.shown_keys, (action.help, ""))
        return line((f"  {action.shown_keys:<11} ", "faint"), (action.help, "quiet"), (f" ({why})", "warn"))

    def on_mount(self) -> None:
        """Draws the frame without symbols where they are not wanted."""
        self.set_class(self.dltui.ascii_only, "-ascii")

    def compose(self) -> ComposeResult:
        """The page."""
        with VerticalScroll(id="help") as page:
            name = self.selection.pane
            page.border_title = f"Help: {name}" if name else "Keys"
            page.border_subtitle = "up and down scroll - esc closes"
            body = FoldedLines(ascii=self.dltui.ascii_only)
            body.show(self.lines)
            yield body


def _key_line(keys: str, *parts: tuple[str, str]) -> Text:
    return line((f"  {keys:<11} ", "key"), *parts)
