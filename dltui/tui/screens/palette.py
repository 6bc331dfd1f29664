"""The palette: every action, and the way to any client, version, round or transaction, found by a few letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.fuzzy import FuzzySearch
from textual.screen import ModalScreen
from textual.widgets import Input

from dltui.core import format as fmt
from dltui.core.pages.page import Target
from dltui.core.sanitize import clean
from dltui.core.state.state import State
from dltui.tui.actions.selection import ScreenSelection
from dltui.tui.widgets.line_view import LineView
from dltui.tui.widgets.safe_text import fit, line

if TYPE_CHECKING:
    from dltui.tui.host import Host

_HINT = "an action, a client, v3, round 2, or the beginning of a hash"
MOST = 200
"""Entries shown."""


@dataclass(frozen=True)
class Entry:
    """What may be chosen: an action's id or a thing. `words` are searched, `name` is shown, `why` makes it grey."""

    what: str | Target
    words: str
    name: str
    key: str
    help: str
    why: str = ""


def things(state: State) -> list[Entry]:
    """Everything that has a page, the newest first."""
    found = [Entry(("client", c.id), f"client {c.id}", c.id, "client", c.address) for c in state.clients.values()]
    versions, rounds = sorted(state.versions.items(), reverse=True), sorted(state.rounds.items(), reverse=True)
    found += [Entry(("version", n), f"version v{n}", f"v{n}", "version", v.digest) for n, v in versions]
    found += [Entry(("round", n), f"round {n}", f"round {n}", "round", r.state) for n, r in rounds]
    found += [
        Entry(("tx", tx.hash), "", fmt.short(tx.hash), "tx", f"{tx.function} of {tx.sender} in block {tx.block}")
        for tx in reversed(state.txs)
    ]
    return found


def matching(entries: list[Entry], query: str) -> list[Entry]:
    """Those that fit, the best first: a hash, digest or address by its beginning, anything else by letters in order."""
    query = query.strip().lower()
    if not query:
        return [entry for entry in entries if isinstance(entry.what, str)]
    exact = [e for e in entries if not isinstance(e.what, str) and _begins(e, query)]
    search = FuzzySearch()
    scored = [(search.match(query, e.words)[0], e) for e in entries if e not in exact and e.words]
    return (exact + [e for score, e in sorted(scored, key=lambda item: -item[0]) if score > 0])[:MOST]


def _begins(entry: Entry, query: str) -> bool:
    kind, id = entry.what[0], str(entry.what[1]).lower()
    names = (id, f"v{id}") if kind == "version" else (id,)
    hash = entry.help.lower() if kind in ("client", "version") else id
    return query in names or (len(query) >= 3 and (hash.startswith(query) or hash.startswith(f"0x{query}")))


class PaletteScreen(ModalScreen["str | Target | None"]):
    """Answers with an action's id, or a thing to go to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("pagedown", "move(10)", show=False),
        Binding("pageup", "move(-10)", show=False),
    ]
    AUTO_FOCUS = "#query"

    def __init__(self, app: Host, selection: ScreenSelection) -> None:
        super().__init__()
        self.dltui = app
        state, control = app.state, app.control
        actions = [
            Entry(a.id, f"{a.label} {a.id}", control.label(a), a.shown_keys, a.help, control.able(a, selection)[1])
            for a in app.actions.values()
            if a.id != "palette"
        ]
        self.entries = [*actions, *things(state)]
        self.list = PaletteList(id="choices", ascii=app.ascii_only, empty=" Nothing fits.")

    def compose(self) -> ComposeResult:
        """The field and the list."""
        with Vertical(id="palette") as frame:
            frame.border_title = "Commands"
            frame.border_subtitle = "enter does it - esc closes"
            yield Input(
                id="query", placeholder="an action, a client, v3, round 2, or the beginning of a hash", compact=True
            )
            yield self.list

    def on_mount(self) -> None:
        """Shows the actions."""
        self.set_class(self.dltui.ascii_only, "-ascii")
        self.list.can_focus = False
        self.list.show_entries(matching(self.entries, ""))

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self.list.show_entries(matching(self.entries, clean(event.value, 120)))

    @on(Input.Submitted)
    def _chosen(self) -> None:
        if self.list.chosen is not None:
            self.dismiss(self.list.chosen.what)

    def take(self, characters: str) -> None:
        """Text that was typed before the palette was seen."""
        self.query_one("#query", Input).insert_text_at_cursor(characters)

    def action_move(self, by: int) -> None:
        """Moves in the list while the field keeps the focus."""
        self.list.action_step(by)


class PaletteList(LineView):
    """The entries that fit."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shown: list[Entry] = []

    @property
    def chosen(self) -> Entry | None:
        """The entry under the cursor."""
        index = self.cursor_index
        return None if index is None else self.shown[index]

    def show_entries(self, entries: list[Entry]) -> None:
        """Shows these, the cursor on the best."""
        self.shown = entries
        self.cursor, self.wanted = entries[0].what if entries else None, None
        self.replace([entry.what for entry in entries])

    def draw(self, index: int, width: int) -> Text:
        """Key, name, and what it does or why it cannot."""
        entry = self.shown[index]
        name, ink = ("faint", "faint") if entry.why else ("key", "strong")
        text = f"{entry.why}: {entry.help}" if entry.why else entry.help
        rest = fit(text, max(0, width - 32))
        return line((f" {fit(entry.key, 9)} ", name), (f"{fit(entry.name, 18)}  ", ink), (rest, "quiet"))
