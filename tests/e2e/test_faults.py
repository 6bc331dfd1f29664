"""Processes killed in the middle of a round: it finalises without them, and the journal names them."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable

import pytest

from dltui.core import events as ev
from dltui.core.format import unix
from dltui.core.state.state import State
from dltui.rundir.journal import read
from dltui.rundir.launch import engine_failure
from dltui.verify.run import verify
from tests.kits.runs import Run, dltui, kill

SHORT = {
    "rounds__train_seconds": 6,
    "rounds__train_seconds_max": 16,
    "rounds__report_seconds": 4,
    "rounds__attest_seconds": 4,
}
LONG_TRAINING = {"training__epochs": 20, "training__batch_size": 16, "training__learning_rate": 0.01}
GRACE = 6
"""Seconds after a deadline by which somebody has moved the round on: the pokers' turns, and a loaded machine."""

Start = Callable[..., Run]


def pid_of(run: Run, client: str) -> int:
    return run.until(ev.ClientSpawned, id=client).pid


def ends_well(run: Run) -> None:
    """Exit 0, verified, and no phase waited past its deadline."""
    assert run.finish(120) == 0, run.story()
    steps: list[str] = []
    verify(run.paths, lambda step: steps.append(step.name))
    assert steps[-1] == "accuracy"
    deadline = None
    for event in run.events:
        data = event.data
        if deadline is not None and isinstance(data, ev.ChainBlock):
            assert data.timestamp <= deadline + GRACE, run.story()
        if isinstance(data, (ev.RoundOpened, ev.RoundReporting, ev.RoundAttesting)):
            deadline = data.deadline
        elif isinstance(data, (ev.RoundFinalised, ev.RoundAborted)):
            deadline = None


def test_a_client_killed_while_it_trains(start: Start) -> None:
    flags = {**SHORT, "rounds__train_seconds_max": 8, **LONG_TRAINING, "training__epochs": 8}
    run = start(run__rounds=1, clients__count=3, clients__restart=False, **flags)
    run.until(ev.ClientProgress, id="client-1", round=1, activity="train")
    kill(pid_of(run, "client-1"))
    ends_well(run)
    assert run.of(ev.ClientExited, id="client-1")[0].code == -signal.SIGKILL
    assert run.of(ev.ClientLate, id="client-1")[0] == ev.ClientLate(id="client-1", round=1, what="submit")
    assert run.of(ev.ClientMissed, id="client-1")[0].misses == 1
    assert len(run.of(ev.RoundFinalised)) == 1
    assert "client-1" not in {v.client for v in run.of(ev.RoundIncluded, round=1)[0].verdicts}


def test_a_client_killed_after_it_submitted_but_before_it_published(start: Start) -> None:
    windows = {**SHORT, "rounds__train_seconds_max": 20}
    run = start(run__rounds=1, clients__parallel=1, clients__restart=False, **windows, **LONG_TRAINING)
    early = run.until(ev.UpdateSubmitted, round=1).client
    kill(pid_of(run, early))
    ends_well(run)
    verdict = {v.client: v for v in run.of(ev.RoundIncluded, round=1)[0].verdicts}[early]
    assert (verdict.included, verdict.reason, verdict.weight) == (False, "WITHHELD", 0)
    assert run.of(ev.ClientMissed, id=early)[0].round == 1


def test_a_committee_member_killed_before_it_attests(start: Start) -> None:
    """The member dies while the others still train, and never reports; the two others are a quorum."""
    windows = {**SHORT, "rounds__train_seconds_max": 20}
    run = start(run__rounds=1, clients__parallel=1, clients__restart=False, **windows, **LONG_TRAINING)
    committee = run.until(ev.RoundOpened, round=1).committee
    member = run.until_that(
        lambda data: isinstance(data, ev.UpdateSubmitted) and data.client in committee, 40, "a member's update"
    ).client
    kill(pid_of(run, member))
    ends_well(run)
    assert len(run.of(ev.RoundFinalised, round=1)) == 1
    assert member not in run.of(ev.RoundFinalised, round=1)[0].agreeing
    assert {late.what for late in run.of(ev.ClientLate, id=member, round=1)} >= {"report"}


def test_a_killed_client_is_started_again(start: Start) -> None:
    run = start(run__rounds=1, **SHORT, **LONG_TRAINING)
    run.until(ev.ClientProgress, id="client-1", round=1, activity="train")
    first = pid_of(run, "client-1")
    kill(first)
    ends_well(run)
    assert [spawned.pid == first for spawned in run.of(ev.ClientSpawned, id="client-1")] == [True, False]
    assert run.of(ev.RunAlertCleared, id="exited-client-1")
    assert run.of(ev.UpdateSubmitted, round=1, client="client-1")


def test_stopped_while_it_comes_up(start: Start) -> None:
    run = start(run__rounds=1)
    run.until(ev.ChainReady)
    kill(run.engine.pid, signal.SIGTERM)
    assert run.finish(30) == 0
    ended = run.of(ev.RunFinished)[0]
    assert (ended.status, ended.reason) == ("stopped", "stopped by SIGTERM")


@pytest.mark.slow
def test_the_engine_killed_while_it_deploys(start: Start) -> None:
    """What is on the chain already is not deployed again."""
    run = start(run__rounds=1)
    run.until(ev.ContractDeployed)
    kill(run.engine.pid)
    run.engine.wait()
    again = Run(run.paths)
    try:
        assert again.finish(60) == 0, again.story()
    finally:
        again.stop()
    assert sorted(contract.name for contract in again.of(ev.ContractDeployed)) == [
        "DataRegistry",
        "FLContract",
        "ModelRegistry",
    ]
    verify(run.paths, lambda step: None)


@pytest.mark.slow
def test_the_chain_killed_while_it_is_set_up(start: Start) -> None:
    run = start(run__rounds=1)
    run.until(ev.TxMined)
    kill(run.until(ev.ChainReady).pid or 0)
    assert run.finish(60) == 0, run.story()
    assert len(run.of(ev.ChainLost)) == 1
    assert len({contract.name for contract in run.of(ev.ContractDeployed)}) == len(run.of(ev.ContractDeployed)) == 3
    verify(run.paths, lambda step: None)


@pytest.mark.slow
def test_the_chain_killed(start: Start) -> None:
    run = start(run__rounds=3, **LONG_TRAINING)
    run.until(ev.UpdateSubmitted, round=2)
    kill(run.of(ev.ChainReady)[0].pid or 0)
    ends_well(run)
    assert len(run.of(ev.ChainLost)) == 1
    assert len(run.of(ev.ChainReady)) == 2
    assert [r.round for r in run.of(ev.RoundFinalised)] == [1, 2, 3]


@pytest.mark.slow
def test_the_engine_killed_and_resumed(start: Start) -> None:
    run = start(run__rounds=3, **LONG_TRAINING)
    run.until(ev.UpdateSubmitted, round=2)
    kill(run.engine.pid)
    run.engine.wait()
    done = dltui("resume", str(run.paths.root), "--no-ui", runs=run.paths.root.parent, seconds=100)
    assert done.returncode == 0, done.stdout + done.stderr
    checked = dltui("verify", str(run.paths.root), runs=run.paths.root.parent)
    assert checked.returncode == 0, checked.stderr
    summary = json.loads(run.paths.summary.read_bytes())
    assert summary["rounds"]["finalised"] == 3
    state = State()
    for event in read(run.paths.journal):
        state.apply(event)
    across = state.rounds[2]
    took = (unix(across.closed_at) or 0) - (unix(across.opened_at) or 0)
    assert across.timing["total"] == pytest.approx(took, abs=0.5), "the round went on under another engine"
    assert all(version["test_accuracy_bp"] for version in summary["versions"])


@pytest.mark.slow
def test_equal_seeds_give_equal_runs(start: Start) -> None:
    told = []
    for _ in range(2):
        run = start(run__rounds=3, clients__count=4)
        assert run.finish(60) == 0
        told.append(
            (
                [v.digest for v in run.of(ev.ModelPublished)],
                [r.committee for r in run.of(ev.RoundOpened)],
                run.of(ev.RoundIncluded),
            )
        )
    assert told[0] == told[1]


def test_a_second_engine_is_refused(start: Start) -> None:
    run = start(run__rounds=1)
    run.until(ev.ChainReady)
    second = Run(run.paths)
    assert second.engine.wait(20) == 1
    with (run.paths.logs / "engine.log").open("a") as log:
        log.write("what the first engine says meanwhile\n")
    told = str(engine_failure(second.engine, run.paths))
    assert told == f"{run.paths.id}: an engine (pid {run.engine.pid}) already runs it - dltui attach {run.paths.id}"
    assert run.finish(60) == 0
