"""What each key would do now, to what, and why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from dltui.core.commands import Command, validate
from dltui.core.events import Event, ModelRejected, RunPaused
from dltui.core.state.state import State
from dltui.tui.actions.catalog import ACTIONS, BY_ID
from dltui.tui.actions.selection import ScreenSelection as Selection
from dltui.tui.actions.selection import verifiable
from tests.kits.screen_scenario import Script, approved, awaiting, finished, live, opened, started, whole_round


def folded(events: Iterable[Event]) -> State:
    state = State()
    for event in events:
        state.apply(event)
    assert not [a for a in state.alerts.values() if a.id.startswith("journal")]
    return state


NOWHERE = Selection()


def why(name: str, state: State, selection: Selection = NOWHERE) -> str:
    able, reason = BY_ID[name].enabled(state, selection)
    assert able == (reason == "")
    return reason


def test_keys_and_ids_are_unique_and_chords_are_absent() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert len(set(keys)) == len(keys)
    assert len(BY_ID) == len(ACTIONS)
    assert [key for key in keys if key.startswith("ctrl")] == ["ctrl+p", "ctrl+q"]


def test_every_command_that_a_key_can_send_is_valid() -> None:
    script = live()
    state = folded(script.events)
    selection = Selection(pane="clients", client="client-3", version=2)
    for name in ("register", "stop_client", "pause"):
        request = BY_ID[name].request
        assert request is not None
        made = request(state, selection)
        validate(Command(id="x", actor="operator", source="key", name=made.name, args=made.args))


def test_register_takes_the_selected_pending_client_else_the_one_that_waits_longest() -> None:
    state = folded(live().events)
    request = BY_ID["register"].request
    assert request is not None
    assert request(state, Selection()).args == {"client": "client-7"}
    state.clients["client-2"].membership = "pending"
    assert request(state, Selection(pane="clients", client="client-7")).args == {"client": "client-7"}
    assert request(state, Selection(pane="events")).args == {"client": "client-2"}
    for client in state.clients.values():
        client.membership = "active"
    assert why("register", state) == "no client is waiting to be registered"


def test_approve_takes_the_newest_that_awaits_and_a_selected_older_one_is_a_rollback() -> None:
    state = folded(awaiting().events)
    request = BY_ID["approve"].request
    assert request is not None
    made = request(state, Selection(pane="registry", version=1))
    assert (made.name, made.args, made.does[0]) == ("model.approve", {"version": 1}, "ModelRegistry.approve(1)")
    assert request(state, Selection(pane="registry", version=0)).args == {"version": 1}
    done = folded(finished().events)
    assert why("approve", done) == "no model version awaits approval"
    back = request(done, Selection(pane="registry", version=1))
    assert back.title == "Release model v1 again" and "rollback" in back.does[1]
    with pytest.raises(Exception, match="no model version"):
        request(done, Selection(pane="registry", version=3))


def test_reject_names_the_round_that_it_aborts_and_wants_the_version_typed() -> None:
    request = BY_ID["reject"].request
    assert request is not None
    quiet = request(folded(awaiting().events), Selection())
    assert (quiet.args, quiet.typed) == ({"version": 1}, "")
    running = request(folded(live().events), Selection(pane="registry", version=1))
    assert running.typed == "v1"
    assert "round 3, which builds on v2, is aborted" in running.does
    assert why("reject", folded(live().events), Selection(pane="registry", version=0)) == (
        "no model version awaits a decision"
    )


def test_a_rejected_or_tainted_version_cannot_be_approved() -> None:
    script = started(Script(), clients=4, rounds=3, approval=False)
    for number in (1, 2):
        whole_round(script, number, ("client-0", "client-1", "client-2"), 8000 + number)
    script.say(ModelRejected(version=1, by="operator", new_base=0, tx="0x1"))
    state = folded(script.events)
    for version in (1, 2):
        assert why("approve", state, Selection(pane="registry", version=version)) == "no model version awaits approval"


def test_stop_and_restart_need_a_process_of_ours() -> None:
    state = folded(live().events)
    assert why("stop_client", state) == "no client is selected"
    gone = Selection(client="client-6")
    assert why("stop_client", state, gone) == "client-6 has no running process here"
    assert why("restart_client", state, gone) == ""
    assert why("restart_client", state, Selection(client="client-0")) == "client-0 is running"
    request = BY_ID["stop_client"].request
    assert request is not None
    assert request(state, Selection(client="client-5")).typed == "client-5"
    assert request(state, Selection(client="client-7")).typed == ""
    busy = state.clients["żółw"] = replace(state.clients["client-5"], id="żółw", address="0xABCDEF" + "0" * 34)
    running = state.in_flight
    assert running is not None
    running.selected = (*running.selected, busy.id)
    for name in ("stop_client", "suspend", "ban"):
        made = BY_ID[name].request
        assert made is not None and made(state, Selection(client="żółw")).typed == "abcdef"


def test_next_round_and_pause_follow_the_run() -> None:
    state = folded(live().events)
    assert why("open_round", state) == "round 3 is still running"
    assert why("open_round", folded(awaiting().events)) == "v1 awaits approval first"
    assert why("open_round", folded(started(Script()).events)) == ""
    pause = BY_ID["pause"].request
    assert pause is not None
    assert pause(state, Selection()).name == "run.pause"
    script = awaiting().say(RunPaused(by="operator"))
    assert pause(folded(script.events), Selection()).name == "run.resume"
    assert why("pause", folded(finished().events)) == "the run is done"


def test_reading_screens_and_finished_runs_grey_what_writes() -> None:
    state = folded(awaiting().events)
    for action in ACTIONS:
        if action.request is not None:
            assert action.enabled(state, Selection(read_only=True)) == (False, "this screen only reads")
            assert action.enabled(state, Selection(finished=True)) == (False, "the run is over")
        elif action.needs is None:
            assert action.enabled(state, Selection(read_only=True)) == (True, "")


def test_what_cannot_be_done_says_why() -> None:
    state = folded(live().events)
    thing = ("client", "client-0")
    assert why("verify", state, Selection(read_only=True, thing=thing)) == (
        "this screen only reads, and the run is not over"
    )
    assert why("verify", state, Selection(whole=True)) == ""
    assert why("verify", state, Selection(may_ask=True, thing=("event", 7))).startswith("select a client, a version")
    assert why("verify", state, Selection(may_ask=True, thing=thing)) == ""
    assert verifiable(state, Selection(may_ask=True, thing=("event", 7), about=thing)) == thing
    for name in ("next", "back", "pause", "faster", "slower"):
        assert why(f"story_{name}", state) == "no walkthrough leads this run, and it is no replay"
        assert why(f"story_{name}", state, Selection(led=True)) == ""
    assert why("sort_next", state, Selection(pane="events")).startswith("this pane has an order of its own")
    assert why("sort_reverse", state, Selection(sortable=True)) == ""
    assert why("round_back", state) == "there is no earlier round to look back on"
    assert why("round_forward", state) == "the present is shown"
    assert why("round_back", state, Selection(earlier=True)) == why("round_forward", state, Selection(later=True)) == ""


def test_the_scenario_itself_is_a_legal_run() -> None:
    script = started(Script())
    members = ("client-0", "client-1", "client-2")
    whole_round(script, 1, members, 9000)
    approved(script, 1)
    opened(script, 2, members, members, 1)
    assert folded(script.events).in_flight is not None
