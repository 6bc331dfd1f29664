"""Whole runs on anvil: the same results as on the embedded chain, and nothing lost where anvil is killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.verify.run import verify
from tests.kits.anvil import needs_anvil
from tests.kits.runs import Run, dltui, kill, wait_gone

Start = Callable[..., Run]


pytestmark = needs_anvil

PATIENT = {
    "rounds__train_seconds": 20,
    "rounds__train_seconds_max": 40,
    "rounds__report_seconds": 20,
    "rounds__attest_seconds": 20,
}
PHASES: dict[str, type[Payload]] = {
    "opened": ev.RoundOpened,
    "submitted": ev.UpdateSubmitted,
    "reporting": ev.RoundReporting,
    "attesting": ev.RoundAttesting,
    "finalised": ev.RoundFinalised,
}


def killed_in(start: Start, phase: str, round: int, seed: int) -> Run:
    """A run of three rounds whose anvil dies at once when `phase` of a round is told."""
    run = start(chain__engine="anvil", run__rounds=3, run__seed=seed, clients__count=3, **PATIENT)
    run.until(PHASES[phase], round=round)
    kill(run.of(ev.ChainReady)[-1].pid or 0)
    told = list(run.events)
    assert run.finish(110) == 0, run.story()
    assert run.events[: len(told)] == told
    return run


def nothing_was_lost(run: Run) -> None:
    """One loss, one return, every round finalised once, and all of it verified."""
    assert len(run.of(ev.ChainLost)) == 1 and len(run.of(ev.ChainReady)) == 2
    assert [ended.round for ended in run.of(ev.RoundFinalised)] == [1, 2, 3]
    assert [version.version for version in run.of(ev.ModelPublished)] == [0, 1, 2, 3]
    assert run.of(ev.RoundAborted) == []
    steps: dict[str, str] = {}
    verify(run.paths, lambda step: steps.update({step.name: step.text}))
    assert "accounts with their storage compared" in steps["state"]
    assert "summary" in steps


def test_killed_while_updates_come_in(start: Start) -> None:
    nothing_was_lost(killed_in(start, "submitted", 2, seed=1))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [11, 12, 13, 14])
@pytest.mark.parametrize("phase", PHASES)
def test_killed_in_each_phase(start: Start, phase: str, seed: int) -> None:
    nothing_was_lost(killed_in(start, phase, 1 + seed % 2, seed))


@pytest.mark.slow
def test_an_engine_that_dies_with_its_anvil_is_resumed_from_the_log(start: Start) -> None:
    run = start(chain__engine="anvil", run__rounds=3, clients__count=3, **PATIENT)
    run.until(ev.UpdateSubmitted, round=2)
    chain = run.of(ev.ChainReady)[-1].pid
    assert chain is not None
    kill(run.engine.pid)
    run.engine.wait()
    assert wait_gone([chain]) == []
    runs = run.paths.root.parent
    found = {"DLTUI_ANVIL": os.environ["DLTUI_ANVIL"]} if "DLTUI_ANVIL" in os.environ else {}
    done = dltui("resume", str(run.paths.root), "--no-ui", runs=runs, seconds=100, **found)
    assert done.returncode == 0, done.stdout + done.stderr
    checked = dltui("verify", str(run.paths.root), runs=runs)
    assert checked.returncode == 0, checked.stderr
    assert json.loads(run.paths.summary.read_bytes())["rounds"]["finalised"] == 3


def test_an_altered_closing_state_is_a_mismatch(start: Start, tmp_path: Path) -> None:
    run = start(chain__engine="anvil", run__rounds=1, clients__count=2)
    assert run.finish(60) == 0, run.story()
    ready = run.of(ev.ChainReady)[0]
    assert ready.engine == "anvil" and "configured: anvil" in ready.reason
    alert = run.of(ev.RunAlert)[0]
    assert alert.id == "open-node" and alert.text in ready.reason and "act as the operator" in alert.text
    assert ready.pid is not None and wait_gone([ready.pid]) == []
    state = run.paths.chain / "state.json"
    whole = state.read_bytes()
    state.write_bytes(whole.replace(b'"nonce": 1', b'"nonce": 2', 1))
    checked = dltui("verify", str(run.paths.root), runs=run.paths.root.parent)
    assert checked.returncode == 4 and "state.json" in checked.stderr
    log = run.paths.txs
    lines = log.read_text().splitlines(keepends=True)
    row = json.loads(lines[-1])
    log.write_text("".join(lines[:-1]) + json.dumps(row | {"receipts_root": "0x" + "ab" * 32}) + "\n")
    checked = dltui("verify", str(run.paths.root), runs=run.paths.root.parent)
    assert checked.returncode == 4 and "re-executes to receipts with root" in checked.stderr
    log.write_text("".join(lines[:-1]) + json.dumps(row | {"state_root": "0x" + "ab" * 32}) + "\n")
    checked = dltui("verify", str(run.paths.root), runs=run.paths.root.parent)
    assert checked.returncode == 4 and "tells chain.block" in checked.stderr


def test_a_stopped_run_ends_its_anvil(start: Start) -> None:
    run = start(chain__engine="anvil", run__rounds=50, clients__count=2)
    run.until(ev.RoundOpened)
    pid = run.of(ev.ChainReady)[0].pid or 0
    run.engine.send_signal(signal.SIGTERM)
    assert run.finish(40) == 0
    assert wait_gone([pid]) == []
