"""What keeps a run from going on: it is held while its walkthrough is read, and fails when too few clients are left."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dltui.core import events as ev
from dltui.core.commands import new_command
from dltui.rundir.session import LiveSession
from tests.kits.runs import POLL, Run, environment

SMALL = {"model__name": "linear", "data__size": 4, "training__steps": 2, "clients__count": 2}


def hold(session: LiveSession, seconds: float) -> None:
    session.send(new_command("demo.hold", "demo", actor="demo", seconds=seconds))


def test_a_run_that_is_held_opens_no_round_and_does_not_end(start: Callable[..., Run]) -> None:
    """A round that is open goes on; by the time that its version is measured, the next one would have been opened."""
    run, number = start(run__rounds=2, **SMALL), 0
    while number < 2:
        run.until(ev.RoundOpened, round=number + 1)
        hold(run.session, 60.0)
        run.poll()
        number = len(run.of(ev.RoundOpened))
        run.until(ev.ModelEvaluated, version=number)
        run.send("demo.step", n=number, of=2, title="read", text="")
        run.until(ev.DemoStep, n=number)
        assert len(run.of(ev.RoundOpened)) == number and run.of(ev.RunFinished) == [], run.story()
        hold(run.session, 0.0)
    assert run.finish() == 0, run.story()
    assert len(run.of(ev.RoundFinalised)) == 2


def told(folder: Path, wanted: Callable[[ev.Payload], bool], seconds: float) -> None:
    """Wait until the journal of the only run in `folder` tells it."""
    end = time.monotonic() + seconds
    session: LiveSession | None = None
    while True:
        if session is None and (found := [*folder.glob("*/journal/*.jsonl")]):
            session = LiveSession(found[0].parent.parent, read_only=True)
        if session is not None and any(wanted(event.data) for event in session.events()):
            return
        assert time.monotonic() < end, f"not told within {seconds} s"
        time.sleep(POLL)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_without_a_screen_counts_down_when_too_few_clients_are_left_and_fails(tmp_path: Path) -> None:
    """A screen that can act holds it for a while; after that the time begins in full."""
    flags = ["--clients", "2", "--rounds", "50", "--model", "linear"]
    command = [sys.executable, "-m", "dltui", "--no-ui", *flags]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment(tmp_path)
    ) as face:
        try:
            told(tmp_path, lambda data: isinstance(data, ev.RoundFinalised), 90)
            (folder,) = [path.parent for path in tmp_path.glob("*/run.json")]
            session = LiveSession(folder)
            session.send(new_command("client.suspend", "cli", client="client-1"))
            told(tmp_path, lambda data: isinstance(data, ev.RunAlert) and data.id == "starved", 60)
            session.send(new_command("run.hold", "key", seconds=1.0))
            out, err = face.communicate(timeout=150)
        finally:
            face.terminate()
    assert face.returncode == 1, err
    left = [int(seconds) for seconds in re.findall(r"the run fails in (\d+) s", err)]
    assert len(left) > 5 and left[-1] < 10, err
    assert "held: a screen is attached: 1 client can take part, a round needs 2" in err
    assert "reinstate client-1 (dltui client reinstate client-1)" in err
    assert "run failed, exit code 1: 1 client can take part, a round needs 2" in err
    assert re.search(r"failed \d+/50 rounds", out), out
