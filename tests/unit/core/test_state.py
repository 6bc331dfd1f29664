from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltui.core import events as ev
from dltui.core import views
from dltui.core.events import KINDS, Event, Payload
from dltui.core.state.state import MAX_ALERTS, State
from dltui.core.summary import summarise
from dltui.rundir.journal import read
from tests.kits.story import CLIENTS, CONFIG, FIXTURE, START, payloads
from tests.kits.strategies import payloads as random_payloads
from tests.kits.strategies import sequences

TS = "2026-11-24T00:00:00.000Z"


def fold(*told: Payload) -> State:
    state = State()
    for seq, payload in enumerate(told, start=1):
        state.apply(Event(seq, TS, payload))
    return state


def journal_alerts(state: State) -> list[str]:
    return [alert.text for id, alert in state.alerts.items() if id.startswith("journal: ")]


def until(kind: str, count: int = 1) -> list[Payload]:
    """The story up to and with the `count`-th event of a kind."""
    told, seen = [], 0
    for payload in payloads():
        told.append(payload)
        if isinstance(payload, KINDS[kind]):
            seen += 1
        if seen == count:
            return told
    raise AssertionError(kind)


def test_the_story_ends_as_it_was_told() -> None:
    state = State()
    for event in read(FIXTURE / "journal"):
        state.apply(event)
    assert (state.run, state.status, state.exit_code, state.seed, state.target) == ("story", "done", 0, 7, 3)
    assert state.config == CONFIG and state.require_approval
    assert state.started_at == "2026-11-24T00:00:00.000Z" and state.finished_at == "2026-11-24T00:01:05.500Z"
    assert list(state.clients) == list(CLIENTS)
    assert [client.index for client in state.clients.values()] == [0, 1, 2, 3, 4]
    assert {client.records for client in state.clients.values()} == {1440}
    assert [state.rounds[n].state for n in (1, 2, 3)] == ["finalised"] * 3
    assert state.rounds[2].late == {"client-2": "submit"}
    assert [v.client for v in state.rounds[3].verdicts if not v.included] == ["client-4"]
    assert [state.versions[n].state for n in range(4)] == ["approved", "approved", "approved", "rejected"]
    assert state.released is state.versions[2] and state.base is state.versions[2]
    assert state.awaiting == [] and state.alerts == {}
    assert state.clients["client-2"].misses == 1 and state.clients["client-2"].process == "ready"
    assert (state.chain.block, state.chain.txs, state.chain.gas) == (68, 68, 12_260_420)
    assert state.chain.fee == 12_260_420 * 10**9
    assert state.chain.contracts.keys() == {"DataRegistry", "ModelRegistry", "FLContract"}
    assert state.in_flight is None and state.round is state.rounds[3]


def test_gas_adds_up_by_function_sender_and_round() -> None:
    chain = fold(*payloads()).chain
    for rows in (chain.by_function, chain.by_sender, chain.by_round):
        assert sum(row.gas for row in rows.values()) == chain.gas
        assert sum(row.fee for row in rows.values()) == chain.fee
        assert sum(row.txs for row in rows.values()) == chain.txs
    assert chain.by_function["submit"].gas == 14 * 82_000
    assert chain.by_sender["client-1"].gas == 70_000 + 95_000 + 3 * 82_000 + 2 * (61_000 + 58_000) + 210_000
    assert chain.by_round[0].gas == 8_700_000
    state = fold(*payloads())
    assert {number: shown.gas for number, shown in state.rounds.items()} == {
        number: row.gas for number, row in chain.by_round.items() if number
    }


@pytest.mark.parametrize("deployed_first", [True, False])
def test_a_deployment_is_counted_once_whichever_event_comes_first(deployed_first: bool) -> None:
    pair = [
        ev.ContractDeployed(name="FLContract", address="0x1", gas_used=500, tx="0xaa"),
        ev.TxMined(hash="0xaa", function="deploy", sender="operator", address="0x0", block=1, gas_used=500, fee=7),
    ]
    chain = fold(*(pair if deployed_first else reversed(pair))).chain
    assert (chain.txs, chain.gas, chain.fee) == (1, 500, 7)


def test_a_reverted_transaction_costs_gas_and_counts() -> None:
    state = fold(
        ev.TxReverted(
            hash="0x1", function="submit", sender="client-0", address="0x2", block=1, gas_used=30, fee=60, reason="late"
        )
    )
    assert (state.chain.reverted, state.chain.gas, state.txs[0].ok, state.txs[0].reason) == (1, 30, False, "late")


def test_names_of_what_changed() -> None:
    state = State()
    assert state.apply(Event(1, TS, payloads()[0])) == {"run", "events"}
    assert state.apply(Event(2, TS, ev.ChainStarting(engine="embedded"))) == {"chain", "events"}
    assert state.apply(Event(3, TS, ev.Unknown(kind="new.kind", fields={}))) == {"events"}
    assert state.apply(Event(4, TS, ev.RunAlert(id="a", severity="error", text="t"))) == {"alert", "events"}


def test_pause_resume_and_an_end_that_is_resumed() -> None:
    start = payloads()[0]
    assert fold(start, ev.RunPaused(by="operator")).status == "paused"
    assert fold(start, ev.RunPaused(by="operator"), ev.RunResumed(by="operator")).status == "running"
    state = fold(start, ev.RunFinished(status="stopped", exit_code=130), ev.RunResumed(by="engine"))
    assert (state.status, state.exit_code, state.finished_at, journal_alerts(state)) == ("running", None, "", [])


def test_a_redrawn_committee_starts_again_from_the_same_updates() -> None:
    told = until("round.attested")
    again = ev.RoundReporting(
        round=1, attempt=1, submitted=CLIENTS, committee=("client-3", "client-4", "client-0"), deadline=START + 99
    )
    shown = fold(*told, again).rounds[1]
    assert (shown.state, shown.attempt, shown.committee) == ("reporting", 1, ("client-3", "client-4", "client-0"))
    assert (shown.reported, shown.attested, shown.members, shown.deadline) == ({}, {}, (), START + 99)
    assert len(shown.submitted) == 5


def test_the_last_word_on_training_stays_until_the_next_round() -> None:
    told = payloads()
    at = next(n for n, payload in enumerate(told) if isinstance(payload, ev.RoundOpened) and payload.round == 2)
    state = fold(*told[: at + 1])
    id = told[at].selected[0]  # type: ignore[attr-defined]
    assert (state.clients[id].epochs, state.clients[id].loss) == (0, None)
    seq = at + 2
    for activity, epochs, loss in (("trained", 3, 0.25), ("publish", 0, None), ("attest", 0, None)):
        said = ev.ClientProgress(id=id, round=2, activity=activity, epoch=epochs, epochs=epochs, loss=loss)
        state.apply(Event(seq, TS, said))
        seq += 1
    client = state.clients[id]
    assert (client.activity, client.epoch, client.epochs, client.loss) == ("attest", 3, 3, 0.25)


def test_what_a_client_does_belongs_to_a_round() -> None:
    """What it said about an earlier round is over when the next one opens, and is no news after that."""
    told = payloads()
    at = next(n for n, payload in enumerate(told) if isinstance(payload, ev.RoundOpened) and payload.round == 2)
    said = [ev.ClientProgress(id=id, round=1, activity="publish", epoch=3, epochs=3, loss=0.3) for id in CLIENTS]
    state = fold(*told[:at], *said)
    assert state.clients["client-0"].activity == "publish" and state.clients["client-0"].accuracy_bp is not None
    state = fold(*told[:at], *said, told[at], *said)
    for id in CLIENTS:
        client = state.clients[id]
        assert (client.activity, client.epochs, client.loss, client.accuracy_bp) == ("", 0, None, None)


def test_a_members_accuracy_is_what_it_attested_in_this_round() -> None:
    state = fold(*payloads())
    assert state.round is not None and len(state.round.attested) > 1
    known = {id: client.accuracy_bp for id, client in state.clients.items() if client.accuracy_bp is not None}
    assert known == state.round.attested


def test_a_rejection_taints_what_descends_and_a_rollback_releases_an_older_version() -> None:
    def published(number: int, parent: int | None) -> Payload:
        return ev.ModelPublished(version=number, round=number, digest="d", cid="c", parent=parent, accuracy_bp=None)

    told = [published(0, None), published(1, 0), published(2, 1), published(3, 2)]
    approve = ev.ModelApproved(version=3, by="operator", tx="0x")
    reject = ev.ModelRejected(version=2, by="operator", new_base=1, tx="0x")
    state = fold(*told, approve, reject)
    assert [state.versions[n].tainted for n in range(4)] == [False, False, False, True]
    assert state.released is None
    assert state.base is state.versions[1]
    assert [version.number for version in state.awaiting] == [1]
    back = fold(*told, approve, reject, ev.ModelApproved(version=0, by="operator", tx="0x"))
    assert back.released is back.versions[0]
    refused = fold(*told, reject, ev.ModelApproved(version=3, by="operator", tx="0x"))
    assert journal_alerts(refused) == ["journal: version 3 was approved after a rejection"]
    assert refused.released is refused.versions[0]


@pytest.mark.parametrize(
    ("before", "step", "words"),
    [
        (until("run.started"), payloads()[0], "started a second time"),
        (payloads(), ev.RunFinished(status="done", exit_code=0), "finished a second time"),
        (payloads(), ev.RunPaused(by="x"), "paused after its end"),
        (payloads(), ev.RunResumed(by="x"), "resumed after it was done"),
        (until("run.started"), ev.RunFinished(status="great", exit_code=0), "unknown status"),
        (
            until("chain.block"),
            ev.ChainBlock(number=1, gas_used=1, txs=1, timestamp=1, hash="0x"),
            "block 1 came after block 1",
        ),
        (
            until("client.registered"),
            ev.ClientRegistered(id="client-1", index=0, address="0x", tx="0x"),
            "given index 0, which is client-0's",
        ),
        (until("client.registered"), ev.ClientPending(id="client-0", address="0x", name="x"), "pending while active"),
        (until("run.started"), ev.ClientReinstated(id="client-0"), "without being suspended"),
        (until("run.started"), ev.ClientSuspended(id="client-0", reason="x"), "suspended while unknown"),
        (until("round.opened"), until("round.opened")[-1], "round 1 was opened after round 1"),
        (
            until("run.started"),
            ev.RoundAttesting(round=1, attempt=0, members=(), deadline=1),
            "round 1 was never opened",
        ),
        (until("update.submitted"), until("update.submitted")[-1], "client-0 submitted twice to round 1"),
        (
            until("round.opened"),
            ev.UpdateSubmitted(round=1, client="mallory", digest="d", weight=1, tx="0x"),
            "without being selected",
        ),
        (until("round.reporting"), until("update.submitted")[-1], "round 1 is reporting, not open"),
        (
            until("round.reporting"),
            ev.RoundReported(round=1, attempt=0, member="client-4", available=()),
            "without a seat",
        ),
        (
            until("round.reporting"),
            ev.RoundReported(round=1, attempt=2, member="client-0", available=()),
            "in attempt 0, not 2",
        ),
        (until("round.reported"), until("round.reported")[-1], "reported twice"),
        (until("round.attesting"), ev.RoundAttested(round=1, attempt=0, member="client-4", accuracy_bp=1), "reported"),
        (until("round.attested"), until("round.attested")[-1], "attested round 1 twice"),
        (until("round.opened"), ev.RoundIncluded(round=1, verdicts=()), "before its submissions closed"),
        (until("round.finalised"), until("round.finalised")[-1], "is finalised, not attesting"),
        (until("round.finalised"), ev.RoundAborted(round=1, attempt=0, reason="x"), "is finalised"),
        (until("model.published"), until("model.published")[-1], "version 0 was published where 1 is due"),
        (until("run.started"), ev.ModelApproved(version=9, by="x", tx="0x"), "version 9 was never published"),
        (until("run.started"), ev.ClientLate(id="client-0", round=4, what="submit"), "which was never opened"),
    ],
)
def test_a_step_that_cannot_be_changes_nothing_and_raises_an_alert(
    before: list[Payload], step: Payload, words: str
) -> None:
    state, expected = fold(*before), fold(*before)
    changed = state.apply(Event(len(before) + 1, TS, step))
    assert "alert" in changed
    (text,) = journal_alerts(state)
    assert words in text
    for same in ("status", "rounds", "versions", "chain", "txs"):
        assert getattr(state, same) == getattr(expected, same)


def test_repeated_and_missing_events_are_alerts() -> None:
    state = fold(*until("chain.ready"))
    assert state.apply(Event(3, TS, ev.ChainLost(reason="x"))) == {"alert"}
    assert state.chain.state == "ready"
    state.apply(Event(9, TS, ev.ChainLost(reason="x")))
    assert state.chain.state == "lost"
    assert journal_alerts(state) == ["journal: events 4 to 8 are missing"]


def test_alerts_are_renewed_cleared_and_bounded() -> None:
    one = ev.RunAlert(id="a", severity="warning", text="first")
    state = fold(
        one, ev.RunAlert(id="b", severity="error", text="other"), ev.RunAlert(id="a", severity="error", text="2")
    )
    assert [(a.id, a.text) for a in state.alerts.values()] == [("b", "other"), ("a", "2")]
    assert fold(one, ev.RunAlertCleared(id="a"), ev.RunAlertCleared(id="never")).alerts == {}
    many = fold(*(ev.RunAlert(id=str(n), severity="error", text="t") for n in range(MAX_ALERTS + 50)))
    assert len(many.alerts) == MAX_ALERTS and "249" in many.alerts and "0" not in many.alerts


def looked_at(state: State) -> None:
    """Everything that a face asks for."""
    for now in (0.0, START + 30.5, 4e9):
        views.status_line(state, now)
        views.round_view(state, now)
        views.round_view(state, now, number=1)
        views.client_rows(state, now)
        views.chain_view(state, now)
        views.waiting(state, now)
    views.registry_rows(state)
    views.alert_line(state)
    views.farewell(state)
    summarise(state, "")


@settings(max_examples=150, deadline=None)
@given(sequences)
def test_no_sequence_of_events_makes_the_fold_or_a_view_raise(told: list[Payload]) -> None:
    state = fold(*told)
    looked_at(state)
    for event in state.events:
        views.event_row(event)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(payloads())), st.lists(random_payloads, max_size=6), st.text(max_size=30))
def test_random_events_in_the_middle_of_a_run_are_survived(at: int, strange: list[Payload], ts: str) -> None:
    state = State()
    for seq, payload in enumerate([*payloads()[:at], *strange, *payloads()[at:]], start=1):
        state.apply(Event(seq, ts if payload in strange else TS, payload))
    looked_at(state)


@settings(max_examples=30, deadline=None)
@given(st.permutations(payloads()[40:90]))
def test_a_shuffled_run_is_told_without_raising(told: list[Payload]) -> None:
    looked_at(fold(*payloads()[:40], *told))
