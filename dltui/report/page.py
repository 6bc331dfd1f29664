"""The page: the content of a run and its verification, put into the template. Foreign text is escaped there."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dltui.core import format as fmt
from dltui.core import series, views
from dltui.core.chain_states import RoundState
from dltui.core.series import Figure
from dltui.core.state.entities import GasRow
from dltui.core.state.state import State
from dltui.core.summary import summarise
from dltui.core.views.chain import money
from dltui.report.content import Content
from dltui.report.svg import draw
from dltui.report.verification import Verification

MOST_ROUND_COLUMNS = 12
"""Rounds that get a column of their own in the table of contributions."""


def render(content: Content, verification: Verification) -> str:
    """Return the whole HTML document."""
    pages = Environment(
        loader=PackageLoader("dltui.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters.update(
        gas=fmt.gas, ether=fmt.ether, accuracy=fmt.accuracy, number=fmt.number, when=_when, seconds=fmt.duration
    )
    state = content.state
    return pages.get_template("page.html").render(
        content=content,
        state=state,
        verification=verification,
        summary=summarise(state, content.head),
        style=Markup(_style()),
        figures=[_figure(figure) for figure in series.figures(state)],
        times=_figure(series.times(state)),
        lineage=_lineage(state),
        registry={row.version: row for row in views.registry_rows(state)},
        contributions=_contributions(state),
        shown_rounds=sorted(state.rounds)[-MOST_ROUND_COLUMNS:],
        gas_tables=_gas_tables(state),
        cost=_cost(state),
        settings=_settings(state),
        headline=_headline(state),
    )


def _style() -> str:
    return files("dltui.report").joinpath("style.css").read_text(encoding="utf-8")


def _figure(figure: Figure) -> dict[str, Any]:
    return {"title": figure.title, "says": figure.says, "empty": figure.empty, "svg": Markup(draw(figure, figure.id))}


def _headline(state: State) -> str:
    done = sum(r.state == RoundState.FINALISED for r in state.rounds.values())
    reached = [v.test_accuracy_bp for _, v in sorted(state.versions.items()) if v.test_accuracy_bp is not None]
    accuracy = f", accuracy {fmt.accuracy(reached[-1])} on the test split" if reached else ""
    return f"{done} of {fmt.plural(state.target, 'round')} finalised{accuracy}"


def _lineage(state: State) -> list[int]:
    """From the first version to the released one, or to the base of the next round if none is released."""
    version = state.released or state.base
    line: list[int] = []
    while version is not None and version.number not in line:
        line.append(version.number)
        version = state.versions.get(version.parent) if version.parent is not None else None
    return line[::-1]


def _contributions(state: State) -> list[dict[str, Any]]:
    """Make a row a client: its share of the weight by round, why updates of it did not count, and its gas."""
    shares = {one.name: dict(one.points) for one in series.shares(state, most=len(state.clients) + 1).series}
    rows = []
    for row in views.client_rows(state, 0.0):
        verdicts = [v for r in state.rounds.values() for v in r.verdicts if v.client == row.id]
        spent = state.chain.by_sender.get(row.id, GasRow())
        rows.append(
            {
                "row": row,
                "shares": shares.get(row.id, {}),
                "counted": sum(v.included for v in verdicts),
                "selected": sum(row.id in r.selected for r in state.rounds.values()),
                "refused": sorted({v.reason for v in verdicts if not v.included}),
                "late": sum(row.id in r.late for r in state.rounds.values()),
                "gas": spent,
            }
        )
    return rows


def _gas_tables(state: State) -> list[tuple[str, list[tuple[str, GasRow]]]]:
    chain = state.chain

    def ranked(rows: dict[str, GasRow]) -> list[tuple[str, GasRow]]:
        return sorted(rows.items(), key=lambda item: (-item[1].gas, item[0]))

    rounds = [("before round 1" if n == 0 else f"round {n}", row) for n, row in sorted(chain.by_round.items())]
    return [("function", ranked(chain.by_function)), ("sender", ranked(chain.by_sender)), ("round", rounds)]


def _cost(state: State) -> Callable[[int], str] | None:
    """Return what says a fee in wei in the currency of the configuration; None if no rate is set."""
    return (lambda wei: money(state, wei, 4)) if money(state, 0) else None


def _settings(state: State) -> list[tuple[str, Any]]:
    sections = [(name, values) for name, values in state.config.items() if isinstance(values, dict)]
    return [(f"{name}.{key}", value) for name, values in sections for key, value in values.items()]


def _when(ts: str) -> str:
    """Return a timestamp as `2026-11-24 07:08:58`."""
    return ts[:19].replace("T", " ") if ts else fmt.NONE
