"""Why the run is waiting: every phase and every fault has a cause, names, a time and what follows."""

from __future__ import annotations

import pytest

from dltui.core import events as ev
from dltui.core import views
from dltui.core.events import Event, Payload
from dltui.core.state.state import State
from dltui.core.views.wait import Waiting
from tests.kits.story import CLIENTS, START, told

NOW = float(START + 100)
OPENED = ev.RoundOpened(
    round=1, base=0, base_digest="", plan_hash="", selected=CLIENTS, committee=CLIENTS[:3], seed="", deadline=int(NOW)
)


def why(state: State, now: float = NOW) -> str:
    return views.why(state, now)


def deadline(state: State) -> int:
    current = state.in_flight
    assert current is not None
    return current.deadline


def reporting(attempt: int) -> ev.RoundReporting:
    return ev.RoundReporting(round=1, attempt=attempt, submitted=CLIENTS, committee=CLIENTS[:3], deadline=int(NOW) + 5)


def test_open_names_who_trains_and_what_the_deadline_brings() -> None:
    state = told(until="update.submitted", count=3)
    assert why(state, deadline(state) - 7) == (
        "waiting for 2 updates from client-3 and client-4, 7 s left, then the round goes on without them"
    )
    state = told(until="update.submitted")
    assert why(state, deadline(state) - 7).endswith("7 s left, then it aborts unless 2 updates came")
    state = told(until="update.submitted", count=5)
    assert why(state, deadline(state) - 1) == (
        "waiting for the submissions to be closed, 1 s left, then it goes on to the reports"
    )


def test_open_says_whose_process_is_not_running() -> None:
    state = told(ev.ClientExited(id="client-3", pid=4103, code=-9), until="update.submitted", count=3)
    assert why(state, deadline(state) - 7).startswith("waiting for 2 updates from client-3 (down) and client-4, 7 s")
    wait = views.waiting(state, deadline(state) - 7)
    assert wait is not None and wait.gone == ("client-3",)


def test_after_the_deadline_nobody_is_waited_for_but_who_closes_the_phase() -> None:
    state = told(until="update.submitted", count=3)
    assert why(state, deadline(state) + 2.5) == (
        "waiting for the submissions to be closed, deadline passed 3 s ago, then it goes on without client-3 and "
        "client-4"
    )
    state = told(until="update.submitted")
    assert why(state, deadline(state) + 2.5).endswith("then it aborts with 1 of 2 updates")
    state = told(until="round.reported")
    assert why(state, deadline(state) + 1) == (
        "waiting for the reports to be closed, deadline passed 2 s ago, then a new committee is drawn"
    )
    state = told(until="round.reported", count=2)
    assert why(state, deadline(state) + 1).endswith("then those who reported attest")
    state = told(until="round.attested")
    assert why(state, deadline(state) + 1).startswith("waiting for the attestations to be closed, deadline passed 2 s")
    state = told(until="round.attested", count=2)
    assert why(state, deadline(state) + 1).startswith("waiting for the result to be finalised, deadline passed 2 s ago")


def test_reporting_and_attesting_name_the_members() -> None:
    state = told(until="round.reported")
    assert why(state, deadline(state) - 3) == (
        "waiting for 2 reports from client-1 and client-2, 3 s left, then a new committee is drawn"
    )
    state = told(until="round.reported", count=2)
    assert why(state, deadline(state) - 3).endswith("then the round goes on without them")
    state = told(until="round.attested")
    assert why(state, deadline(state) - 3).endswith("client-1 and client-2, 3 s left, then a new committee is drawn")
    state = told(until="round.attested", count=2)
    assert why(state, deadline(state) - 3) == (
        "waiting for 1 attestation from client-2, 3 s left, then equal seals decide without them"
    )
    state = told(until="round.attested", count=3)
    assert why(state, deadline(state)) == (
        "waiting for the result to be finalised, 0 s left, then without equal seals a new committee is drawn"
    )


def test_the_third_committee_is_the_last() -> None:
    state = told(reporting(1), reporting(2), until="round.reporting")
    assert why(state).endswith("5 s left, then the round aborts")
    assert views.round_view(state, NOW).title == "Round 1 of 3: reports are due, attempt 3"


def test_coming_up() -> None:
    assert why(State()) == "waiting for the engine to start, then the chain starts"
    assert why(told(until="run.started")) == "waiting for the chain to start, then the contracts are deployed"
    assert why(told(until="chain.ready")) == "waiting for the contracts to be deployed, then clients register"
    assert why(told(until="client.registered")) == (
        "waiting for the operator to register or refuse 4 clients, then round 1 opens"
    )
    assert why(told(until="client.registered", count=4)) == (
        "waiting for the operator to register or refuse client-4, then round 1 opens"
    )
    assert why(told(until="client.registered", count=5)) == (
        "waiting for the engine to open round 1, then the clients train"
    )


def test_between_rounds() -> None:
    assert why(told(until="round.timed")) == (
        "waiting for the operator to approve or reject version 1, then round 2 opens"
    )
    assert why(told(until="round.timed", count=3)) == (
        "waiting for the operator to approve or reject version 3, then the run ends"
    )
    assert why(told(until="model.rejected")) == "waiting for the engine to close the run, then the summary is written"


def test_paused_and_resumed() -> None:
    paused = ev.RunPaused(by="operator")
    assert why(told(paused, until="model.approved")) == (
        "waiting for the operator to resume the run, then round 2 opens"
    )
    assert why(told(paused, until="round.timed")) == (
        "waiting for the operator to resume the run, then version 1 awaits approval"
    )
    state = told(paused, until="update.submitted", count=3)
    assert why(state, deadline(state) - 7).startswith("waiting for 2 updates from client-3 and client-4, 7 s left")
    assert why(told(paused, ev.RunResumed(by="operator"), until="model.approved")) == (
        "waiting for the engine to open round 2, then the clients train"
    )
    resumed = (ev.RunFinished(status="failed", exit_code=1), ev.RunResumed(by="engine"), ev.ChainStarting(engine="x"))
    assert why(told(*resumed, until="round.opened")) == "waiting for the chain to start, then the round goes on"


def test_starved() -> None:
    gone = tuple(ev.ClientBanned(id=id) for id in CLIENTS[1:])
    alert = ev.RunAlert(id="starved", severity="warning", text="only 1 active clients", hint="")
    assert why(told(*gone, until="model.approved")) == (
        "waiting for 1 more client to be registered by the operator, then round 2 opens"
    )
    assert why(told(*gone, alert, until="model.approved")) == (
        "the run fails if none come: waiting for more clients, then round 2 opens"
    )


@pytest.mark.parametrize(("now", "left"), [(1_000.0, "60 s"), (1_059.0, "1 s"), (1_070.0, "0 s")])
def test_a_run_that_starves_says_first_when_it_fails(now: float, left: str) -> None:
    alert = ev.RunAlert(id="starved", severity="warning", text="1 client", until=1_060)
    assert why(told(alert, until="model.approved"), now) == (
        f"the run fails in {left}: waiting for more clients, then round 2 opens"
    )
    held = ev.RunAlert(id="starved", severity="warning", text="1 client", held=True)
    assert why(told(alert, held, until="model.approved"), now).startswith("held while a screen is open: ")


def test_a_first_round_waits_for_an_answer_to_each_client_that_the_run_starts_with() -> None:
    """As the engine counts: not how many a round needs, and not a client that was added later."""
    state = told(until="client.pending", count=2)
    assert why(state) == (
        "waiting for the operator to register or refuse client-0 and client-1, then 3 more clients may ask to join"
    )
    assert why(told(until="client.ready")) == "waiting for 5 clients to ask to join, then the operator answers"
    added = (
        ev.ClientSpawned(id="late", pid=9, address="0x9", part=5),
        ev.ClientPending(id="late", address="0x9", name="late"),
    )
    assert why(told(*added, until="client.registered", count=5)) == (
        "waiting for the engine to open round 1, then the clients train"
    )
    refused = tuple(ev.ClientRejected(id=id, address="0x") for id in CLIENTS[1:])
    assert why(told(*refused, until="client.registered")) == (
        "waiting for 1 more client to be registered by the operator, then round 1 opens"
    )


def test_an_aborted_round_says_why_the_next_one_is_due() -> None:
    state = told(ev.RoundAborted(round=1, attempt=0, reason="no quorum"), until="round.opened")
    assert why(state) == "waiting for the engine to open round 2, since round 1 was aborted (no quorum)"


def test_more_aborts_than_rounds_do_not_end_the_run() -> None:
    state = told(ev.RoundAborted(round=3, attempt=0, reason="no quorum"), until="round.opened", count=3)
    assert why(state) == "waiting for the engine to open round 4, since round 3 was aborted (no quorum)"


@pytest.mark.parametrize(
    ("until", "then"),
    [("round.opened", "the round goes on"), ("round.timed", "the run goes on")],
)
def test_a_lost_chain_comes_before_everything(until: str, then: str) -> None:
    assert why(told(ev.ChainLost(reason="x"), until=until)) == (
        f"waiting for the chain to come back, then the engine brings it forward and {then}"
    )


def test_a_node_of_somebody_else_is_waited_for_and_not_started_again() -> None:
    lost = (ev.ChainStarting(engine="url"), ev.ChainLost(reason="x"))
    assert why(told(*lost, until="round.opened")) == (
        "waiting for the node to answer again, then the round goes on where it was; nobody here can start that node"
    )


def test_a_lost_nursery_keeps_the_deadline() -> None:
    alert = ev.RunAlert(id="forkserver", severity="error", text="the fork server ended", hint="")
    state = told(alert, until="round.opened")
    assert why(state, deadline(state) - 4) == (
        "waiting for the client processes, which are started again, 4 s left, then the round goes on with who is back"
    )
    assert "client processes" not in why(told(alert, ev.RunAlertCleared(id="forkserver"), until="round.opened"))


def test_a_lost_engine_is_known_to_the_screen_alone() -> None:
    wait = views.waiting(told(until="round.opened"), NOW, engine_lost=True)
    assert wait is not None and wait.text == (
        "waiting for the engine, which does not answer, then dltui resume story goes on from the chain"
    )
    assert views.waiting(told(), NOW, engine_lost=True) is None


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (ev.RunFinished(status="done", exit_code=0), "the run is done, dltui verify story checks it"),
        (
            ev.RunFinished(status="failed", exit_code=1, reason="3 rounds in a row were aborted"),
            "the run failed: 3 rounds in a row were aborted, dltui resume story goes on from here",
        ),
        (
            ev.RunFinished(status="stopped", exit_code=130, reason="stopped by SIGINT"),
            "the run was stopped: stopped by SIGINT, dltui resume story goes on from here",
        ),
    ],
)
def test_an_ended_run_waits_for_nothing(end: Payload, said: str) -> None:
    state = told(end, until="round.opened")
    assert views.waiting(state, NOW) is None
    assert why(state) == f"nothing is waited for: {said}"


def test_the_chain_at_its_end() -> None:
    assert why(told(until="chain.stopped")) == "waiting for the engine to close the run, then the summary is written"


def test_every_moment_of_the_story_has_an_answer() -> None:
    state = State()
    for seq, payload in enumerate(told().events, start=1):
        state.apply(Event(seq, payload.ts, payload.data))
        answer = why(state)
        assert answer and answer.isprintable() and "None" not in answer
        assert state.finished == answer.startswith("nothing is waited for")


def test_names_are_cut_to_what_fits() -> None:
    wait = Waiting("5 updates", CLIENTS, gone=("client-0",))
    assert wait.about(2) == "5 updates from client-0 (down), client-1 and 3 more"
    assert wait.about(1) == "5 updates from client-0 (down) and 4 more"
