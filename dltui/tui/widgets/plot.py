"""A line or bar plot of one figure, by plotext."""

from __future__ import annotations

from rich.text import Text
from textual.app import RenderResult
from textual.color import Color
from textual_plotext import PlotextPlot

from dltui.core.series import Figure, nice_ticks
from dltui.tui.widgets.safe_text import plain_ascii

MARKERS = (("●", "accent"), ("x", "warning"))
"""Marker of each line, and the theme's colour that repeats it."""
MOST_TICKS = 10

_FRAME = str.maketrans({**dict.fromkeys("┌┐└┘├┤┬┴┼", "+"), "│": "|"})


class Plot(PlotextPlot):
    """Lines differ in their marker; parts of a whole are drawn as bars."""

    def __init__(self, *, ascii: bool = False) -> None:
        super().__init__()
        self.ascii = ascii
        self._figure: Figure | None = None

    def show_figure(self, figure: Figure) -> None:
        """Draws it."""
        self._figure = figure
        self.refresh()

    def render(self) -> RenderResult:
        """The plot as text; nothing where there is nothing to plot or no room."""
        figure = self._figure
        if figure is None or figure.empty or self.size.width < 16 or self.size.height < 4:
            return Text("")
        self._plot_figure(figure)
        text = super().render()
        if self.ascii and isinstance(text, Text):
            return Text(plain_ascii(text.plain).translate(_FRAME), style=text.style, spans=text.spans)
        return text

    def _plot_figure(self, figure: Figure) -> None:
        plt = self.plt
        plt.clear_figure()
        shown = [series for series in figure.series if series.points]
        xs = sorted({x for series in shown for x, _ in series.points})
        for at, series in enumerate(shown):
            x, y = [x for x, _ in series.points], [y for _, y in series.points]
            marker, colour = MARKERS[at % len(MARKERS)]
            if figure.kind == "stack":
                plt.bar(x, y, marker="#" if self.ascii else "█", color=self._rgb("primary"), width=0.5)
            else:
                plt.plot(x, y, marker=plain_ascii(marker) if self.ascii else marker, color=self._rgb(colour))
        labels = xs[:: max(1, -(-len(xs) // MOST_TICKS))]
        plt.xticks([float(x) for x in labels], [str(x) for x in labels])
        ticks = nice_ticks(*figure.bounds)
        plt.ylim(ticks[0], ticks[-1])
        plt.yticks(ticks, [figure.value(y) if figure.unit == "gas" else f"{y:g}" for y in ticks])

    def _rgb(self, name: str) -> tuple[int, int, int]:
        colour = Color.parse(self.app.theme_variables[name])
        return colour.r, colour.g, colour.b
