"""Pages of a recorded run, by value."""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path

import pytest

from dltui.core import format as fmt
from dltui.core.answers import DecodedTx, Estimate, decode, encode, short
from dltui.core.pages.alerts import alerts_page
from dltui.core.pages.client import client_page
from dltui.core.pages.event import event_page
from dltui.core.pages.gas import call_page, operator_page, setup_page
from dltui.core.pages.page import Page, Table, handle
from dltui.core.pages.round import round_page
from dltui.core.pages.tx import tx_page
from dltui.core.pages.version import version_page
from dltui.core.state.state import State
from dltui.errors import RunError
from dltui.rundir.journal import read
from tests.kits.story import FIXTURE

STARVED = Path(__file__).parents[2] / "fixtures" / "runs" / "starved"


@cache
def folded(folder: Path) -> State:
    state = State()
    for event in read(folder / "journal"):
        state.apply(event)
    return state


def now(state: State) -> float:
    return (fmt.unix(state.last_ts) or 0.0) + 1


def facts(page: Page) -> dict[str, str]:
    return {fact.label: fact.text for fact in page.facts}


def cells(table: Table) -> list[list[str]]:
    return [[cell[0] if isinstance(cell, tuple) else cell for cell in line.cells] for line in table.lines]


def test_the_page_of_a_client_tells_each_round_and_what_it_paid() -> None:
    state = folded(STARVED)
    page = client_page(state, "client-2", now(state))
    told = facts(page)
    assert told["member"] == "suspended, index 2" and told["process"] == "stopped, signal 9"
    assert told["data"] == "slice 2: 1,440 to train, 160 held out" and told["included"] == "1 of 3 rounds"
    rounds, txs = page.tables
    assert [row[:4] for row in cells(rounds)] == [
        ["3", "▲ missed", "-", "-"],
        ["2", "▲ missed", "-", "-"],
        ["1", "✔ included", "1,440", "33.3%"],
    ]
    assert [line.target for line in rounds.lines] == [("round", 3), ("round", 2), ("round", 1)]
    mine = [tx for tx in state.txs if tx.sender == "client-2"]
    assert told["gas"] == f"{sum(tx.gas_used for tx in mine):,} in {len(mine)} tx"
    assert [line.target for line in txs.lines] == [("tx", tx.hash) for tx in reversed(mine)]


def test_the_page_of_a_version_tells_who_made_it_and_who_vouched() -> None:
    state = folded(STARVED)
    page = version_page(state, 1, now(state))
    contributors, attestations, lineage = page.tables
    assert [row[:4] for row in cells(contributors)] == [
        [f"client-{n}", "✔ included", "1,440", "33.3%"] for n in (0, 2, 4)
    ]
    assert cells(attestations) == [
        ["client-0", "0.894", "equal seal"],
        ["client-1", "0.925", "equal seal"],
        ["client-3", "0.912", "equal seal"],
    ]
    assert [row[0] for row in cells(lineage)] == ["v1", "v0"]
    assert facts(page)["digest"] == state.versions[1].digest
    first = version_page(state, 0, now(state))
    assert facts(first)["test split"] == "accuracy 0.100, loss 2.301"
    assert facts(page)["test split"].endswith(" (+0.809 to v0)")
    assert [table.title for table in first.tables] == ["Lineage"]


def test_the_page_of_a_round_tells_what_happened_when() -> None:
    state = folded(STARVED)
    page = round_page(state, 1, now(state))
    people, story, txs = page.tables
    assert [row[1] for row in cells(people)] == ["✔ included", "▲ missed", "✔ included", "▲ missed", "✔ included"]
    said = [row[3] for row in cells(story)]
    assert said[0] == "opened" and said[-1] == "finalised: version 1, 3 equal seals"
    assert said.count("submitted") == 3 and said.count("no submit by the deadline") == 2
    assert {line.target for line in txs.lines} == {("tx", tx.hash) for tx in state.txs if tx.round == 1}
    aborted = facts(round_page(state, 3, now(state)))
    assert (aborted["because"], aborted["result"]) == ("too few submissions", "none")


def test_the_page_of_a_transaction_with_and_without_its_call() -> None:
    state = folded(STARVED)
    tx = next(tx for tx in state.txs if not tx.ok)
    page = tx_page(state, tx.hash, now(state))
    assert facts(page)["because"] == tx.reason and "deadline" in tx.reason
    assert page.tables[0].empty.startswith("reading")
    called = DecodedTx(contract="FLContract", function="submit", arguments=(("round", "3"),), to="0x1", nonce=1,
                       gas_limit=135_000, max_fee=2, max_tip=1, value=0)  # fmt: skip
    decoded = tx_page(state, tx.hash, now(state), called)
    assert facts(decoded)["call"] == "FLContract.submit"
    assert facts(decoded)["gas"] == f"{tx.gas_used:,} of 135,000 allowed"
    assert cells(decoded.tables[0]) == [["round", "3"]]
    assert [line.target[0] for line in decoded.tables[1].lines if line.target] == ["event"]


def test_the_page_of_an_event_leads_to_what_it_names() -> None:
    state = folded(STARVED)
    opened = next(event for event in state.events if event.kind == "round.opened")
    targets = {fact.label: fact.target for fact in event_page(state, opened.seq, now(state)).facts}
    assert (targets["round"], targets["base"], targets["seed"]) == (("round", 1), ("version", 0), None)


def test_alerts_that_are_over_are_told_with_how_long_they_lasted() -> None:
    state = folded(FIXTURE)
    page = alerts_page(state, None, now(state))
    assert len(page.tables[0].lines) == sum(event.kind == "run.alert.cleared" for event in state.events)


@pytest.mark.parametrize("make", [client_page, version_page, round_page, tx_page, event_page])
def test_what_is_not_known_has_a_page_that_says_so(make: object) -> None:
    page = make(State(), "x", 0.0)  # type: ignore[operator]
    assert "is not known here" in page.facts[0].text


def test_answers_pass_and_anything_else_is_refused() -> None:
    estimate = Estimate(calls=("ModelRegistry.approve",), gas=1, fee=2, sender="0x1")
    assert decode(encode(estimate), Estimate) == estimate
    assert len(short("x" * 999)) == 160 and short("\x1b[2Ja") == "a"
    for text in ("", "{}", "[1]", "[" * 5000, '{"gas":1}', encode(estimate).replace(":1", ":-1"), "\ud800"):
        with pytest.raises(RunError, match="cannot be read"):
            decode(text, Estimate)


def test_gas_leads_to_the_transactions_that_it_was_paid_for() -> None:
    state = folded(STARVED)
    for page, row in (
        (call_page(state, "submit", now(state)), state.chain.by_function["submit"]),
        (call_page(state, "deploy FLContract", now(state)), state.chain.by_function["deploy FLContract"]),
        (operator_page(state, "operator", now(state)), state.chain.by_sender["operator"]),
        (setup_page(state, "set-up", now(state)), state.chain.by_round[0]),
    ):
        assert facts(page)["gas"].startswith(f"{row.gas:,}, ") and len(page.tables[0].lines) == row.txs
        assert sum(int(line[3].replace(",", "")) for line in cells(page.tables[0])) == row.gas
    assert facts(call_page(state, "deploy FLContract", now(state)))["address"] == state.chain.contracts["FLContract"]
    assert "is not known here" in call_page(state, "nothing", now(state)).facts[0].text


def test_alerts_lead_to_what_they_are_about() -> None:
    state = folded(STARVED)
    for id in ("exited-client-2", "verdicts-1", "approval", "chain"):
        state = copy.deepcopy(state)
        state.alert(id, "warning", id, "", state.last_ts)
    state.versions[1].state, state.versions[1].released = "verified", False
    targets = {fact.text: fact.target for fact in alerts_page(state, None, now(state)).facts}
    assert targets["exited-client-2"] == ("client", "client-2") and targets["verdicts-1"] == ("round", 1)
    assert targets["approval"] == ("version", 1) and targets["chain"] == ("event", state.last_seq)


def test_things_are_copied_as_other_programs_know_them() -> None:
    state = folded(STARVED)
    digest = state.versions[1].digest
    assert handle(state, ("version", 1)) == handle(state, ("round", 1)) == digest
    assert handle(state, ("client", "client-2")) == state.clients["client-2"].address
    assert handle(state, ("call", "deploy FLContract")) == state.chain.contracts["FLContract"]
    assert handle(state, ("round", 3)) == "round 3" and handle(state, ("call", "submit")) == "submit"
