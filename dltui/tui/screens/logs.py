"""The logs of the engine and of every process: followed, filtered, by level, or of one process only."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen
from textual.widgets import Input

from dltui.core.ordering import matcher
from dltui.core.sanitize import clean
from dltui.rundir.logs import LEVELS, LogFiles, LogLine
from dltui.tui.actions.catalog import BINDINGS
from dltui.tui.actions.selection import ScreenSelection
from dltui.tui.hints import filter_keys
from dltui.tui.panes.status import TooSmall
from dltui.tui.screens.crumbs import crumbs
from dltui.tui.screens.exports import write_rows
from dltui.tui.widgets.footer import KeyHints
from dltui.tui.widgets.line_view import LineView
from dltui.tui.widgets.lines import Lines
from dltui.tui.widgets.log_view import LIMIT, LogView
from dltui.tui.widgets.safe_text import Part, fit, line, plain_ascii

if TYPE_CHECKING:
    from dltui.tui.host import Host

POLL_SECONDS = 0.5
_INKS = {"debug": "faint", "info": "", "warning": "warn", "error": "bad"}


class LogLines(LogView):
    """One line a log line."""

    def compose_line(self, item: LogLine, width: int) -> Text:
        """Time, process, level, text."""
        head = f" {item.time:<10}  "
        level = "" if item.level == "info" else f"{item.level}  "
        room = max(0, width - len(head) - 14 - len(level))
        name = _INKS[item.level]
        return line(
            (head, "faint"), (f"{fit(item.source, 12)}  ", "quiet"), (level, name), (fit(item.text, room), name)
        )

    def reset(self, items: Iterable[LogLine]) -> None:
        """Shows these lines and nothing of what was there."""
        self.cursor = None
        self.restart(items)
        self.follow(True)


class LogsScreen(Screen[None]):
    """Reads `folder`; `only` shows the log of one process."""

    BINDINGS: ClassVar[list[BindingType]] = BINDINGS
    AUTO_FOCUS = "#logs"

    def __init__(self, app: Host, folder: Path, only: str | None = None) -> None:
        super().__init__()
        self.dltui = app
        self.only = only
        self.least = "debug"
        self.words = ""
        self._fits = matcher("")
        self.name_shown = "logs"
        self._files = LogFiles(folder)
        self._all: deque[LogLine] = deque(maxlen=LIMIT)
        self.crumbs = Lines(classes="crumbs", ascii=app.ascii_only)
        self.lines = LogLines(id="logs", ascii=app.ascii_only)
        self.hints = KeyHints(id="hints", ascii=app.ascii_only)
        self.too_small = TooSmall(id="too-small", ascii=app.ascii_only)
        self.input = Input(id="filter", placeholder="show lines with …; ! in front inverts", compact=True)

    def compose(self) -> ComposeResult:
        """Crumbs, the lines, the filter's field, key hints."""
        yield self.crumbs
        yield self.lines
        yield self.input
        yield self.hints
        yield self.too_small

    def on_resize(self) -> None:
        """Says so where there is no room."""
        self.too_small.show_size(self.size.width, self.size.height)

    def on_mount(self) -> None:
        """Reads what is there, then follows."""
        self.set_class(self.dltui.ascii_only, "-ascii")
        self.input.display = False
        self.set_interval(POLL_SECONDS, self.poll)
        self.poll()
        self._head()

    @property
    def selection(self) -> ScreenSelection:
        """Nothing: keys that act on a client do so from its page."""
        return self.dltui.control.selection_of("logs", None)

    def poll(self) -> None:
        """Adds what is new."""
        fresh = self._files.poll()
        self._all.extend(fresh)
        self.lines.extend(item for item in fresh if self._shown(item))
        self._note()

    def _shown(self, item: LogLine) -> bool:
        if self.only is not None and item.source != self.only:
            return False
        if LEVELS.index(item.level) < LEVELS.index(self.least):
            return False
        return self._fits(f"{item.source} {item.text}")

    def _again(self) -> None:
        self.lines.reset(item for item in self._all if self._shown(item))
        self._head()
        self._note()

    def _head(self) -> None:
        parts: list[Part] = []
        if self.least != "debug":
            parts.append((f"   {self.least} and above", "accent"))
        if self.words:
            without = self.words.startswith("!")
            parts.append((f"   {'without' if without else 'with'} {self.words.removeprefix('!')}", "accent"))
        self.crumbs.show([crumbs(self.dltui, self.only or "all logs").append_text(line(*parts))])
        self.hints.show(self.dltui.control.hints(self, self.selection))

    @on(LineView.Moved)
    def _note(self) -> None:
        shown = len(self.lines.items)
        where = "following" if self.lines.following else f"+{self.lines.unseen:,} new · end follows"
        text = f"{shown:,} of {len(self._all):,} lines · {where}"
        text = text if len(text) <= self.size.width - 6 else where
        self.lines.border_subtitle = plain_ascii(text) if self.dltui.ascii_only else text
        self.lines.empty = self._why_empty()

    def _why_empty(self) -> str:
        if not self._all:
            return "No process has written to its log yet."
        of = f" of {self.only}" if self.only else ""
        level = f" at the level {self.least} or above" if self.least != "debug" else ""
        fits = f' fits the filter "{self.words}": {filter_keys(self)}' if self.words else " is here yet"
        return f"No line{of}{level}{fits}."

    @on(KeyHints.Pressed)
    def _pressed(self, event: KeyHints.Pressed) -> None:
        self.action_do(event.id)

    def action_do(self, name: str) -> None:
        """Does an action of the registry, or says why not."""
        self.dltui.control.do(name)

    def action_filter(self) -> None:
        """Asks for a word."""
        self.input.display = True
        self.input.focus()

    @on(Input.Changed, "#filter")
    def _filtered(self, event: Input.Changed) -> None:
        self.words = clean(event.value, 80)
        self._fits = matcher(self.words)
        self._again()

    @on(Input.Submitted, "#filter")
    def _keep_filter(self) -> None:
        self.input.display = bool(self.words)
        self.lines.focus()

    def action_only_source(self) -> None:
        """Shows only the process of the line under the cursor, or all again."""
        index = self.lines.cursor_index
        if self.only is not None:
            self.only = None
        elif index is not None:
            self.only = self.lines.items[index].source
        self._again()

    def action_level(self) -> None:
        """Everything, then warnings, then errors only."""
        steps = {"debug": "warning", "warning": "error", "error": "debug"}
        self.least = steps[self.least]
        self._again()

    def action_freeze(self) -> None:
        """Stays with the lines in sight and counts what is new, or follows the end again."""
        self.lines.follow(not self.lines.following)

    def action_export(self) -> None:
        """Writes the lines that are shown as CSV and JSON."""
        write_rows(self.dltui, [asdict(item) for item in self.lines.items], "logs", self.dltui.now())

    def action_copy(self) -> None:
        """Copies the line under the cursor."""
        index = self.lines.cursor_index
        if index is not None:
            self.dltui.control.copy(self.lines.items[index].text)

    def action_back(self) -> None:
        """Clears the filter, or goes back."""
        if self.words or self.input.display:
            self.input.value = ""
            self.input.display = False
            self.lines.focus()
        else:
            self.dismiss()
