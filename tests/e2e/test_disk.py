"""A disk that is full, and a folder that is removed, under a run."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dltui.core import events as ev
from dltui.verify.run import verify
from tests.kits.runs import POLL, Run, make

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m,nr_inodes=2000", "tmpfs", str(folder)]
    if os.getuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system can be mounted by root only, and not in every container")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_bytes(disk: Path) -> list[Path]:
    """Take all room but 200 kB."""
    free = os.statvfs(disk)
    with contextlib.suppress(OSError):  # the run may take those meanwhile: then the disk is wholly full
        (disk / "filler").write_bytes(b"x" * (free.f_bavail * free.f_frsize - 200_000))
    return [disk / "filler"]


def fill_files(disk: Path) -> list[Path]:
    """Take all but five files."""
    (disk / "many").mkdir()
    made = [disk / "many" / str(number) for number in range(os.statvfs(disk).f_favail - 5)]
    for path in made:
        path.touch()
    return made


def is_noticed(run: Run, disk: Path) -> bool:
    """Whether the alert is there, or nothing at all can be written any more."""
    run.poll()
    return bool(run.of(ev.RunAlert, id="disk")) or os.statvfs(disk).f_bavail == 0


@pytest.mark.parametrize("fill", [fill_bytes, fill_files])
def test_a_full_disk_pauses_the_run_until_there_is_room(disk: Path, fill: Callable[[Path], list[Path]]) -> None:
    run = Run(make(disk / "runs", run__rounds=3, clients__count=3, rounds__train_seconds_max=10))
    try:
        run.until(ev.RoundFinalised, round=1, seconds=90)
        filler = fill(disk)
        end = time.monotonic() + 60
        while not is_noticed(run, disk):
            assert run.engine.poll() is None and time.monotonic() < end, run.story()
            time.sleep(POLL)
        for path in filler:
            path.unlink()
        assert run.finish(120) == 0, run.story()
        assert len(run.of(ev.RoundFinalised)) == 3
        verify(run.paths, lambda step: None)
    finally:
        run.stop()


def test_a_blobs_folder_that_is_removed_ends_the_run_at_once(start: Callable[..., Run]) -> None:
    run = start(run__rounds=50, clients__count=3)
    run.until(ev.RoundFinalised, round=1, seconds=90)
    shutil.rmtree(run.paths.blobs)
    assert run.finish(60) == 1, run.story()
    ended = run.of(ev.RunFinished)[-1]
    assert ended.status == "failed"
    assert str(run.paths.blobs) in ended.reason and "was removed" in ended.reason
    assert len(run.of(ev.RoundAborted)) <= 1
