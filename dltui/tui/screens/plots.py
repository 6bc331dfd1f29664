"""Plots of the run on a screen of their own: four where there is room, else one at a time.

They are drawn at most twice a second, and only while they are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Vertical
from textual.screen import Screen

from dltui.core.series import Figure, figures
from dltui.tui.widgets.ink import Part, line
from dltui.tui.widgets.lines import Lines
from dltui.tui.widgets.plot import MARKERS, Plot
from dltui.tui.widgets.shares import Shares

if TYPE_CHECKING:
    from dltui.tui.app import DltuiApp

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
        Binding("escape,q,g", "dismiss(None)", "Close", show=False),
        Binding("left", "turn(-1)", "Previous plot", show=False),
        Binding("right", "turn(1)", "Next plot", show=False),
        *(Binding(str(n), f"pick({n - 1})", f"Plot {n}", show=False) for n in range(1, len(NAMES) + 1)),
    ]
    DEFAULT_CSS = """
    PlotsScreen {
        #plots { height: 1fr; grid-size: 2 2; }
        Panel { border: round $border-blurred; border-title-color: $accent; padding: 0 1; }
        .legend { height: 1; }
        Shares { height: 1fr; margin-top: 1; }
        #plots-hints { height: 1; background: $panel; }
        &.-one #plots { grid-size: 1 1; }
        &.-one Panel { display: none; }
        &.-one Panel.-shown { display: block; }
        &.-ascii Panel { border: ascii $border-blurred; }
    }
    """

    def __init__(self, app: DltuiApp) -> None:
        super().__init__()
        self.dltui = app
        self.chosen: int | None = None
        """The plot that is shown alone; None shows all, where there is room."""
        self.panels = [Panel(n, name, ascii=app.ascii_only) for n, name in enumerate(NAMES, start=1)]
        self.hints = Lines(ascii=app.ascii_only, id="plots-hints")
        self._drawn = -1

    def compose(self) -> ComposeResult:
        """The grid and the keys."""
        with Grid(id="plots"):
            yield from self.panels
        yield self.hints

    def on_mount(self) -> None:
        """Draws, and starts the clock."""
        self.set_class(self.dltui.ascii_only, "-ascii")
        self._tick()
        self.set_interval(REFRESH_SECONDS, self._tick)

    @property
    def crowded(self) -> bool:
        """There is room for one plot only."""
        return self.size.width < 100 or self.size.height < 32

    def on_resize(self) -> None:
        """Shows as many plots as there is room for."""
        self._arrange()

    def _arrange(self) -> None:
        one = self.crowded or self.chosen is not None
        self.set_class(one, "-one")
        for at, panel in enumerate(self.panels):
            panel.set_class(at == (self.chosen or 0), "-shown")
        one_plot = " one plot  " if self.crowded else " one plot (again: all)  "
        keys: list[Part | str] = [("1-4", "key"), one_plot, ("left right", "key"), " turn  ", ("esc", "key"), " back"]
        self.hints.show([line(" ", *keys)])

    def _tick(self) -> None:
        state = self.dltui.picture.shown(self.dltui.state)
        if not self.is_current or state.last_seq == self._drawn:
            return
        self._drawn = state.last_seq
        for panel, figure in zip(self.panels, figures(state), strict=True):
            panel.show(figure)

    def action_pick(self, at: int) -> None:
        """Shows one plot alone; again, all."""
        self.chosen = None if at == self.chosen and not self.crowded else at
        self._arrange()

    def action_turn(self, by: int) -> None:
        """Shows the next plot alone."""
        self.chosen = ((self.chosen or 0) + by) % len(self.panels)
        self._arrange()
