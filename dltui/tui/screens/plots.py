"""Plots of the run on a screen of their own: four where there is room, else one at a time.

They are drawn at most twice a second, and only while they are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.screen import Screen

from dltui.core.series import Figure, figures
from dltui.tui.actions.catalog import BINDINGS, PANES
from dltui.tui.actions.selection import ScreenSelection
from dltui.tui.panes.status import TooSmall
from dltui.tui.screens.crumbs import crumbs
from dltui.tui.widgets.footer import Hint, KeyHints
from dltui.tui.widgets.lines import Lines
from dltui.tui.widgets.plot import MARKERS, Plot
from dltui.tui.widgets.safe_text import Part, line
from dltui.tui.widgets.shares import Shares

if TYPE_CHECKING:
    from dltui.tui.host import Host

REFRESH_SECONDS = 0.5
NAMES = ("accuracy", "loss", "shares", "gas")
"""Figures by id, in the order of their numbers."""
_INKS = {"accent": "accent", "warning": "warn"}


class Panel(Vertical):
    """One figure with its legend: markers, names and newest values, or the figure in a sentence."""

    def __init__(self, number: int, name: str, *, ascii: bool) -> None:
        super().__init__(id=f"plot-{name}")
        self.number = number
        self.legend = Lines(ascii=ascii, classes="legend")
        self.plot = Shares(ascii=ascii) if name == "shares" else Plot(ascii=ascii)

    def compose(self) -> ComposeResult:
        """Legend, then plot."""
        yield self.legend
        yield self.plot

    def show(self, figure: Figure) -> None:
        """Draws the figure."""
        self.border_title = f"{self.number} {figure.title}"
        self.legend.show([_legend(figure)])
        self.plot.show_figure(figure)


def _legend(figure: Figure) -> Text:
    if figure.empty or figure.kind == "stack":
        return line((figure.says, "quiet"))
    parts: list[Part | str] = []
    for (marker, colour), series in zip(MARKERS, (s for s in figure.series if s.points), strict=False):
        parts += [(f"{marker} ", _INKS[colour]), series.name, " ", (figure.value(series.last), "strong"), "   "]
    return line(*parts)


class PlotsScreen(Screen[None]):
    """Accuracy, loss, weight shares and gas."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *BINDINGS,
        Binding("left", "turn(-1)", "Previous plot", show=False),
        Binding("right", "turn(1)", "Next plot", show=False),
    ]
    DEFAULT_CSS = """
    PlotsScreen {
        #plots { height: 1fr; grid-size: 2 2; }
        Panel { border: round $border-blurred; border-title-color: $accent; padding: 0 1; }
        .legend { height: 1; }
        Shares { height: 1fr; margin-top: 1; }
        &.-one #plots { grid-size: 1 1; }
        &.-one Panel { display: none; }
        &.-one Panel.-shown { display: block; }
        &.-ascii Panel { border: ascii $border-blurred; }
    }
    """

    def __init__(self, app: Host) -> None:
        super().__init__()
        self.dltui = app
        self.chosen: int | None = None
        """The plot that is shown alone; None shows all, where there is room."""
        self.panels = [Panel(n, name, ascii=app.ascii_only) for n, name in enumerate(NAMES, start=1)]
        self.crumbs = Lines(classes="crumbs", ascii=app.ascii_only)
        self.hints = KeyHints(id="hints", ascii=app.ascii_only)
        self.too_small = TooSmall(id="too-small", ascii=app.ascii_only)
        self._drawn = -1

    def compose(self) -> ComposeResult:
        """Crumbs, the grid, key hints."""
        yield self.crumbs
        with Grid(id="plots"):
            yield from self.panels
        yield self.hints
        yield self.too_small

    def on_mount(self) -> None:
        """Draws, and starts the clock."""
        self.set_class(self.dltui.ascii_only, "-ascii")
        self._tick()
        self.set_interval(REFRESH_SECONDS, self._tick)
        # After the main screen, which was there first and changes the inks.
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.call_after_refresh(self.paint))

    @property
    def selection(self) -> ScreenSelection:
        """Nothing: keys that act on a thing do so from a pane or a page."""
        return self.dltui.control.selection_of("plots", None)

    @property
    def crowded(self) -> bool:
        """There is room for one plot only."""
        return self.size.width < 100 or self.size.height < 32

    def on_resize(self) -> None:
        """Shows as many plots as there is room for."""
        self.too_small.show_size(self.size.width, self.size.height)
        self._arrange()

    def _arrange(self) -> None:
        one = self.crowded or self.chosen is not None
        self.set_class(one, "-one")
        for at, panel in enumerate(self.panels):
            panel.set_class(at == (self.chosen or 0), "-shown")
        self.hints.show(self._hints())

    def _hints(self) -> list[Hint]:
        back, *others = self.dltui.control.hints(self, self.selection)
        numbers = [key for name in PANES[: len(NAMES)] if (key := self.dltui.actions[f"pane_{name}"].shown_key)]
        words = "one plot" if self.crowded else "one plot (again: all)"
        pick = [Hint("pane_round", f"{numbers[0]}-{numbers[-1]}", words, True)] if numbers else []
        return [back, *pick, Hint("next_pane", "left right", "turn", True), *others]

    def _tick(self) -> None:
        if self.is_current and self.dltui.picture.shown(self.dltui.state).last_seq != self._drawn:
            self.paint()

    def paint(self) -> None:
        """Draws the moment that the main screen shows."""
        state = self.dltui.picture.shown(self.dltui.state)
        self._drawn = state.last_seq
        self.crumbs.show([crumbs(self.dltui, "graphs", past=True)])
        for panel, figure in zip(self.panels, figures(state), strict=True):
            panel.show(figure)

    @on(KeyHints.Pressed)
    def _pressed(self, event: KeyHints.Pressed) -> None:
        self.action_do(event.id)

    def action_do(self, name: str) -> None:
        """Does an action of the registry, or says why not; the numbers of the panes are those of the plots here."""
        if name.startswith("pane_"):
            self._pick(PANES.index(name.removeprefix("pane_")))
        else:
            self.dltui.control.do(name)

    def _pick(self, at: int) -> None:
        if at >= len(self.panels):
            self.dltui.tell(f"graphs: there are {len(self.panels)}", "warning")
            return
        self.chosen = None if at == self.chosen and not self.crowded else at
        self._arrange()

    def action_turn(self, by: int) -> None:
        """Shows the next plot alone."""
        self.chosen = ((self.chosen or 0) + by) % len(self.panels)
        self._arrange()

    def action_next_pane(self) -> None:
        """The next plot."""
        self.action_turn(1)

    def action_previous_pane(self) -> None:
        """The plot before."""
        self.action_turn(-1)

    def action_live(self) -> None:
        """Shows the present, here and on the main screen."""
        self.dltui.main.action_live()
        self.paint()

    def action_plots(self) -> None:
        """The key that opened them closes them."""
        self.dismiss()

    def action_back(self) -> None:
        """Goes back to where they were opened."""
        self.dismiss()
