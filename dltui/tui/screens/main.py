"""The main screen: status line, five panes, caption, alert line and key hints, and when what is painted.

`enter` on a row posts `Opened`; what opens then is not this screen's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Grid
from textual.theme import Theme
from textual.timer import Timer

from dltui.core.state.entities import Step
from dltui.core.state.state import State
from dltui.tui import theme
from dltui.tui.actions.catalog import BINDINGS, PANES, Action
from dltui.tui.actions.selection import ScreenSelection
from dltui.tui.panes.alert import AlertLine
from dltui.tui.panes.base import Pane
from dltui.tui.panes.chain import ChainPane
from dltui.tui.panes.clients import ClientsPane
from dltui.tui.panes.events import EventsPane
from dltui.tui.panes.past import PastBar
from dltui.tui.panes.registry import RegistryPane
from dltui.tui.panes.round import RoundPane
from dltui.tui.panes.status import StatusLine, TooSmall
from dltui.tui.screens.pane_keys import PaneKeys
from dltui.tui.widgets.caption import Caption
from dltui.tui.widgets.filter_line import FilterLine
from dltui.tui.widgets.footer import Hint, KeyHints
from dltui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    from dltui.tui.host import Host

FOLDED = frozenset({"chain", "registry"})
"""Panes that a small terminal shows only alone."""
CRAMPED = 22
"""Rows below which three panes need every line."""


class MainScreen(PaneKeys):
    """Paints at most a few times a second, and only panes that something happened to."""

    BINDINGS: ClassVar[list[BindingType]] = BINDINGS

    AUTO_FOCUS = None

    def __init__(self, app: Host) -> None:
        super().__init__()
        self.dltui = app
        self.current = "clients" if app.leader is None else "round"
        self.zoomed = False
        self.greets = app.first
        """The caption speaks to somebody who has no other run."""
        ascii = app.ascii_only
        self.events = EventsPane(id="events", ascii=ascii)
        self.panes: dict[str, Pane] = {
            "round": RoundPane(id="round", ascii=ascii),
            "chain": ChainPane(id="chain", ascii=ascii),
            "clients": ClientsPane(id="clients", ascii=ascii),
            "registry": RegistryPane(id="registry", ascii=ascii),
            "events": self.events,
        }
        self.status = StatusLine(id="status", ascii=ascii)
        self.past_bar = PastBar(id="past", ascii=ascii)
        self.caption = Caption(id="caption", ascii=ascii)
        self.filter_line = FilterLine(id="filter-line", ascii=ascii)
        self.alert = AlertLine(id="alert", ascii=ascii)
        self.hints = KeyHints(id="hints", ascii=ascii)
        self.too_small = TooSmall(id="too-small", ascii=ascii)
        self._dirty: set[str] = set(PANES)
        self._stale = True
        self._clock: Timer | None = None

    def compose(self) -> ComposeResult:
        """The layout; the stylesheet folds it for small terminals."""
        yield self.status
        yield self.past_bar
        with Grid(id="grid"):
            yield from self.panes.values()
        yield self.caption
        yield self.filter_line
        yield self.alert
        yield self.hints
        yield self.too_small

    def on_mount(self) -> None:
        """Starts the one paint clock."""
        self.set_class(self.dltui.ascii_only, "-ascii")
        for number, (name, pane) in enumerate(self.panes.items(), start=1):
            pane.border_title = f"{number} {pane.heading}"
            pane.set_class(name == self.current, "-current")
        self.panes[self.current].focus()
        self.pace(self.dltui.paints_per_second)
        self.set_interval(1.0, self._age)
        self.app.theme_changed_signal.subscribe(self, self._recolour)

    @property
    def selection(self) -> ScreenSelection:
        """What the keys would act on; nothing may be written from a picture of the past."""
        return self.dltui.control.selection_of(self.current, self.selected)

    # painting

    def pace(self, paints_per_second: float) -> None:
        """Paints at most so many times a second."""
        if self._clock is not None:
            self._clock.stop()
        self.dltui.paints_per_second = paints_per_second
        self._clock = self.set_interval(1 / paints_per_second, self._tick)

    def changed(self, names: frozenset[str]) -> None:
        """Something happened to these parts of the state."""
        if names:
            self._stale = True
            self._dirty |= {name for name, pane in self.panes.items() if pane.needs & names}

    def repaint(self) -> None:
        """Draws everything, because another moment is shown."""
        for pane in self.panes.values():
            if isinstance(pane, LineView):
                pane.gives_end = not self.dltui.picture.live
        self._dirty |= set(PANES)
        self.paint()

    def _tick(self) -> None:
        if self._stale:
            self.paint()

    def _age(self) -> None:
        if not self.dltui.over and self.dltui.state.run:
            self._stale = True
            if self.dltui.picture.live:
                self._dirty |= {name for name, pane in self.panes.items() if pane.ages}

    def _recolour(self, chosen: Theme) -> None:
        theme.use(chosen)
        self.caption.on_resize()
        for widget in (*self.panes.values(), self.hints):
            widget.refresh()
        self.repaint()

    def paint(self) -> None:
        """Draws what is due; a held picture only counts what it misses."""
        if not self.is_mounted:
            return
        app, picture = self.dltui, self.dltui.picture
        live, now = app.state, app.now()
        self._stale = False
        missed = picture.missed(live)
        self.status.show_state(live, now, missed=missed, recorded=app.recording is not None)
        self.past_bar.show_state(picture.past, live)
        self.set_class(picture.past is not None, "-past")
        self.alert.show_state(live, now, failure=app.failure, lost=app.lost)
        self._show_caption(live)
        self.show_hints()
        if picture.live:
            due = self._dirty
        else:
            due, now = self._dirty & self._undrawn(), picture.now(now)
        for name in [n for n in due if self.panes[n].display and self._visible(n)]:
            self._dirty.discard(name)
            self.panes[name].engine_lost = app.lost
            self.panes[name].show_state(self.shown, now)
        self.events.miss(missed)

    def _undrawn(self) -> set[str]:
        """Panes that have not drawn the moment that is held."""
        return {name for name, pane in self.panes.items() if pane.drawn is not self.shown}

    def _show_caption(self, live: State) -> None:
        story, actions = self.dltui.story, self.dltui.actions
        if self.greets and not story.led:
            self._greet()
            return
        pause = actions["open" if self.pane.cursor is None else "story_pause"].shown_key
        keys = [(actions[f"story_{name}"].shown_key, name) for name in ("next", "back", "faster", "slower")]
        keys.insert(2, (pause, "go on" if story.paused else "pause"))
        if story.over:  # only the beats before are left to look at
            keys = keys[:2] if story.past else keys[1:2]
        hints = [hint for hint in keys if hint[0]] if story.led else []
        self.caption.show_step(story.step(live), where=story.says, held=story.past or story.paused, keys=hints)

    def _greet(self) -> None:
        actions = self.dltui.actions
        text = f"`dltui demo` shows a whole federation in a few minutes. {actions['help'].shown_key} helps here."
        step = Step(n=0, of=0, title="Your first run", text=text)
        self.caption.show_step(step, keys=[(actions["back"].shown_key, "closes this")])

    def _visible(self, name: str) -> bool:
        return name == self.current if self.alone else True

    def show_hints(self) -> None:
        """Draws the key hints as things stand."""
        state, selection = self.dltui.state, self.selection
        self.hints.show(
            [
                Hint(a.id, a.shown_key, self._label(a), a.enabled(state, selection)[0], a.kept)
                for a in self.dltui.actions.values()
                if a.footer and a.keys and (a.request is None or not (self.dltui.read_only or self.dltui.over))
            ]
        )

    def _label(self, action: Action) -> str:
        frozen = action.id == "freeze" and self.dltui.picture.frozen
        return "Go on" if frozen else self.dltui.control.label(action)

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
        self.set_class(self.size.height < CRAMPED, "-cramped")
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
            # At once, so that the next key of a burst is for this pane, and acts on what it will show.
            self.set_focus(self.pane)
            self.pane.draw_state(self.shown, self.dltui.picture.now(self.dltui.now()))
            self.call_after_refresh(self.paint)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """A click or the framework moved the focus."""
        name = event.widget.id or ""
        if event.widget is self.focused and name in self.panes and not self.alone and name != self.current:
            self.current = name
            self._arrange(refocus=False)
            self.show_hints()

    @on(LineView.Moved)
    def _moved(self) -> None:
        self.show_hints()
        self._show_caption(self.dltui.state)

    @on(KeyHints.Pressed)
    def _pressed(self, event: KeyHints.Pressed) -> None:
        self.action_do(event.id)

    # keys

    def action_do(self, name: str) -> None:
        """Does an action of the registry, or says why not."""
        self.dltui.control.do(name)

    def go_to(self, name: str) -> None:
        """Focuses a pane; again, zooms it."""
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
        """Goes to the next pane in sight."""
        names = [n for n in PANES if self.alone or not (self.folded and n in FOLDED)]
        self.current = names[(names.index(self.current) + by) % len(names)]
        self._arrange()

    def action_previous_pane(self) -> None:
        """Goes to the pane before."""
        self.action_next_pane(-1)

    def action_back(self) -> None:
        """Leaves what was entered last: a filter, the zoom, the past, the freeze, the greeting."""
        pane = self.panes[self.current]
        if pane.pattern:
            pane.filter("")
        elif self.zoomed:
            self.action_zoom()
        elif self.greets and self.dltui.picture.live:
            self.greets = False
            self.paint()
        else:
            self.action_live()
