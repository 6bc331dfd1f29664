"""The main screen: status line, five panes, caption, alert line and key hints, and what the keys do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Grid
from textual.screen import Screen

from dltui.tui.actions import BINDINGS, PANES
from dltui.tui.panes.alert import AlertLine
from dltui.tui.panes.base import Pane
from dltui.tui.panes.caption import Caption
from dltui.tui.panes.chain import ChainPane
from dltui.tui.panes.clients import ClientsPane
from dltui.tui.panes.events import EventsPane
from dltui.tui.panes.registry import RegistryPane
from dltui.tui.panes.round import RoundPane
from dltui.tui.panes.status import StatusLine, TooSmall
from dltui.tui.requests import Selected, Selection
from dltui.tui.widgets.footer import Hint, KeyHints
from dltui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from dltui.tui.app import DltuiApp

FOLDED = frozenset({"chain", "registry"})
"""Panes that a small terminal shows only alone."""


class MainScreen(Screen[None]):
    """Paints at most a few times a second, and only panes that something happened to."""

    BINDINGS: ClassVar[list[BindingType]] = BINDINGS

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
    def selected(self) -> Selected | None:
        """The kind and id of what the cursor of the focused pane is on."""
        pane, state = self.panes[self.current], self.dltui.state
        if isinstance(pane, ClientsPane):
            return None if pane.cursor is None else ("client", pane.cursor)
        if isinstance(pane, RegistryPane):
            return None if pane.cursor is None else ("version", pane.cursor)
        if isinstance(pane, EventsPane):
            index = pane.cursor_index
            return None if index is None else ("event", pane.items[index].seq)
        return ("round", state.round.number) if self.current == "round" and state.round is not None else None

    @property
    def selection(self) -> Selection:
        """What the keys would act on."""
        app = self.dltui
        return Selection.of(self.current, self.selected, read_only=app.read_only, finished=app.over)

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
                Hint(a.id, a.shown_key, self.dltui.control.label(a), a.enabled(state, selection)[0], a.kept)
                for a in self.dltui.actions.values()
                if a.footer and a.keys
            ]
        )

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
        if name.startswith("pane_"):
            self._go(name.removeprefix("pane_"))
        else:
            self.dltui.control.do(name)

    def _go(self, name: str) -> None:
        if name == self.current:
            self.action_zoom()
            return
        self.current = name
        self.zoomed = self.zoomed or (self.folded and name in FOLDED)
        self._arrange()

    def action_zoom(self) -> None:
        """Shows the focused pane alone, or all of them again."""
        self.zoomed = not self.zoomed
        self._arrange()

    def action_next_pane(self, by: int = 1) -> None:
        """Goes to the next pane."""
        names = [n for n in PANES if self.alone or not (self.folded and n in FOLDED)]
        self.current = names[(names.index(self.current) + by) % len(names)]
        self._arrange()

    def action_previous_pane(self) -> None:
        """Goes to the pane before."""
        self.action_next_pane(-1)

    def action_back(self) -> None:
        """Leaves the zoom or the freeze."""
        if self.zoomed:
            self.action_zoom()
        elif self.frozen_at is not None:
            self.action_freeze()

    def action_freeze(self) -> None:
        """Holds the picture, or catches up."""
        self.frozen_at = self.dltui.state.last_seq if self.frozen_at is None else None
        self._dirty |= set(PANES)
        self.paint()
