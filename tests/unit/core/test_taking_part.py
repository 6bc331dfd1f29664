"""The same question has the same answer on every page."""

from __future__ import annotations

from fractions import Fraction

import pytest

from dltui.core import events as ev
from dltui.core.events import Event, Payload
from dltui.core.pages.client import client_page
from dltui.core.pages.round import round_page
from dltui.core.state.entities import Round, Verdict
from dltui.core.state.state import State
from dltui.core.views import waiting
from dltui.core.views.chain import money
from dltui.core.views.taking_part import awaited, duration, missed, seconds_since_opening, weight_shares
from tests.kits.story import CLIENTS, START, payloads

TS = "2026-11-24T00:00:00.000Z"


def opened(*more: Payload) -> State:
    """The story until its first round is open, and what comes then."""
    told = payloads()
    at = next(n for n, payload in enumerate(told) if isinstance(payload, ev.RoundOpened))
    state = State()
    for seq, payload in enumerate([*told[: at + 1], *more], start=1):
        state.apply(Event(seq, TS, payload))
    assert not [alert for alert in state.alerts if alert.startswith("journal")], state.alerts
    return state


def on_both_pages(state: State, client: str) -> set[str]:
    """What the round's page and the client's own page say about its update in round 1."""
    people = round_page(state, 1, float(START)).tables[0].lines
    history = client_page(state, client, float(START)).tables[0].lines
    cells = [line.cells[1] for line in people if line.cells[0] == client]
    cells += [line.cells[1] for line in history if line.cells[0] == "1"]
    assert len(cells) == 2
    return {cell if isinstance(cell, str) else cell[0] for cell in cells}


def closing(*submitted: str) -> ev.RoundReporting:
    return ev.RoundReporting(round=1, attempt=0, submitted=submitted, committee=CLIENTS[:3], deadline=START + 99)


def test_a_client_that_was_suspended_before_it_submitted_is_not_waited_for_on_any_page() -> None:
    suspended = ev.ClientSuspended(id="client-2", reason="by the operator")
    state = opened(suspended)
    assert on_both_pages(state, "client-2") == {"not waited for"}
    assert on_both_pages(state, "client-1") == {"◐ awaited"}
    wait = waiting(state, float(START))
    assert wait is not None and wait.who == ("client-0", "client-1", "client-3", "client-4")
    state = opened(suspended, ev.ClientLate(id="client-1", round=1, what="submit"), closing())
    assert on_both_pages(state, "client-2") == {"not waited for"}
    assert on_both_pages(state, "client-1") == {"▲ missed"}
    assert awaited(state, state.rounds[1]) == () and missed(state.rounds[1], "client-1")


def test_shares_are_parts_of_what_counted() -> None:
    one, two, out = (Verdict(name, "", name != "c", "OK", weight) for name, weight in (("a", 1), ("b", 2), ("c", 5)))
    shown = Round(1, 0, verdicts=[one, two, out])
    assert weight_shares(shown) == {"a": Fraction(1, 3), "b": Fraction(2, 3), "c": 0}
    assert weight_shares(Round(1, 0)) == {} == weight_shares(Round(1, 0, verdicts=[out]))


def test_a_round_lasts_until_it_is_closed_or_until_now() -> None:
    shown = Round(1, 0, opened_at="2026-11-24T00:00:10.000Z")
    now = 1_795_478_400.0 + 25.5
    assert duration(shown, now) == 15.5 and seconds_since_opening(shown, "") is None
    shown.closed_at = "2026-11-24T00:00:12.250Z"
    assert duration(shown, now) == 2.25 == seconds_since_opening(shown, shown.closed_at)
    assert duration(Round(1, 0), now) == 0.0


@pytest.mark.parametrize(("digits", "text"), [(2, "0.12 EUR"), (4, "0.1250 EUR")])
def test_money_is_exact_with_any_number_of_digits(digits: int, text: str) -> None:
    state = State(config={"gas": {"rate": 0.5, "currency": "EUR"}})
    assert money(state, 25 * 10**16, digits) == text


def test_limits_are_the_plans_and_those_of_the_configuration_in_a_journal_that_is_too_old() -> None:
    plan = {"plan": 1, "plan_hash": "ab", "committee": 3, "quorum": 2, "require_approval": False}
    config = {"rounds": {"min_submissions": 4, "quorum": 3}}
    state = State(config=config)
    assert (state.min_submissions, state.quorum) == (4, 3)
    state.apply(Event(1, TS, ev.payload_from("plan.set", plan)))
    assert (state.min_submissions, state.quorum) == (4, 2)
    state.apply(Event(2, TS, ev.payload_from("plan.set", {**plan, "min_submissions": 5})))
    assert (state.min_submissions, state.quorum) == (5, 2)
