"""A page about one thing: its facts on the left, what leads on from it on the right; esc goes back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen

from dltui.core.answers import DecodedTx
from dltui.core.pages.alerts import alerts_page
from dltui.core.pages.client import client_page
from dltui.core.pages.event import event_page
from dltui.core.pages.gas import call_page, operator_page, setup_page
from dltui.core.pages.page import Page, Table, Target, handle
from dltui.core.pages.round import round_page
from dltui.core.pages.tx import tx_page
from dltui.core.pages.version import version_page
from dltui.core.state.state import State
from dltui.tui.actions.catalog import BINDINGS
from dltui.tui.actions.selection import ScreenSelection
from dltui.tui.background import in_words
from dltui.tui.messages import Opened
from dltui.tui.panes.status import TooSmall
from dltui.tui.screens.crumbs import crumbs
from dltui.tui.screens.page_view import PageView
from dltui.tui.widgets.footer import KeyHints
from dltui.tui.widgets.line_view import LineView
from dltui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from dltui.tui.host import Host

PAGES: dict[str, Callable[[State, Any, float], Page]] = {
    "client": client_page,
    "version": version_page,
    "round": round_page,
    "tx": tx_page,
    "event": event_page,
    "alerts": alerts_page,
    "call": call_page,
    "operator": operator_page,
    "set-up": setup_page,
}
"""What makes the page of a kind."""


class PageScreen(Screen[None]):
    """One page, pinned to the id that it was opened with, drawn again while the run goes on."""

    BINDINGS: ClassVar[list[BindingType]] = BINDINGS
    AUTO_FOCUS = None

    def __init__(self, app: Host, kind: str, id: Any) -> None:
        super().__init__()
        self.dltui = app
        self.about: Target = (kind, id)
        self.crumbs = Lines(classes="crumbs", ascii=app.ascii_only)
        self.facts = PageView(id="facts", ascii=app.ascii_only)
        self.tables = PageView(id="tables", ascii=app.ascii_only)
        self.hints = KeyHints(id="hints", ascii=app.ascii_only)
        self.too_small = TooSmall(id="too-small", ascii=app.ascii_only)
        self.name_shown = ""
        self._decoded: DecodedTx | None = None
        self._note = ""
        self._drawn = -1

    def compose(self) -> ComposeResult:
        """Crumbs, the two lists, key hints."""
        yield self.crumbs
        with Container(id="page", classes=self.about[0]):
            yield self.facts
            yield self.tables
        yield self.hints
        yield self.too_small

    def on_resize(self) -> None:
        """Says so where there is no room."""
        self.too_small.show_size(self.size.width, self.size.height)

    def on_mount(self) -> None:
        """Draws, and draws again when something happened."""
        self.set_class(self.dltui.ascii_only, "-ascii")
        self.paint()
        leads_on = self.tables.display and self.about[0] != "alerts"
        (self.tables if leads_on else self.facts).focus()
        self.set_interval(1 / min(2.0, self.dltui.paints_per_second), self._tick)
        # After the main screen, which was there first and changes the inks.
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.call_after_refresh(self.paint))
        if self.about[0] == "tx":
            self.run_worker(self._decode(self.about[1]), exit_on_error=False)

    @property
    def selected(self) -> Target | None:
        """What the focused line leads to."""
        return self.focused.selected if isinstance(self.focused, PageView) else None

    @property
    def selection(self) -> ScreenSelection:
        """What the keys would act on: the line under the cursor, else the page's own subject."""
        about = None if self.about[0] == "alerts" else self.about
        pane = "round page" if self.about[0] == "round" else self.about[0]
        return self.dltui.control.selection_of(pane, self.selected, about)

    @property
    def shown(self) -> State:
        """The moment that the main screen shows; what needs the operator is always that of the present."""
        live = self.dltui.state
        return live if self.about[0] == "alerts" else self.dltui.picture.shown(live)

    def paint(self) -> None:
        """Draws the page as things stand, or stood."""
        state, now = self.shown, self.dltui.now()
        if state is not self.dltui.state:
            now = self.dltui.picture.now(now)
        self.facts.gives_end = self.tables.gives_end = not self.dltui.picture.live
        self._drawn = state.last_seq
        kind, id = self.about
        page = tx_page(state, id, now, self._decoded, self._note) if kind == "tx" else PAGES[kind](state, id, now)
        self.name_shown = page.name
        self.crumbs.show([self._crumbs()])
        self.facts.entitle(page.name)
        self._arrange(page.tables)
        self.facts.show_page(page.facts, ())
        self.tables.show_page((), page.tables)
        self._show_hints()

    def _arrange(self, tables: tuple[Table, ...]) -> None:
        self.tables.display = bool(tables)
        self.tables.entitle(" · ".join(table.title for table in tables))

    def _crumbs(self) -> Text:
        names = [s.name_shown for s in self.app.screen_stack if isinstance(s, PageScreen)]
        names = names if self.name_shown in names else [*names, self.name_shown]
        return crumbs(self.dltui, *names, past=self.about[0] != "alerts")

    def _show_hints(self) -> None:
        self.hints.show(self.dltui.control.hints(self, self.selection))

    def _tick(self) -> None:
        moves = self.shown is self.dltui.state and not self.dltui.over
        if self.is_current and (moves or self._drawn != self.shown.last_seq):
            self.paint()

    async def _decode(self, hash: str) -> None:
        try:
            self._decoded = await self.dltui.inquiry.transaction(hash)
        except Exception as error:  # nobody else would say so
            self._note = f"they could not be read: {in_words(error)}"
        self.paint()

    @on(LineView.Moved)
    def _moved(self) -> None:
        self._show_hints()

    def on_descendant_focus(self) -> None:
        """Another list has the cursor."""
        self._show_hints()

    @on(KeyHints.Pressed)
    def _pressed(self, event: KeyHints.Pressed) -> None:
        self.action_do(event.id)

    def action_do(self, name: str) -> None:
        """Does an action of the registry, or says why not."""
        self.dltui.control.do(name)

    def action_open(self) -> None:
        """Goes to what the line under the cursor leads to."""
        if self.selected is not None and self.selected != self.about:
            self.post_message(Opened(*self.selected))

    def action_back(self) -> None:
        """Goes back to where this page was opened."""
        self.dismiss()

    def action_live(self) -> None:
        """Shows the present, here and on the main screen."""
        self.dltui.main.action_live()
        self.paint()

    def action_next_pane(self) -> None:
        """The other list."""
        self.focus_next()

    def action_previous_pane(self) -> None:
        """The other list."""
        self.focus_previous()

    def action_copy(self) -> None:
        """Copies the value of the line under the cursor."""
        view = self.focused
        current = view.current if isinstance(view, PageView) else None
        self.dltui.control.copy(current.copy if current and current.copy else handle(self.shown, self.about))
