"""One engine a run, and no verification beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dltui.errors import RunError
from dltui.rundir.lock import Lock
from dltui.rundir.paths import RunPaths
from dltui.verify.record import refuse_live


def test_a_run_has_one_engine_and_is_free_when_it_has_gone(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "abc123")
    paths.root.mkdir()
    refuse_live(paths)
    lock = Lock(paths)
    with pytest.raises(RunError, match=rf"an engine \(pid {os.getpid()}\) already runs it") as caught:
        Lock(paths)
    assert caught.value.hint == "dltui attach abc123"
    with pytest.raises(RunError, match="still runs it"):
        refuse_live(paths)
    lock.release()
    refuse_live(paths)
    Lock(paths).release()
