"""What the workers makes of the evaluator's first words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dltui.config.sections import load
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine.forkserver_client import SILENT_SECONDS, Child, ForkServerClient
from dltui.engine.timing import Timings
from dltui.engine.workers import WorkerPool
from dltui.errors import ConfigError
from dltui.rundir.paths import RunPaths


def genesis(sha256: str = "ab" * 32) -> dict[str, Any]:
    return {
        "kind": "genesis",
        "digest": "cd" * 32,
        "data": {"dataset": "d", "schema": "s", "records": 9, "classes": 2, "test": 2, "sha256": sha256},
        "model": {"model": "m", "parameters": 5, "bytes": 20, "device": "cpu", "round_seconds": 1.0},
    }


@pytest.fixture
def told(tmp_path: Path) -> tuple[WorkerPool, list[Payload]]:
    """A workers without a fork server, and the events that it writes."""
    events: list[Payload] = []
    return WorkerPool(load(), RunPaths(tmp_path), (), ForkServerClient(tmp_path), Timings(), events.append), events


def test_data_and_model_are_described_once_known(told: tuple[WorkerPool, list[Payload]]) -> None:
    workers, events = told
    workers.evaluator.told(genesis())
    assert [type(event) for event in events] == [ev.DataDescribed, ev.ModelDescribed]
    assert (workers.evaluator.genesis, workers.evaluator.data_sha256) == ("cd" * 32, "ab" * 32)


def test_other_data_than_before_are_refused(told: tuple[WorkerPool, list[Payload]]) -> None:
    workers, events = told
    workers.evaluator.told(genesis())
    workers.evaluator.told(genesis())
    with pytest.raises(ConfigError, match="other data than the run began with: SHA-256 efefefefefef, not abababababab"):
        workers.evaluator.told(genesis("ef" * 32))
    assert {event.sha256 for event in events if isinstance(event, ev.DataDescribed)} == {"ab" * 32}


def test_a_fork_server_takes_with_it_who_ran_and_who_was_on_the_way(told: tuple[WorkerPool, list[Payload]]) -> None:
    workers, events = told
    workers.parts = {"alice": 0, "bob": 1, "carol": 2}
    for part, (pid, code) in enumerate([(11, None), (None, None), (13, 0)]):
        workers.fork_server.children[f"client-{part}"] = Child(f"client-{part}", "client", pid=pid, code=code)
    assert workers.running == ["alice"]
    assert workers.everybody_lost() == ["alice", "bob"]
    exits = [(event.id, event.pid, event.code) for event in events if isinstance(event, ev.ClientExited)]
    assert exits == [("alice", 11, -9)]
    assert workers.everybody_lost() == []


def test_a_fork_server_that_hangs_is_told_with_what_to_do_until_it_answers(
    told: tuple[WorkerPool, list[Payload]],
) -> None:
    workers, events = told
    workers.handle()
    assert events == []
    workers.fork_server._pulse.silent = SILENT_SECONDS
    workers.handle()
    workers.handle()
    (alert,) = events
    assert isinstance(alert, ev.RunAlert) and alert.severity == "error" and alert.hint.startswith("if it was stopped")
    workers.fork_server._pulse.heard()
    workers.handle()
    assert events[1:] == [ev.RunAlertCleared(id=alert.id)]


def ended(told: tuple[WorkerPool, list[Payload]], code: int, asked: bool = False) -> ev.RunAlert | None:
    """The alert when alice's process ends."""
    workers, events = told
    workers.parts = {"alice": 0}
    child = workers.fork_server.children["client-0"] = Child("client-0", "client", pid=11, code=code, asked=asked)
    workers._exited(child)
    return next((event for event in events if isinstance(event, ev.RunAlert)), None)


def test_a_client_that_ends_unasked_is_due_again_and_its_alert_says_so(told: tuple[WorkerPool, list[Payload]]) -> None:
    alert = ended(told, -9)
    assert alert is not None and alert.text == "alice was ended by SIGKILL; it starts again in 0.5 s"
    assert told[0]._restarts.ended("alice") == 1.0


def test_a_client_that_is_ended_by_a_signal_without_a_name_is_started_again_too(
    told: tuple[WorkerPool, list[Payload]],
) -> None:
    alert = ended(told, -40)
    assert alert is not None and alert.text == "alice was ended by signal 40; it starts again in 0.5 s"


@pytest.mark.parametrize("code", [-9, -15])
def test_a_client_that_the_operator_ended_stays_away(told: tuple[WorkerPool, list[Payload]], code: int) -> None:
    alert = ended(told, code, asked=True)
    assert told[0]._restarts._due == {} and told[0].wanted == []
    assert (alert is None) if code == -15 else (alert is not None and alert.text.endswith("as the operator asked"))


def test_a_client_that_ends_again_and_again_stays_away_in_the_end(told: tuple[WorkerPool, list[Payload]]) -> None:
    texts = []
    for _ in range(6):
        told[1].clear()
        alert = ended(told, 1)
        assert alert is not None
        texts.append(alert.text)
    assert texts[-2] == "alice ended with code 1; it starts again in 8 s"
    assert texts[-1] == "alice ended with code 1 again, after 5 restarts: it stays away"
