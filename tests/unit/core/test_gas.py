"""Gas against its budget, in a currency, and whether a block is due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.core import views
from dltui.core.state.state import State
from dltui.core.views.chain import money
from tests.kits.story import START, told

NOW = float(START + 100)
USED = 12_260_420


def with_gas(until: str = "", **gas: object) -> State:
    state = told(until=until)
    state.config = {**state.config, "gas": gas}
    return state


@pytest.mark.parametrize(
    ("limit", "percent", "tone"),
    [(10 * USED, 10, "ok"), (USED * 100 // 79, 79, "ok"), (USED * 5 // 4, 80, "warn"), (USED, 100, "warn"),
     (USED - 1, 100, "bad"), (USED // 2, 200, "bad")],
)  # fmt: skip
def test_the_budget_warns_from_eighty_per_cent(limit: int, percent: int, tone: str) -> None:
    assert views.budget(with_gas(budget=limit)) == views.Budget(USED, limit, percent, tone)


def test_no_budget_is_none() -> None:
    assert views.budget(with_gas(budget=0)) is None and views.budget(State()) is None
    assert views.budget(with_gas(budget="many")) is None


def test_a_budget_that_runs_out_is_an_alert_of_its_own_but_the_last_one_heard() -> None:
    alert = views.alert_line(with_gas("model.rejected", budget=USED * 5 // 4))
    assert alert is not None and alert.text == "80 % of the gas budget of 15.3M is used"
    assert views.alert_line(with_gas("model.rejected", budget=10 * USED)) is None
    late = with_gas("model.rejected", budget=USED)
    late.alert("x", "warning", "client-1 is late", "", late.last_ts)
    heard = views.alert_line(late)
    assert heard is not None and heard.text == "client-1 is late"


@given(st.integers(0, 10**24), st.integers(1, 10**9))
def test_money_is_exact_to_half_a_cent(wei: int, cents_an_ether: int) -> None:
    shown = money(with_gas(rate=cents_an_ether / 100, currency="CHF"), wei)
    cents = int(shown.removesuffix(" CHF").replace(",", "").replace(".", ""))
    assert abs(cents * 10**18 - wei * cents_an_ether) * 2 <= 10**18


def test_no_rate_is_no_money() -> None:
    assert money(with_gas(rate=0.0), 10**18) == ""
    assert views.chain_view(with_gas(rate=3000.0, currency="EUR"), NOW).money == "36.78 EUR"


def test_a_quiet_chain_is_not_stalled_until_a_block_is_due() -> None:
    def age(now: float) -> tuple[str, str]:
        view = views.chain_view(state, now)
        return view.age_text, view.age_tone

    state = told(until="update.submitted", count=3)
    current = state.in_flight
    assert current is not None
    current.deadline = int(NOW) + 50
    assert age(NOW + 49)[1] == "idle"
    assert age(NOW + 52)[1] == "idle"
    assert age(NOW + 54)[1] == "warn"
    words, tone = age(NOW + 61)
    assert words.startswith("stalled 1 min") or words.startswith("stalled ")
    assert tone == "bad"
    assert views.chain_view(told(until="round.timed"), NOW + 500).age_tone == "idle"


def test_shares_are_weights_in_the_last_aggregate() -> None:
    rows = {row.id: row for row in views.client_rows(told(), NOW)}
    assert [rows[f"client-{n}"].share for n in range(5)] == ["25.0%", "25.0%", "25.0%", "25.0%", "0.0%"]
    assert rows["client-4"].change == "▼" and rows["client-0"].change == ""
    assert rows["client-2"].change == ""
    first = {row.id: row for row in views.client_rows(told(until="round.included"), NOW)}
    assert {row.share for row in first.values()} == {"20.0%"} and {row.change for row in first.values()} == {""}
    assert {row.share for row in views.client_rows(told(until="round.opened"), NOW)} == {"-"}
