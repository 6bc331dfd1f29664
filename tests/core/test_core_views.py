from __future__ import annotations

import msgspec
import pytest
from core_story import CLIENTS, START, payloads
from core_strategies import HOSTILE

from dltui.core import events as ev
from dltui.core import views
from dltui.core.events import KINDS, Event, Payload
from dltui.core.state import State
from dltui.core.summary import summarise
from dltui.core.text import clean
from dltui.core.view_events import _SENTENCES

NOW = float(START + 100)


def told(*more: Payload, until: str = "", count: int = 1) -> State:
    """The story, up to and with the `count`-th event of a kind, and what follows it."""
    state, seen = State(), 0
    for seq, payload in enumerate(payloads(), start=1):
        state.apply(Event(seq, f"2026-11-24T00:{seq // 240:02d}:{seq // 4 % 60:02d}.000Z", payload))
        seen += isinstance(payload, KINDS[until]) if until else 0
        if until and seen == count:
            break
    for payload in more:
        state.apply(Event(state.last_seq + 1, state.last_ts, payload))
    return state


def text_of(state: State, now: float = NOW) -> str:
    waiting = views.waiting(state, now)
    return waiting.text if waiting else ""


def test_the_status_line() -> None:
    line = views.status_line(told(until="round.finalised", count=3), START + 161.0)
    assert line == views.StatusLine(
        run="story",
        tone="ok",
        word="RUNNING",
        round="round 3/3",
        block="block 67",
        clients="5 clients",
        gas="gas 12.2M",
        elapsed="00:02:41",
        alerts=0,
    )
    assert (views.status_line(told(), NOW).tone, views.status_line(told(), NOW).word) == ("done", "DONE")
    assert views.status_line(told(until="run.finished"), NOW + 999).elapsed == "00:01:05"
    assert views.status_line(State(), NOW).word == "STARTING"


def phases(state: State) -> str:
    marks = {"done": "+", "now": ">", "todo": ".", "failed": "x"}
    return "".join(marks[phase.state] for phase in views.round_view(state, NOW).phases)


def test_the_phase_track() -> None:
    assert [phase.name for phase in views.round_view(told(), NOW).phases] == [
        "TRAIN",
        "REPORT",
        "ATTEST",
        "FINAL",
        "APPROVE",
    ]
    assert phases(State()) == "...."
    assert phases(told(until="round.opened")) == ">...."
    assert phases(told(until="round.reporting")) == "+>..."
    assert phases(told(until="round.attesting")) == "++>.."
    assert phases(told(until="round.finalised")) == "++++>"
    assert phases(told(until="model.approved")) == "+++++"
    assert phases(told()) == "++++x"
    assert phases(told(ev.RoundAborted(round=1, attempt=0, reason="x"), until="round.opened")) == "x...."
    assert phases(told(ev.RoundAborted(round=1, attempt=0, reason="x"), until="round.attesting")) == "++x.."


def test_the_round_in_its_phases() -> None:
    view = views.round_view(told(until="update.submitted", count=3), NOW)
    assert (view.title, view.have, view.need, view.unit) == ("Round 1 of 3", 3, 5, "updates")
    assert view.quorum == "quorum 2 of 3"
    view = views.round_view(told(until="round.reported", count=2), NOW)
    assert (view.have, view.need, view.unit) == (2, 3, "reports")
    view = views.round_view(told(until="round.attested"), NOW)
    assert (view.have, view.need, view.unit) == (1, 3, "attestations")


def test_curves_deltas_and_the_last_round() -> None:
    view = views.round_view(told(), NOW)
    assert view.accuracy == (980, 8900, 9100, 9300)
    assert (view.accuracy_text, view.accuracy_delta) == ("0.930", "+0.020")
    assert (view.loss_text, view.loss_delta) == ("0.400", "+0.000")
    assert (view.refused, view.late, view.seconds_left, view.waiting) == (1, 0, None, None)
    assert view.last == "r3 closed: 4/5 in, version 3 rejected by operator"
    assert dict(view.timing)["waiting"] == 1.125
    assert view.gas == 1_188_000


def test_an_earlier_round_shows_what_was_known_then() -> None:
    view = views.round_view(told(), NOW, number=2)
    assert (view.number, view.late, view.refused, view.state) == (2, 1, 0, "finalised")
    assert view.accuracy == (980, 8900, 9100)
    assert view.last == "r2 closed: 4/5 in, version 2 approved by operator"
    assert view.waiting is None
    assert views.round_view(told(), NOW, number=9).title == "No round yet of 3"


def deadline(state: State) -> int:
    current = state.in_flight
    assert current is not None
    return current.deadline


def test_every_wait_has_a_cause_the_names_a_deadline_and_what_follows() -> None:
    state = told(until="update.submitted", count=3)
    assert text_of(state, deadline(state) - 7) == (
        "waiting for 2 updates from client-3 and client-4, 7 s left, then the round goes on without them"
    )
    state = told(until="update.submitted")
    assert text_of(state, deadline(state) + 2.5) == (
        "waiting for 4 updates from client-1, client-2, client-3 and client-4, deadline passed 3 s ago, "
        "then it aborts unless 2 updates came"
    )
    state = told(until="update.submitted", count=5)
    assert text_of(state, deadline(state) - 1) == (
        "waiting for the submissions to be closed, 1 s left, then anyone may close them"
    )
    state = told(until="round.reported")
    assert text_of(state, deadline(state) - 3) == (
        "waiting for 2 reports from client-1 and client-2, 3 s left, then a new committee is drawn"
    )
    state = told(until="round.attested", count=2)
    assert text_of(state, deadline(state) - 3) == (
        "waiting for 1 attestation from client-2, 3 s left, then equal seals decide without them"
    )
    state = told(until="round.attested", count=3)
    assert text_of(state, deadline(state)).startswith("waiting for the result to be finalised, 0 s left")


def test_the_third_committee_is_the_last() -> None:
    state = told(until="round.reporting")
    for attempt in (1, 2):
        again = ev.RoundReporting(
            round=1, attempt=attempt, submitted=CLIENTS, committee=CLIENTS[:3], deadline=int(NOW) + 5
        )
        state.apply(Event(state.last_seq + 1, state.last_ts, again))
    assert text_of(state).endswith("5 s left, then the round aborts")
    assert views.round_view(state, NOW).title == "Round 1 of 3 attempt 3"


def test_waits_outside_of_a_round() -> None:
    assert text_of(State()) == "waiting for the chain to start, then the contracts are deployed"
    assert text_of(told(until="chain.ready")) == "waiting for the contracts to be deployed, then clients register"
    assert text_of(told(until="client.registered")) == (
        "waiting for 1 more client to be registered by the operator, then round 1 opens "
        "(client-1, client-2, client-3 and client-4 may register)"
    )
    assert text_of(told(until="client.registered", count=4)) == (
        "waiting for client-4 to be registered by the operator, then round 1 opens"
    )
    assert text_of(told(until="client.registered", count=5)) == "waiting for the engine to open round 1"
    assert text_of(told(until="round.timed")) == (
        "waiting for the operator to approve or reject version 1, then round 2 opens"
    )
    assert text_of(told(until="round.timed", count=3)) == (
        "waiting for the operator to approve or reject version 3, then the run ends"
    )
    assert text_of(told(ev.RunPaused(by="operator"), until="model.approved")) == (
        "waiting for the operator to resume the run, then round 2 opens"
    )
    assert (
        text_of(told(until="chain.stopped")) == "waiting for the engine to close the run, then the summary is written"
    )
    assert text_of(told(ev.ChainLost(reason="x"), until="round.opened")) == (
        "waiting for the chain to come back, then the engine brings it forward and the round goes on"
    )
    assert text_of(told()) == ""


def words(state: State) -> dict[str, str]:
    return {row.id: f"{row.tone} {row.word}" for row in views.client_rows(state, NOW)}


def test_what_each_client_does() -> None:
    assert words(told(until="client.spawned"))["client-0"] == "busy starting"
    assert words(told(until="client.ready"))["client-0"] == "wait joining"
    assert words(told(until="client.pending"))["client-0"] == "wait pending"
    assert words(told(until="client.registered"))["client-0"] == "idle waiting"
    assert words(told(until="client.progress"))["client-0"] == "busy train"
    assert words(told(until="update.submitted"))["client-0"] == "ok sent"
    assert words(told(until="client.exited"))["client-2"] == "bad exited"
    assert words(told(until="round.reported"))["client-0"] == "ok reported"
    assert words(told(until="round.attested"))["client-0"] == "ok attested"
    assert words(told(until="round.included", count=3)) == {
        "client-0": "done included",
        "client-1": "done included",
        "client-2": "done included",
        "client-3": "done included",
        "client-4": "bad wrong base",
    }
    late = told(until="client.late")
    late.clients["client-2"].process = "ready"
    assert words(late)["client-2"] == "warn late"
    assert words(told(ev.ClientSuspended(id="client-1", reason="x")))["client-1"] == "warn suspended"
    assert words(told(ev.ClientBanned(id="client-1")))["client-1"] == "bad banned"
    assert words(told(ev.ClientLeft(id="client-1")))["client-1"] == "idle left"
    assert words(told(ev.ClientExited(id="client-1", pid=1, code=0, asked=True)))["client-1"] == "idle stopped"


def test_a_client_row_has_texts_and_the_values_to_sort_by() -> None:
    state = told(ev.ClientPending(id="zed", address="0xfeed", name="Zed\u2019s"), until="update.submitted", count=2)
    rows = views.client_rows(state, NOW)
    assert [row.id for row in rows] == [*CLIENTS, "zed"]
    row = rows[1]
    assert (row.epoch, row.loss, row.accuracy, row.records) == ("1/2", "0.500", "-", 1440)
    assert (row.gas, row.gas_value, row.txs, row.seat) == ("247k", 247_000, 3, True)
    assert (row.loss_value, row.membership, row.process, row.pid) == (0.5, "active", "ready", 4101)
    assert rows[4].seat is False
    assert rows[5].label == "zed Zed\u2019s" and rows[5].pid is None


def test_the_registry_newest_first() -> None:
    rows = views.registry_rows(told())
    assert [(row.label, row.tone, row.word) for row in rows] == [
        ("v3", "bad", "rejected"),
        ("v2", "done", "released"),
        ("v1", "done", "approved"),
        ("v0", "done", "genesis"),
    ]
    assert (rows[1].accuracy, rows[1].test_accuracy, rows[1].parent, rows[1].by) == ("0.900", "0.910", "v1", "operator")
    waiting = views.registry_rows(told(until="model.published", count=2))
    assert [(row.word, row.awaiting) for row in waiting] == [("review", True), ("released", False)]


def test_the_chain_pane() -> None:
    view = views.chain_view(told(), NOW)
    assert (view.state, view.tone, view.engine, view.port, view.chain_id) == (
        "stopped",
        "idle",
        "embedded",
        8545,
        31337,
    )
    assert (view.block, view.txs, view.gas, view.reverted) == (68, 68, 12_260_420, 0)
    assert (len(view.gas_per_block), view.highest, view.average) == (68, 4_200_000, 12_260_420 // 68)
    assert view.by_function[0] == views.GasLine("deploy FLContract", 1, 4_200_000, 4_200_000 * 10**9, 34)
    assert [line.name for line in view.by_round] == ["set-up", "round 1", "round 2", "round 3"]
    assert view.age is not None and view.age_text == "36 s"
    assert views.chain_view(State(), NOW).age_text == "-"


def test_the_alert_to_show_first() -> None:
    assert views.alert_line(State()) is None
    state = told(
        ev.RunAlert(id="a", severity="error", text="first"),
        ev.RunAlert(id="b", severity="error", text="second"),
        ev.RunAlert(id="c", severity="warning", text="third"),
    )
    alert = views.alert_line(state)
    assert alert is not None and alert.text == "second"


def test_the_last_line() -> None:
    assert views.farewell(told()) == "run story finished 3/3 rounds, acc 0.930, 12.3M gas - dltui replay story"
    assert views.farewell(told(until="model.evaluated", count=3)).endswith(" - dltui attach story")
    stopped = told(ev.RunFinished(status="stopped", exit_code=130), until="run.started")
    assert views.farewell(stopped) == "run story stopped 0/3 rounds, 0 gas - dltui replay story"


def test_the_summary_is_what_the_state_says() -> None:
    summary = summarise(told(), "ab" * 32)
    assert summary["status"] == "done" and summary["exit_code"] == 0 and summary["released"] == 2
    assert summary["rounds"] == {"target": 3, "finalised": 3, "aborted": 0}
    assert [row["state"] for row in summary["versions"]] == ["approved", "approved", "approved", "rejected"]
    assert summary["gas"]["by_function"]["finalise"] == {"txs": 3, "gas": 630_000, "fee": 630_000 * 10**9}
    assert summary["gas"]["by_round"].keys() == {"0", "1", "2", "3"}
    assert summary["time"][1] == {
        "round": 2,
        "state": "finalised",
        "attempt": 0,
        "reason": "",
        "selected": 5,
        "submitted": 4,
        "included": 4,
        "late": ["client-2"],
        "total": 4.25,
        "training": 1.5,
        "chain": 0.75,
        "store": 0.125,
        "aggregation": 0.25,
        "attestation": 0.5,
        "waiting": 1.125,
    }
    assert summary["journal"] == {"events": len(payloads()), "head": "ab" * 32}
    assert msgspec.json.decode(msgspec.json.encode(summary)) == summary


def test_every_kind_has_a_sentence() -> None:
    assert set(_SENTENCES) == {*KINDS.values(), ev.Unknown}


@pytest.mark.parametrize(
    ("payload", "group", "text", "severity"),
    [
        (
            ev.UpdateSubmitted(round=3, client="client-3", digest="ab" * 32, weight=1440, tx="0x"),
            "round",
            "r3 update from client-3  abab…abab  weight 1,440",
            "info",
        ),
        (
            ev.ClientLate(id="client-5", round=2, what="report"),
            "client",
            "client-5 is late: no report in r2",
            "warning",
        ),
        (ev.ClientExited(id="a", pid=7, code=-9), "client", "a (pid 7) ended with signal 9", "error"),
        (
            ev.ClientExited(id="a", pid=7, code=0, asked=True),
            "client",
            "ended with exit code 0, as the operator",
            "info",
        ),
        (
            ev.RunAlert(id="x", severity="error", text="disk full", hint="free some"),
            "alert",
            "disk full - free",
            "error",
        ),
        (ev.RunAlertCleared(id="x"), "alert", "cleared: x", "info"),
        (ev.OpResult(id="x", ok=False, message="no such version"), "cmd", "refused: no such version", "error"),
        (
            ev.RunFinished(status="failed", exit_code=1, reason="no quorum"),
            "run",
            "run failed, exit code 1: no",
            "error",
        ),
        (
            ev.ContractDeployed(name="FLContract", address="0x1", gas_used=5, tx=""),
            "chain",
            "FLContract deployed",
            "info",
        ),
        (ev.Unknown(kind="future.thing", fields={}), "unknown", "future.thing (of a newer version)", "info"),
        (
            ev.RoundReporting(round=1, attempt=1, submitted=(), committee=("a", "b"), deadline=1),
            "round",
            "r1 attempt 2: new committee a and b",
            "info",
        ),
    ],
)
def test_sentences(payload: Payload, group: str, text: str, severity: str) -> None:
    row = views.event_row(Event(1, "2026-11-24T14:02:11.412Z", payload))
    assert (row.time, row.group, row.severity) == ("14:02:11.4", group, severity)
    assert text in row.text


@pytest.mark.parametrize("text", HOSTILE)
def test_cleaned_names_stay_in_one_cell_of_one_line(text: str) -> None:
    name = clean(text)
    state = told(ev.ClientPending(id=name, address=name, name=name))
    row = next(row for row in views.client_rows(state, NOW) if row.id == name)
    assert row.label.isprintable()
