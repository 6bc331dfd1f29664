"""What else can die or hang: the fork server, everybody at once, a stopped member, a client that comes back."""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dltui.core import events as ev
from dltui.verify.run import verify
from tests.kits.runs import POLL, Run, dltui, kill, wait_gone

SHORT = {
    "rounds__train_seconds": 3,
    "rounds__train_seconds_max": 6,
    "rounds__report_seconds": 3,
    "rounds__attest_seconds": 3,
}
PATIENT = {**SHORT, "rounds__train_seconds": 10, "rounds__train_seconds_max": 20, "training__epochs": 8}
SLOWER = {"training__epochs": 30, "training__learning_rate": 0.01}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
Start = Callable[..., Run]


def parent_of(pid: int) -> int:
    """The parent process of a process."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def child_of(parent: int, name: str) -> int:
    """The child of a process that has this name, once there is one."""
    end = time.monotonic() + 20
    while True:
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if (entry / "comm").read_text().strip() == name[:15] and parent_of(int(entry.name)) == parent:
                    return int(entry.name)
        assert time.monotonic() < end, f"no {name} below {parent}"
        time.sleep(POLL)


def test_the_fork_server_killed(start: Start) -> None:
    """All clients end with it, are started again under new pids, and train the same round to its end."""
    run = start(run__rounds=3, **SLOWER)
    run.until(ev.UpdateSubmitted, round=2)
    before = {spawned.id: spawned.pid for spawned in run.of(ev.ClientSpawned)}
    fork_server = parent_of(before["client-0"])
    assert fork_server != run.engine.pid
    kill(fork_server)
    assert run.finish(120) == 0, run.story()
    assert wait_gone(list(before.values())) == []
    after = {spawned.id: spawned.pid for spawned in run.of(ev.ClientSpawned)[5:]}
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values())
    assert [r.round for r in run.of(ev.RoundFinalised)] == [1, 2, 3]
    assert run.of(ev.RunAlertCleared, id="forkserver")
    assert run.of(ev.ModelEvaluated)[-1].version == 3
    verify(run.paths, lambda step: None)


def test_the_fork_server_stopped(start: Start) -> None:
    """It is named with what to do; when nobody does it, another one takes its place, and nobody has missed anything."""
    run = start(run__rounds=500, clients__count=3, model__name="linear", training__steps=20)
    run.until(ev.RoundFinalised, round=1)
    fork_server = parent_of(run.of(ev.ClientSpawned)[0].pid)
    kill(fork_server, signal.SIGSTOP)
    alert = run.until(ev.RunAlert, id="forkserver-hung")
    assert f"pid {fork_server}" in alert.text and f"kill -CONT {fork_server}" in alert.hint
    run.until(ev.RunAlertCleared, seconds=90, id="forkserver")
    assert wait_gone([fork_server, *(spawned.pid for spawned in run.of(ev.ClientSpawned)[:3])]) == []
    run.next(ev.RoundFinalised)
    assert run.of(ev.RunAlertCleared, id="forkserver-hung") and run.of(ev.ClientSuspended) == []
    run.send("run.stop")
    assert run.finish() == 0, run.story()
    verify(run.paths, lambda step: None)


@pytest.mark.parametrize("moment", [ev.ChainStarting, ev.ClientSpawned])
def test_the_fork_server_killed_while_all_comes_up(start: Start, moment: type[ev.Payload]) -> None:
    run = start(run__rounds=1)
    run.until(moment)
    kill(child_of(run.engine.pid, "dltui-forkserver"))
    assert run.finish(90) == 0, run.story()
    assert run.of(ev.RunAlertCleared, id="forkserver")
    assert len(run.of(ev.RoundIncluded, round=1)[0].verdicts) == 5
    verify(run.paths, lambda step: None)


def test_a_client_that_hangs_in_training_holds_nobody_up(start: Start) -> None:
    run = start(run__rounds=1, clients__parallel=2, **{**SHORT, "rounds__train_seconds_max": 12}, **SLOWER)
    hung = run.until(ev.ClientProgress, round=1, activity="train").id
    kill(run.until(ev.ClientSpawned, id=hung).pid, signal.SIGSTOP)
    assert run.finish(90) == 0, run.story()
    assert {late.id for late in run.of(ev.ClientLate, round=1, what="submit")} == {hung}
    assert "may hang" in run.of(ev.RunAlert, id=f"silent-{hung}")[0].text
    verify(run.paths, lambda step: None)


def test_a_member_that_hangs_is_as_good_as_dead(start: Start) -> None:
    """SIGSTOP: the process is there and says nothing. The round goes on; at the end it is killed."""
    run = start(run__rounds=2, **SHORT, **SLOWER)
    opened = run.until(ev.RoundOpened, round=1)
    member = opened.committee[1]
    run.until(ev.UpdateSubmitted, round=1, client=member)
    pid = run.of(ev.ClientSpawned, id=member)[0].pid
    kill(pid, signal.SIGSTOP)
    assert run.finish(120) == 0, run.story()
    assert wait_gone([pid]) == []
    assert member not in run.of(ev.RoundFinalised, round=1)[0].agreeing
    assert run.of(ev.ClientLate, id=member)
    verify(run.paths, lambda step: None)


def test_a_killed_client_is_restarted_and_takes_part_again(start: Start) -> None:
    run = start(run__rounds=4, clients__restart=False, **{**SHORT, "rounds__train_seconds_max": 20}, **SLOWER)
    run.until(ev.ClientProgress, id="client-2", round=1, activity="train")
    kill(run.of(ev.ClientSpawned, id="client-2")[0].pid)
    run.until(ev.ClientExited, id="client-2")
    run.until(ev.RoundFinalised, round=1)
    run.send("client.restart", client="client-2")
    assert run.finish(120) == 0, run.story()
    assert run.of(ev.UpdateSubmitted, round=4, client="client-2")
    assert run.of(ev.RunAlertCleared, id="exited-client-2")
    assert run.of(ev.ClientSuspended) == []
    verify(run.paths, lambda step: None)


def test_a_committee_without_a_quorum_is_drawn_again(start: Start) -> None:
    """Two of three members die before they report: the attempt fails, and later ones give up or succeed, in time."""
    run = start(run__rounds=1, rounds__max_missed=0, clients__restart=False, **SHORT, **SLOWER)
    opened = run.until(ev.RoundOpened, round=1)
    for member in opened.committee[:2]:
        run.until(ev.UpdateSubmitted, round=1, client=member)
        kill(run.of(ev.ClientSpawned, id=member)[0].pid)
    code = run.finish(150)
    attempts = [reporting.attempt for reporting in run.of(ev.RoundReporting, round=1)]
    assert attempts[:2] == [0, 1] or run.of(ev.RoundAborted, round=1), run.story()
    assert attempts == sorted(attempts)
    assert max(attempts) <= 2
    assert (code == 0) == bool(run.of(ev.RoundFinalised))
    verify(run.paths, lambda step: None)


def test_the_whole_family_killed_twice(start: Start) -> None:
    """Engine and chain at once, and once more after the resume: the run still finishes, and every fact is there."""
    run = start(run__rounds=4, **SLOWER)
    run.until(ev.UpdateSubmitted, round=2)
    chain = run.of(ev.ChainReady)[-1].pid
    assert chain is not None
    kill(run.engine.pid)
    if wait_gone([chain], 0.0):
        kill(chain)
    run.engine.wait()
    clients = [spawned.pid for spawned in run.of(ev.ClientSpawned)]
    assert wait_gone([chain, *clients]) == []
    last = run.events[-1].seq
    again = Run(run.paths, after=last)
    try:
        again.until(ev.UpdateSubmitted, round=3)
        kill(again.engine.pid)
        again.engine.wait()
    finally:
        again.stop()
    broken = dltui("verify", str(run.paths.root), runs=run.paths.root.parent)
    assert broken.returncode == 0, broken.stderr
    done = dltui("resume", str(run.paths.root), "--no-ui", runs=run.paths.root.parent, seconds=110)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(run.paths.summary.read_bytes())
    assert summary["rounds"] == {"target": 4, "finalised": 4, "aborted": 0}
    checked = dltui("verify", str(run.paths.root), runs=run.paths.root.parent)
    assert checked.returncode == 0, checked.stderr


def test_all_clients_at_once(start: Start) -> None:
    """They come back by themselves, the round that they lost is nobody's miss, and nobody is suspended for it."""
    run = start(run__rounds=3, clients__count=3, **PATIENT)
    run.until(ev.RoundReporting, round=2, seconds=90)
    for spawned in run.of(ev.ClientSpawned):
        kill(spawned.pid)
    assert run.finish(200) == 0, run.story()
    assert [excused.round for excused in run.of(ev.RoundExcused)] == [2]
    assert run.of(ev.ClientMissed, round=2) == [] and run.of(ev.ClientSuspended) == []
    assert len(run.of(ev.RoundFinalised)) == 3
    verify(run.paths, lambda step: None)


@pytest.mark.parametrize("signum", [signal.SIGKILL, signal.SIGSTOP])
def test_an_evaluator_that_is_gone(start: Start, signum: signal.Signals) -> None:
    """Rounds go on, it is started again, and every version is measured in the end."""
    run = start(run__rounds=3, clients__count=3, **PATIENT)
    run.until(ev.ModelEvaluated, version=0)
    evaluator = child_of(parent_of(run.of(ev.ClientSpawned)[0].pid), "dltui-evaluator")
    kill(evaluator, signum)
    assert run.finish(120) == 0, run.story()
    assert "the evaluator was ended by SIGKILL; it starts again" in run.of(ev.RunAlert, id="evaluator")[0].text
    assert {measured.version for measured in run.of(ev.ModelEvaluated)} == {0, 1, 2, 3}
    assert wait_gone([evaluator]) == []
    verify(run.paths, lambda step: None)


def test_a_node_that_was_stopped_in_an_open_round_is_nobodys_fault(start: Start) -> None:
    run = start(run__rounds=2, clients__count=3, **{**PATIENT, "rounds__train_seconds_max": 10})
    opened = run.until(ev.RoundOpened, round=2, seconds=90)
    node = run.of(ev.ChainReady)[0].pid or 0
    kill(node, signal.SIGSTOP)
    run.until(ev.RunAlert, id="node")
    run.passes(opened.deadline)
    kill(node, signal.SIGCONT)
    assert run.finish(120) == 0, run.story()
    assert [(excused.round, excused.reason[:27]) for excused in run.of(ev.RoundExcused)] == [
        (2, "the node did not answer for")
    ]
    assert run.of(ev.ClientMissed, round=2) == [] and run.of(ev.ClientSuspended) == []
    verify(run.paths, lambda step: None)
