"""The figures of a run as series of numbers, for any face that plots: pure functions of the state."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10

from dltui.core import format as fmt
from dltui.core.chain_states import RoundState
from dltui.core.state.entities import Round
from dltui.core.state.state import State
from dltui.core.views.taking_part import weight_shares
from dltui.core.views.time import spent

MOST_CLIENTS = 8
"""Clients with a series of their own; the rest are summed."""


@dataclass(frozen=True)
class Series:
    """One named series of (x, y) points in the order of x."""

    name: str
    points: tuple[tuple[int, float], ...]

    @property
    def last(self) -> float | None:
        """The newest value."""
        return self.points[-1][1] if self.points else None


@dataclass(frozen=True)
class Figure:
    """One plot. `kind` is line, or stack: the values of all series at one x lie on top of each other."""

    id: str
    title: str
    kind: str
    x: str
    """What the x values count: `version` or `round`."""
    unit: str
    """`fraction`, `nats` (cross entropy), `gas` or `seconds`."""
    series: tuple[Series, ...]
    says: str
    """The figure in one sentence, for who cannot see it; what will be here if it is empty."""

    @property
    def empty(self) -> bool:
        """There is nothing to plot yet."""
        return not any(series.points for series in self.series)

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest value to have on the axis; never equal."""
        values = [y for series in self.series for _, y in series.points]
        low, high = min(values, default=0.0), max(values, default=1.0)
        if self.kind == "stack":
            sums: dict[int, float] = {}
            for series in self.series:
                for x, y in series.points:
                    sums[x] = sums.get(x, 0.0) + y
            low, high = 0.0, max(sums.values(), default=1.0)
        if high - low > 1e-9 * max(abs(low), abs(high)):
            return low, high
        return (min(0.0, low), max(1.0, high)) if self.unit == "fraction" else (low, low + max(1.0, abs(low)))

    def value(self, y: float | None) -> str:
        """Return a value as people write it in this figure's unit."""
        if y is None:
            return fmt.NONE
        if self.unit == "seconds":
            return fmt.duration(y)
        return fmt.gas(round(y)) if self.unit == "gas" else f"{y:.3f}"


def figures(state: State) -> tuple[Figure, ...]:
    """Return every figure in the order in which it is shown: accuracy, loss, weight shares, gas."""
    return accuracy(state), loss(state), shares(state), gas(state)


def accuracy(state: State) -> Figure:
    """Accuracy per version: the committee's median, and on the test split that no client sees."""
    versions = sorted(state.versions.items())
    split = Series(
        "test split", tuple((n, v.test_accuracy_bp / 10_000) for n, v in versions if v.test_accuracy_bp is not None)
    )
    committee = Series(
        "committee", tuple((n, v.accuracy_bp / 10_000) for n, v in versions if v.accuracy_bp is not None)
    )
    says = _course("Accuracy", split, committee) or "Accuracy appears with the first version that is measured."
    return Figure("accuracy", "Accuracy per version", "line", "version", "fraction", (split, committee), says)


def loss(state: State) -> Figure:
    """Mean cross entropy per version on the test split; the committee measures no loss."""
    points = tuple((n, v.test_loss) for n, v in sorted(state.versions.items()) if v.test_loss is not None)
    split = Series("test split", points)
    says = _course("Loss", split) or "Loss appears with the first version that is measured."
    return Figure("loss", "Loss per version", "line", "version", "nats", (split,), says)


def shares(state: State, most: int = MOST_CLIENTS) -> Figure:
    """Return each client's share of the weight in each aggregate; the clients after the `most` largest are summed.

    A share is what a client's update counted for in the mean, not how good it was.
    """
    rounds = {n: _shares(r) for n, r in sorted(state.rounds.items()) if r.state == RoundState.FINALISED and r.verdicts}
    sums: dict[str, float] = {}
    for weights in rounds.values():
        for client, share in weights.items():
            sums[client] = sums.get(client, 0.0) + share
    ranked = sorted(sums, key=lambda client: (-sums[client], client))
    shown, rest = sorted(ranked[:most], key=_natural), ranked[most:]
    series = [Series(name, tuple((n, w.get(name, 0.0)) for n, w in rounds.items())) for name in shown]
    if rest:
        others = tuple((n, sum(w.get(name, 0.0) for name in rest)) for n, w in rounds.items())
        series.append(Series(f"{len(rest)} others", others))
    says = "Weight shares appear when the first round is finalised."
    if rounds:
        number, weights = list(rounds.items())[-1]
        says = f"Round {number}: {_counted([share for share in weights.values() if share])}"
    return Figure("shares", "Weight share per client", "stack", "round", "fraction", tuple(series), says)


def gas(state: State) -> Figure:
    """Gas per round; what came before the first round is only told, because deployments dwarf the rest."""
    rows = {n: row.gas for n, row in sorted(state.chain.by_round.items()) if n}
    says = "Gas appears with the first round."
    if rows:
        before = state.chain.by_round.get(0)
        says = f"{fmt.plural(len(rows), 'round')} used {fmt.gas(sum(rows.values()))} gas" + (
            f", {fmt.gas(sum(rows.values()) // len(rows))} each; {fmt.gas(before.gas)} came before." if before else "."
        )
    points = tuple((n, float(used)) for n, used in rows.items())
    return Figure("gas", "Gas per round", "stack", "round", "gas", (Series("gas", points),), says)


def times(state: State) -> Figure:
    """Return where each round's time went, in seconds: by phase, or by part (the slowest client's or member's)."""
    timed = [(n, dict(spent(r))) for n, r in sorted(state.rounds.items()) if r.timing]
    parts = list(dict.fromkeys(part for _, timing in timed for part in timing))
    series = tuple(Series(part, tuple((n, timing.get(part, 0.0)) for n, timing in timed)) for part in parts)
    says = "Times appear when the first round has ended."
    if timed:
        whole = {part.name: sum(y for _, y in part.points) for part in series}
        most = max(whole, key=lambda part: whole[part])
        says = f"Of {fmt.duration(sum(whole.values()))} in rounds, most went into {most}: {fmt.duration(whole[most])}."
    return Figure("times", "Time per round", "stack", "round", "seconds", series, says)


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """At most about `most` round numbers that enclose the range, in steps of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / max(1, most - 1)
    power = 10.0 ** floor(log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def _shares(shown: Round) -> dict[str, float]:
    known = weight_shares(shown)
    return {verdict.client: float(known.get(verdict.client, 0)) for verdict in shown.verdicts}


def _counted(shares: list[float]) -> str:
    if not shares:
        return "no update counted."
    who = fmt.plural(len(shares), "client")
    low, high = f"{min(shares):.1%}", f"{max(shares):.1%}"
    return f"{who} counted, each for {low}." if low == high else f"{who} counted, for {low} to {high}."


def _course(what: str, *series: Series) -> str:
    told = [one for one in series if one.points]
    parts = []
    for one in told:
        (first, low), (last, high) = one.points[0], one.points[-1]
        way = f"from {low:.3f} in version {first} to {high:.3f} in version {last}"
        parts.append(f"{way} ({one.name})" if len(told) > 1 else f"on the {one.name} {way}")
    return f"{what} went {' and '.join(parts)}." if parts else ""


def _natural(name: str) -> tuple[str, int, str]:
    """Sort client-2 before client-10."""
    head = name.rstrip("0123456789")
    digits = name[len(head) :]
    return head, int(digits[:18] or 0), name
