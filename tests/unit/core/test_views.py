from __future__ import annotations

import msgspec
import pytest

from dltui.core import events as ev
from dltui.core import format as fmt
from dltui.core import views
from dltui.core.events import Event, Payload
from dltui.core.sanitize import clean
from dltui.core.state.state import State
from dltui.core.summary import summarise
from dltui.core.views.round import Course
from tests.kits.story import CLIENTS, START, payloads, told
from tests.kits.strategies import HOSTILE

NOW = float(START + 100)
ABORTED = ev.RoundAborted(round=1, attempt=0, reason="no quorum")


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
    assert (view.name, view.title) == ("Round 1 of 3", "Round 1 of 3: training")
    assert (view.have, view.need, view.unit) == (3, 5, "updates")
    assert view.quorum == "quorum 2 of 3"
    view = views.round_view(told(until="round.reported", count=2), NOW)
    assert (view.have, view.need, view.unit) == (2, 3, "reports")
    view = views.round_view(told(until="round.attested"), NOW)
    assert (view.have, view.need, view.unit) == (1, 3, "attestations")


def test_curves_deltas_and_the_last_round() -> None:
    view = views.round_view(told(), NOW)
    assert view.test == Course((980, 8900, 9100, 9300), "0.930", "+0.020")
    assert (view.loss.text, view.loss.change) == ("0.400", "+0.000")
    assert (view.refused, view.late, view.seconds_left, view.waiting) == (1, 0, None, None)
    assert view.last == "r3 closed: 4/5 in, version 3 rejected by operator"
    assert dict(view.timing)["waiting"] == 1.125
    assert view.gas == 1_188_000


def test_figures_are_compared_with_the_parent_and_not_with_a_rejected_sibling() -> None:
    """Test and committee each with their own: one may rise where the other falls."""
    told = Told()
    told.version(0, None, test=8000, committee=9200)
    told.version(1, 0, test=9100, committee=9300)
    told.say(ev.ModelRejected(version=1, by="operator", new_base=0, tx="0x"))
    told.version(2, 0, test=9090, committee=9180)
    view = views.round_view(told.state, NOW)
    assert view.test == Course((8000, 9090), "0.909", "+0.109")
    assert view.committee == Course((9200, 9180), "0.918", "-0.002")
    newest = views.registry_rows(told.state)[0]
    assert (newest.test_accuracy, newest.test_change, newest.accuracy, newest.change) == ("0.909", "▲", "0.918", "▼")
    told.version(3, 2, test=None, committee=9180)
    view = views.round_view(told.state, NOW)
    assert view.test == Course((8000, 9090), "0.909", "+0.109") and view.committee.change == "+0.000"
    told.version(4, 3, test=9500, committee=None)
    assert views.round_view(told.state, NOW).test == Course((8000, 9090, 9500), "0.950", "")


class Told:
    """Versions, told one by one."""

    def __init__(self) -> None:
        self.state = State()

    def say(self, payload: Payload) -> None:
        self.state.apply(Event(self.state.last_seq + 1, "2026-11-24T00:00:00.000Z", payload))

    def version(self, number: int, parent: int | None, *, test: int | None, committee: int | None) -> None:
        self.say(
            ev.ModelPublished(version=number, round=number, digest="d", cid="c", parent=parent, accuracy_bp=committee)
        )
        if test is not None:
            self.say(ev.ModelEvaluated(version=number, accuracy_bp=test, loss=0.5, samples=1))


def test_an_earlier_round_shows_what_was_known_then() -> None:
    view = views.round_view(told(), NOW, number=2)
    assert (view.number, view.late, view.refused, view.state) == (2, 1, 0, "finalised")
    assert view.test.values == (980, 8900, 9100)
    assert view.last == "r2 closed: 4/5 in, version 2 approved by operator"
    assert view.waiting is None
    assert views.round_view(told(), NOW, number=9).title == "Round 1 of 3: not open yet"


def test_the_title_says_what_the_round_does_or_came_to() -> None:
    def title(state: State) -> str:
        return views.round_view(state, NOW).title

    assert title(State()) == "No run yet"
    assert title(told(until="run.started")) == "Round 1 of 3: not open yet"
    assert title(told(until="round.reporting")) == "Round 1 of 3: reports are due"
    assert title(told(until="round.attesting")) == "Round 1 of 3: attestations are due"
    assert title(told()) == "Round 3 of 3: made version 3"
    assert title(told(ABORTED, until="round.opened")) == "Round 1 of 3: aborted, no quorum"


def test_an_aborted_round_is_made_up_for_by_one_more() -> None:
    state = told(ABORTED, until="round.opened")
    assert views.status_line(state, NOW).round == "round 1/3"
    again = ev.RoundOpened(round=2, base=0, base_digest="", plan_hash="", selected=CLIENTS, committee=CLIENTS[:3],
                           seed="", deadline=int(NOW))  # fmt: skip
    state.apply(Event(state.last_seq + 1, state.last_ts, again))
    view = views.round_view(state, NOW)
    assert (view.title, view.aborted) == ("Round 2 of 4: training", 1)
    assert views.status_line(state, NOW).round == "round 2/4"


def test_the_rounds_as_lines_of_history() -> None:
    row = views.round_row(told(), 2, NOW)
    assert (row.tone, row.word, row.updates, row.attested, row.version) == ("done", "finalised", "4/5", "3/3", "v2")
    assert (row.accuracy, row.gas, row.note) == ("0.900", 1_191_210, "late: client-2")
    row = views.round_row(told(ABORTED, until="round.opened"), 1, NOW)
    assert (row.tone, row.word, row.version, row.note) == ("bad", "aborted", "-", "no quorum")


def words(state: State) -> dict[str, str]:
    return {row.id: f"{row.tone} {row.word}" for row in views.client_rows(state, NOW)}


def test_what_each_client_does() -> None:
    assert words(told(until="client.spawned"))["client-0"] == "busy starting"
    assert words(told(until="client.ready"))["client-0"] == "wait joining"
    assert words(told(until="client.pending"))["client-0"] == "wait pending"
    assert words(told(until="client.registered"))["client-0"] == "idle waiting"
    assert words(told(until="round.opened"))["client-0"] == "wait queued"
    waits = ev.ClientProgress(id="client-0", round=1, activity="wait")
    assert words(told(waits, until="round.opened"))["client-0"] == "wait queued"
    elsewhere = told(until="round.opened")
    elsewhere.clients["client-0"].process = "none"
    assert words(elsewhere)["client-0"] == "busy training"
    assert words(told(until="client.progress"))["client-0"] == "busy train"
    assert words(told(until="update.submitted"))["client-0"] == "ok sent"
    assert words(told(until="client.exited"))["client-2"] == "bad killed"
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
    for asked in (True, False):
        assert words(told(ev.ClientExited(id="client-1", pid=1, code=-9, asked=asked)))["client-1"] == "bad killed"


def test_a_client_that_rests_between_rounds_has_no_age_and_one_that_is_gone_has() -> None:
    def seen(state: State, later: float) -> str:
        return views.client_rows(state, (fmt.unix(state.last_ts) or 0.0) + later)[0].last_seen

    between, running = told(until="round.finalised"), told(until="round.opened")
    assert (seen(between, 30.0).endswith(" s"), seen(between, 1_080.0)) == (True, "-")
    assert seen(running, 1_080.0) == "18m", "a round waits for it"
    between.clients["client-0"].process = "exited"
    assert seen(between, 1_080.0) == "18m"


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
    assert [(row.word, row.awaiting) for row in waiting] == [("review", True), ("initial", False)]


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
    assert view.by_function[0] == views.GasLine("submit", 14, 1_148_000, 1_148_000 * 10**9, 22)
    assert view.deployed == views.GasLine("deployments", 3, 7_000_000, 7_000_000 * 10**9, 57)
    assert sum(line.gas for line in view.by_function) + view.deployed.gas == view.gas
    assert view.price == 10**9
    assert [line.name for line in view.by_round] == ["set-up", "round 1", "round 2", "round 3"]
    assert view.age is None
    assert views.chain_view(told(until="model.rejected"), NOW).age_text == "age 36 s"
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
        (ev.ClientExited(id="a", pid=7, code=-9), "client", "a (pid 7) was ended by SIGKILL", "error"),
        (
            ev.ClientExited(id="a", pid=7, code=0, asked=True),
            "client",
            "ended with code 0, as the operator",
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
