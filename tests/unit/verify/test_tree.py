"""What a run directory holds beside what a run writes."""

from __future__ import annotations

from pathlib import Path

from dltui.client.training_slots import turn
from dltui.rundir.paths import RunPaths
from dltui.verify import tree


def test_what_the_turns_of_training_leave_is_the_runs_own(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path).create()
    with turn(str(paths.logs), 2, 0, 0.0, lambda: None) as going_on:
        assert going_on is not None
    assert tree.check(paths) == "3 regular files, no link among them"
    (paths.logs / "queue2").touch()
    assert tree.check(paths).endswith("; no run writes logs/queue2")
