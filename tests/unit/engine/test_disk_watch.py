"""What the disk lacks is named before a round needs it, and a folder that is gone ends the run with its name."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from dltui.engine import disk_watch as module
from dltui.engine.disk_watch import LOOK_SECONDS, SPARE_BYTES, SPARE_FILES, DiskWatch
from dltui.errors import BlobError, RunError, no_room
from dltui.rundir.paths import RunPaths

CLIENTS, BLOB = 5, 1_000_000
BLOBS = CLIENTS + 3
NEED = SPARE_BYTES + BLOBS * BLOB


class Bench:
    """A room on a disk that is played, and a clock that moves on at every look."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.paths = RunPaths(folder / "run").create()
        self.bytes, self.files, self.counted = NEED, BLOBS + SPARE_FILES, 10_000
        self.now = 100.0
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(module.os, "statvfs", lambda path: self._disk())
        self.disk = DiskWatch(self.paths, CLIENTS)

    def _disk(self) -> SimpleNamespace:
        return SimpleNamespace(f_bavail=self.bytes, f_frsize=1, f_files=self.counted, f_favail=self.files)

    def lacks(self) -> str:
        self.now += LOOK_SECONDS
        self.disk.look(BLOB)
        return self.disk.lack.text if self.disk.lack is not None else ""


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch)


def test_a_round_that_would_not_find_room_is_named_until_there_is_some(bench: Bench) -> None:
    assert bench.lacks() == ""
    bench.bytes -= 1
    assert bench.lacks() == "the disk is full: a round needs 9.0 MB, and 9.0 MB are free"
    bench.bytes = 20_000
    assert bench.lacks() == "the disk is full: a round needs 9.0 MB, and 0.020 MB are free"
    assert bench.disk.lack is not None and bench.disk.lack.fails_after == 0
    bench.bytes = NEED
    assert bench.lacks() == ""


def test_a_disk_without_room_for_files_is_another_matter(bench: Bench) -> None:
    bench.files -= 1
    assert bench.lacks() == "the disk takes no more files: a round makes 8, and 23 are possible"
    bench.counted = 0
    assert bench.lacks() == "", "this file system counts no files"


def test_it_looks_once_a_second(bench: Bench) -> None:
    assert bench.lacks() == ""
    bench.bytes = 0
    bench.disk.look(BLOB)
    assert bench.disk.lack is None


@pytest.mark.parametrize("name", ["blobs", "journal", "chain", "."])
@pytest.mark.parametrize("replaced", [False, True])
def test_a_folder_that_is_gone_ends_the_run_with_its_name(bench: Bench, name: str, replaced: bool) -> None:
    folder = bench.paths.root / name
    held = os.open(folder, os.O_RDONLY)  # so that a new folder is not given its number
    shutil.rmtree(folder)
    if replaced:
        bench.paths.create()
    with pytest.raises(RunError, match="was removed while the run was going on"):
        bench.lacks()
    os.close(held)


def test_a_full_disk_is_told_by_its_number_however_deep() -> None:
    for number, full in ((errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EACCES, False)):
        error = BlobError("cannot store the blob")
        error.__cause__ = OSError(number, os.strerror(number))
        assert no_room(error) is full
        assert no_room(error.__cause__) is full
    assert not no_room(None)
