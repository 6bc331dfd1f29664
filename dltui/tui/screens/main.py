"""The main screen: status line, five panes, caption, alert line and key hints, and what the keys do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.screen import Screen

from dltui.tui.actions import ACTIONS, BY_ID, PANES, Action
from dltui.tui.panes.alert import AlertLine
from dltui.tui.panes.base import Pane
from dltui.tui.panes.caption import Caption
from dltui.tui.panes.chain import ChainPane
from dltui.tui.panes.clients import ClientsPane
from dltui.tui.panes.events import EventsPane
from dltui.tui.panes.registry import RegistryPane
from dltui.tui.panes.round import RoundPane
from dltui.tui.panes.status import StatusLine, TooSmall
from dltui.tui.requests import Request, Selection
from dltui.tui.screens.confirm import ConfirmScreen
from dltui.tui.screens.help import HelpScreen
from dltui.tui.screens.quit import QuitScreen
from dltui.tui.widgets.footer import Hint, KeyHints
from dltui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from dltui.tui.app import DltuiApp

FOLDED = frozenset({"chain", "registry"})
"""Panes that a small terminal shows only alone."""


class MainScreen(Screen[None]):
    """Paints at most a few times a second, and only panes that something happened to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(action.key, f"do('{action.id}')", action.label, id=action.id, show=False) for action in ACTIONS
    ]

    AUTO_FOCUS = "#clients"

    def __init__(self, app: DltuiApp) -> None:
        super().__init__()
        self.dltui = app
        self.current = "clients"
        self.zoomed = False
        self.frozen_at: int | None = None
        """Number of the last event in the picture that is held."""
        ascii = app.ascii_only
        self.panes: dict[str, Pane] = {
            "round": RoundPane(id="round", ascii=ascii),
            "chain": ChainPane(id="chain", ascii=ascii),
            "clients": ClientsPane(id="clients", ascii=ascii),
            "registry": RegistryPane(id="registry", ascii=ascii),
            "events": EventsPane(id="events", ascii=ascii),
        }
        self.status = StatusLine(id="status", ascii=ascii)
        self.caption = Caption(id="caption", ascii=ascii)
        self.alert = AlertLine(id="alert", ascii=ascii)
        self.hints = KeyHints(id="hints", ascii=ascii)
        self.too_small = TooSmall(id="too-small", ascii=ascii)
        self._dirty: set[str] = set(PANES)
        self._stale = True

    def compose(self) -> ComposeResult:
        """The layout; the stylesheet folds it for small terminals."""
        yield self.status
        with Grid(id="grid"):
            yield from self.panes.values()
        yield self.caption
        yield self.alert
        yield self.hints
        yield self.too_small

    def on_mount(self) -> None:
        """Starts the one paint clock."""
        self.set_class(self.dltui.ascii_only, "-ascii")
        for number, (name, pane) in enumerate(self.panes.items(), start=1):
            pane.border_title = f"{number} {pane.heading}"
            pane.set_class(name == self.current, "-current")
        self.set_interval(1 / self.dltui.paints_per_second, self._tick)
        self.set_interval(1.0, self._age)

    @property
    def selection(self) -> Selection:
        """What the keys would act on."""
        clients, registry = self.panes["clients"], self.panes["registry"]
        assert isinstance(clients, ClientsPane) and isinstance(registry, RegistryPane)
        return Selection(
            pane=self.current,
            client=clients.cursor,
            version=registry.cursor,
            read_only=self.dltui.session.read_only,
            finished=self.dltui.over,
        )

    # painting

    def changed(self, names: frozenset[str]) -> None:
        """Something happened to these parts of the state."""
        if names:
            self._stale = True
            self._dirty |= {name for name, pane in self.panes.items() if pane.needs & names}

    def _tick(self) -> None:
        if self._stale:
            self.paint()

    def _age(self) -> None:
        if not self.dltui.over and self.dltui.state.run:
            self._stale = True
            self._dirty |= {name for name, pane in self.panes.items() if pane.ages}

    def paint(self) -> None:
        """Draws what is due; a held picture only counts what it misses."""
        if not self.is_mounted:
            return
        state, now = self.dltui.state, self.dltui.now()
        self._stale = False
        missed = None if self.frozen_at is None else state.last_seq - self.frozen_at
        self.status.show_state(state, now, missed=missed, recorded=self.dltui.recording is not None)
        self.alert.show_state(state, failure=self.dltui.failure, lost=self.dltui.lost)
        self.caption.show_state(state)
        self.show_hints()
        if missed is not None:
            self.panes["events"].subtitle(f"frozen, +{missed:,} events")
            return
        for name in [n for n in self._dirty if self.panes[n].display and self._visible(n)]:
            self._dirty.discard(name)
            self.panes[name].show_state(state, now)

    def _visible(self, name: str) -> bool:
        return name == self.current if self.alone else True

    def show_hints(self) -> None:
        """Draws the key hints as things stand."""
        state, selection = self.dltui.state, self.selection
        self.hints.show(
            [
                Hint(a.id, a.shown_key, self._label(a), a.enabled(state, selection)[0], a.kept)
                for a in ACTIONS
                if a.footer
            ]
        )

    def _label(self, action: Action) -> str:
        if action.id == "pause" and self.dltui.state.status == "paused":
            return "Resume"
        if action.id == "freeze" and self.frozen_at is not None:
            return "Go on"
        return action.label

    # layout

    @property
    def alone(self) -> bool:
        """Only the current pane is shown."""
        return self.zoomed or self.size.width < 64 or self.size.height < 16

    @property
    def folded(self) -> bool:
        """Some panes are shown only alone."""
        return self.size.width < 100 or self.size.height < 32

    def on_resize(self) -> None:
        """Leaves a pane that is no longer shown."""
        self.too_small.show_size(self.size.width, self.size.height)
        self._arrange(refocus=False)

    def _arrange(self, *, refocus: bool = True) -> None:
        if self.folded and not self.alone and self.current in FOLDED:
            self.current = "clients"
            refocus = True
        self.set_class(self.zoomed, "-zoomed")
        for name, pane in self.panes.items():
            pane.set_class(name == self.current, "-current")
        self._dirty |= set(PANES)
        self._stale = True
        if refocus:
            self.call_after_refresh(self._refocus)

    def _refocus(self) -> None:
        self.panes[self.current].focus()
        self.paint()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A click or the framework moved the focus."""
        name = event.widget.id or ""
        if name in self.panes and not self.alone and name != self.current:
            self.current = name
            self._arrange(refocus=False)
            self.show_hints()

    @on(LineView.Moved)
    def _moved(self) -> None:
        self.show_hints()

    @on(KeyHints.Pressed)
    def _pressed(self, event: KeyHints.Pressed) -> None:
        self.action_do(event.id)

    # keys

    def action_do(self, name: str) -> None:
        """Does an action of the registry, or says why not."""
        action = BY_ID[name]
        able, why = action.enabled(self.dltui.state, self.selection)
        if not able:
            self.dltui.tell(f"{action.label.lower()}: {why}", "warning")
        elif action.request is not None:
            self._request(action, action.request(self.dltui.state, self.selection))
        elif name.startswith("pane-"):
            self._go(name.removeprefix("pane-"))
        else:
            getattr(self, f"_{name.replace('-', '_')}")()

    def _request(self, action: Action, request: Request) -> None:
        if not action.confirm:
            self.dltui.ask(request.name, request.args)
            return

        def answered(agreed: bool | None) -> None:
            if agreed:
                self.dltui.ask(request.name, request.args)

        twin = self.dltui.twin(request.name, request.args)
        ascii = self.dltui.ascii_only
        self.app.push_screen(ConfirmScreen(request, cli=twin, dangerous=action.dangerous, ascii=ascii), answered)

    def _go(self, name: str) -> None:
        if name == self.current:
            self._zoom()
            return
        self.current = name
        self.zoomed = self.zoomed or (self.folded and name in FOLDED)
        self._arrange()

    def _zoom(self) -> None:
        self.zoomed = not self.zoomed
        self._arrange()

    def _next_pane(self, by: int = 1) -> None:
        names = [n for n in PANES if self.alone or not (self.folded and n in FOLDED)]
        self.current = names[(names.index(self.current) + by) % len(names)]
        self._arrange()

    def _previous_pane(self) -> None:
        self._next_pane(-1)

    def _back(self) -> None:
        if self.zoomed:
            self._zoom()
        elif self.frozen_at is not None:
            self._freeze()

    def _freeze(self) -> None:
        self.frozen_at = self.dltui.state.last_seq if self.frozen_at is None else None
        self._dirty |= set(PANES)
        self.paint()

    def _help(self) -> None:
        self.app.push_screen(HelpScreen(self.dltui.state, self.selection, ascii=self.dltui.ascii_only))

    def _quit(self) -> None:
        self.ask_to_quit()

    def ask_to_quit(self) -> None:
        """Leaves; asks first what to do with a live run."""
        app = self.dltui
        if app.over or app.session.read_only or app.lost:
            app.exit(return_code=(app.state.exit_code or 0) if app.over else 0)
            return

        def answered(choice: str | None) -> None:
            if choice == "detach":
                app.exit(return_code=0)
            elif choice == "stop":
                app.stop_all()

        app.push_screen(QuitScreen(app.state, ascii=app.ascii_only), answered)
