"""Several watch one run: a second screen comes and goes while the first stays, and both are told the same."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from dltui.core.events import RoundFinalised, RoundOpened
from dltui.report.content import gather
from dltui.rundir.session import LiveSession
from tests.kits.runs import Run, dltui, environment


def attach(run: Run, *words: str) -> subprocess.Popen[str]:
    """A second terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "dltui", "attach", str(run.paths.root), "--no-ui", "--format", "jsonl", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(run.paths.root.parent),
    )


def test_a_second_terminal_comes_and_goes_while_the_first_stays(start: Callable[..., Run], tmp_path: Path) -> None:
    run = start(run__rounds=2, clients__count=3, clients__names=("<script>alert(1)</script>",))
    run.until(RoundOpened, round=1)
    stays, leaves = attach(run), attach(run, "--read-only")
    try:
        assert leaves.stdout is not None and json.loads(leaves.stdout.readline())["kind"] == "run.started"
        leaves.terminate()
        leaves.wait(20)
        run.until(RoundFinalised, round=2)
        run.finish()
        told, _ = stays.communicate(timeout=30)
    finally:
        for process in (stays, leaves):
            process.kill()
            process.wait()
    assert stays.returncode == 0
    lines = told.splitlines(keepends=True)
    assert [json.loads(line)["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert told == (run.paths.journal / "000001.jsonl").read_text()
    assert LiveSession(run.paths.root).events()[-1].seq == len(lines)
    _report_of(run, tmp_path)


def _report_of(run: Run, folder: Path) -> None:
    """The same run's report, by the program: verified, and its hostile client harmless."""
    done = dltui("report", str(run.paths.root), "-o", "r.html", runs=run.paths.root.parent, cwd=folder)
    assert done.returncode == 0 and "✔ verified" in done.stderr
    page = (folder / "r.html").read_text(encoding="utf-8")
    assert "Verification: verified" in page and "<script" not in page
    assert gather(run.paths).operator in page
    (blob,) = list(run.paths.blobs.glob("*/*"))[:1]
    blob.write_bytes(blob.read_bytes() + b"x")
    done = dltui("report", str(run.paths.root), "-o", "r.html", runs=run.paths.root.parent, cwd=folder)
    assert done.returncode == 4
    assert "Verification: mismatch" in (folder / "r.html").read_text(encoding="utf-8")
