from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.core import events as ev
from dltui.core.events import Event, Payload
from dltui.demo.expectations import Claim, Condition, Count, read_claim
from dltui.errors import ConfigError

TS = "2026-11-24T00:00:00.000Z"
ROWS = (
    ev.VerdictRow(client="a", digest="", included=True, reason="OK", weight=5),
    ev.VerdictRow(client="b", digest="", included=False, reason="WRONG_BASE", weight=0),
)


def event(payload: Payload) -> Event:
    return Event(1, TS, payload)


def claim(**raw: Any) -> Claim:
    return read_claim(raw, "FILE: expect", ("count",))


def refused(**raw: Any) -> str:
    with pytest.raises(ConfigError) as error:
        claim(**raw)
    return str(error.value)


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        (Condition(has="a"), ("a", "b"), True),
        (Condition(has="c"), ("a", "b"), False),
        (Condition(has="v3"), "v2 and v3", True),
        (Condition(has=3), "v3", False),
        (Condition(has={"client": "b", "included": False}), ROWS, True),
        (Condition(has={"client": "a", "included": False}), ROWS, False),
        (Condition(has={"nothing": 1}), ROWS, False),
        (Condition(lacks="c"), ("a", "b"), True),
        (Condition(lacks="a"), ("a", "b"), False),
        (Condition(lacks={"included": False}), ROWS, False),
        (Condition(lacks="a"), None, False),
        (Condition(size=2), ROWS, True),
        (Condition(size=2), (), False),
        (Condition(size=2), "ab", False),
        (Condition(least=3), 3, True),
        (Condition(least=3), 2.9, False),
        (Condition(most=3), 4, False),
        (Condition(least=0, most=1), True, False),
        (Condition(least=1), None, False),
        (Condition(has="a", size=1), ("a", "b"), False),
    ],
)
def test_conditions(condition: Condition, value: Any, holds: bool) -> None:
    assert condition.holds(value) is holds


def test_a_claim_in_full() -> None:
    told = claim(kind="round.included", round=2, verdicts={"size": 2, "has": {"client": "b"}}, count=3)
    assert told == Claim("round.included", 3, {"round": 2, "verdicts": Condition(size=2, has={"client": "b"})})
    assert told.text == "3 x round.included round=2 verdicts has {client=b} and size 2"
    assert told.matches(event(ev.RoundIncluded(round=2, verdicts=ROWS)))
    assert not told.matches(event(ev.RoundIncluded(round=1, verdicts=ROWS)))
    assert not told.matches(event(ev.RoundIncluded(round=2, verdicts=ROWS[:1])))
    assert not told.matches(event(ev.RoundAborted(round=2, attempt=0, reason="")))


def test_counting_and_what_was_found_instead() -> None:
    none, twice = Count(claim(kind="client.late", id="a", count=0)), Count(claim(kind="client.late", id="a", count=2))
    assert none.holds and not twice.holds and twice.found == "no client.late came"
    for count in (none, twice):
        count.take(event(ev.ClientLate(id="b", round=1, what="submit")))
    assert none.holds and twice.found == "the last client.late had id=b"
    for count in (none, twice):
        count.take(event(ev.ClientLate(id="a", round=1, what="submit")))
    assert not none.holds and twice.found == "1 of 2 came"
    twice.take(event(ev.ClientLate(id="a", round=2, what="submit")))
    assert twice.holds and none.claim.text == "no client.late id=a"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ({}, "FILE: expect: kind is missing"),
        ({"kind": 3}, "kind is missing"),
        ({"kind": "round.finalized"}, "no event is called 'round.finalized' - the nearest is round.finalised"),
        ({"kind": "round.opened", "rond": 1}, "no field of round.opened is called 'rond' - the nearest is round"),
        ({"kind": "round.opened", "round": "1"}, "round: Expected `int`, got `str`"),
        ({"kind": "round.opened", "selected": {"hass": "a"}}, "'hass' - the nearest is has"),
        ({"kind": "round.opened", "selected": {"size": -1}}, "selected: Expected `int` >= 0"),
        ({"kind": "round.opened", "count": -1}, "count must be a whole number from 0 to 100000"),
        ({"kind": "round.opened", "count": True}, "count must be a whole number"),
    ],
)  # fmt: skip
def test_wrong_claims_are_refused_with_the_nearest_that_is_right(raw: dict[str, Any], words: str) -> None:
    assert words in refused(**raw)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3)))
def test_conditions_never_fail_on_any_value(value: Any) -> None:
    for condition in (Condition(has="a"), Condition(lacks={"x": 1}), Condition(size=1), Condition(least=1, most=2)):
        assert condition.holds(value) in (True, False)
