from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.core import events as ev
from dltui.core import series
from dltui.core.events import Event, Payload
from dltui.core.state.state import State
from dltui.rundir.journal import read
from tests.kits.story import CLIENTS, FIXTURE


def story() -> State:
    state = State()
    for event in read(FIXTURE / "journal"):
        state.apply(event)
    return state


def told(*payloads: Payload) -> State:
    state = State()
    for seq, payload in enumerate(payloads, start=1):
        state.apply(Event(seq, "2026-11-24T00:00:00.000Z", payload))
    return state


def rounds(*weights: dict[str, int]) -> State:
    """Finalised rounds in which the clients had these weights; 0 means refused."""
    events: list[Payload] = []
    for number, shares in enumerate(weights, start=1):
        rows = tuple(
            ev.VerdictRow(client=name, digest="", included=weight > 0, reason="OK", weight=weight)
            for name, weight in shares.items()
        )
        events += [
            ev.RoundOpened(round=number, base=0, base_digest="", plan_hash="", selected=tuple(shares),
                           committee=(), seed="", deadline=0),
            ev.RoundReporting(round=number, attempt=0, submitted=tuple(shares), committee=("a",), deadline=0),
            ev.RoundAttesting(round=number, attempt=0, members=("a",), deadline=0),
            ev.RoundFinalised(round=number, attempt=0, version=number, digest="", verdicts_root="", accuracy_bp=1,
                              agreeing=()),
            ev.RoundIncluded(round=number, verdicts=rows),
        ]  # fmt: skip
    return told(*events)


def test_accuracy_has_the_committee_and_the_test_split() -> None:
    figure = series.accuracy(story())
    split, committee = figure.series
    assert (split.name, split.points) == ("test split", ((0, 0.098), (1, 0.89), (2, 0.91), (3, 0.93)))
    assert (committee.name, committee.points) == ("committee", ((1, 0.8801), (2, 0.9001), (3, 0.9201)))
    assert figure.says == (
        "Accuracy went from 0.098 in version 0 to 0.930 in version 3 (test split) "
        "and from 0.880 in version 1 to 0.920 in version 3 (committee)."
    )
    assert split.last == 0.93 and not figure.empty


def test_loss_is_that_of_the_test_split() -> None:
    figure = series.loss(story())
    assert figure.series[0].points == ((0, 0.4), (1, 0.4), (2, 0.4), (3, 0.4))
    assert figure.says == "Loss went on the test split from 0.400 in version 0 to 0.400 in version 3."


def test_shares_add_up_to_one_and_a_client_that_did_not_count_has_none() -> None:
    figure = series.shares(story())
    assert [one.name for one in figure.series] == list(CLIENTS)
    by_name = {one.name: dict(one.points) for one in figure.series}
    assert by_name["client-2"] == {1: 0.2, 2: 0.0, 3: 0.25} and by_name["client-4"] == {1: 0.2, 2: 0.25, 3: 0.0}
    for number in (1, 2, 3):
        assert sum(points[number] for points in by_name.values()) == pytest.approx(1.0)
    assert figure.says == "Round 3: 4 clients counted, each for 25.0%."


def test_the_clients_that_count_least_are_summed() -> None:
    weights = {f"client-{n}": n + 1 for n in range(12)}
    figure = series.shares(rounds(weights, {**weights, "client-11": 0}), most=3)
    assert [one.name for one in figure.series] == ["client-8", "client-9", "client-10", "9 others"]
    assert dict(figure.series[1].points) == {1: 10 / 78, 2: 10 / 66}
    for number in (1, 2):
        assert sum(dict(one.points)[number] for one in figure.series) == pytest.approx(1.0)
    assert figure.says == "Round 2: 11 clients counted, for 1.5% to 16.7%."


def test_a_round_of_which_nothing_counted_has_no_shares() -> None:
    figure = series.shares(rounds({"a": 0, "b": 0}))
    assert [one.points for one in figure.series] == [((1, 0.0),), ((1, 0.0),)]
    assert figure.says == "Round 1: no update counted."


def test_gas_per_round_leaves_out_what_came_before_and_says_it() -> None:
    state = story()
    (row,) = series.gas(state).series
    assert row.points == tuple((n, float(state.chain.by_round[n].gas)) for n in (1, 2, 3))
    assert series.gas(state).says == "3 rounds used 3.56M gas, 1.19M each; 8.70M came before."


@pytest.mark.parametrize(
    ("kind", "unit", "points", "bounds"),
    [
        ("line", "fraction", (((0, 0.1), (1, 0.9)),), (0.1, 0.9)),
        ("line", "fraction", (((0, 0.1),),), (0.0, 1.0)),
        ("line", "nats", (((0, 2.3),),), (2.3, 4.6)),
        ("stack", "seconds", (((1, 2.0), (2, 1.0)), ((1, 3.0),)), (0.0, 5.0)),
        ("stack", "gas", ((),), (0.0, 1.0)),
    ],
)
def test_the_axis_has_every_value_and_is_never_empty(
    kind: str, unit: str, points: tuple[tuple[tuple[int, float], ...], ...], bounds: tuple[float, float]
) -> None:
    figure = series.Figure("f", "", kind, "x", unit, tuple(series.Series("s", one) for one in points), "")
    assert figure.bounds == bounds


def test_an_empty_run_says_what_will_appear() -> None:
    for figure in series.figures(State()):
        assert figure.empty and "appear" in figure.says
    assert series.gas(State()).value(None) == "-"
    assert series.gas(State()).value(1_234_567.0) == "1.23M" and series.loss(State()).value(0.5) == "0.500"


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9))
def test_ticks_enclose_the_range_in_equal_round_steps(low: float, width: float) -> None:
    high = low + width
    ticks = series.nice_ticks(low, high)
    assert ticks[0] <= low + width * 1e-6 and ticks[-1] >= high - width * 1e-6 and 2 <= len(ticks) <= 8


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (0.09, 0.95, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (3, 24, [0, 5, 10, 15, 20, 25])],
)
def test_ticks_are_what_people_write(low: float, high: float, ticks: list[float]) -> None:
    assert series.nice_ticks(low, high) == ticks
