"""Who weighed how much: a row a client, a column a round, the newest rounds where not all fit."""

from __future__ import annotations

from dltui.core.series import Figure
from dltui.tui.widgets.charts import bar
from dltui.tui.widgets.lines import Lines
from dltui.tui.widgets.safe_text import Part, fit, line

NAME_WIDTH = 12
LEAST_CELL, MOST_CELL = 7, 16


class Shares(Lines):
    """Bars with their figures, so that nothing rests on a colour."""

    _figure: Figure | None = None

    def show_figure(self, figure: Figure) -> None:
        """Draws it."""
        self._figure = figure
        self.on_resize()

    def on_resize(self) -> None:
        """Draws as many rounds as fit."""
        figure = self._figure
        room = self.size.width - NAME_WIDTH
        if figure is None or figure.empty or room < LEAST_CELL:
            self.show([])
            return
        rounds = [x for x, _ in figure.series[0].points]
        cell = max(LEAST_CELL, min(MOST_CELL, room // len(rounds)))
        kept = rounds[-(room // cell) :]
        top = max(y for series in figure.series for _, y in series.points) or 1.0
        rows = [line((fit("round", NAME_WIDTH), "quiet"), *((fit(str(n), cell), "quiet") for n in kept))]
        for series in figure.series:
            shares = dict(series.points)
            cells = [part for number in kept for part in _share(shares[number], top, cell)]
            rows.append(line((fit(series.name, NAME_WIDTH), ""), *cells))
        self.show(rows)


def _share(share: float, top: float, width: int) -> list[Part]:
    """A bar and its figure in `width` cells; a dash where the client did not count."""
    text = "   -" if not share else "1.00" if share >= 0.9995 else f"{share:.3f}"[1:]
    full, empty = bar(round(1000 * share), round(1000 * top), width - len(text) - 2)
    return [(full, "busy"), (empty, "faint"), (" ", ""), (text, "" if share else "quiet"), (" ", "")]
