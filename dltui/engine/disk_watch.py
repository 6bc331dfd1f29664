"""The disk under a run: its folders are still there, and the next round finds room on it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from dltui.core import alerts
from dltui.core.format import megabytes
from dltui.engine.scheduler import Waiting
from dltui.errors import RunError
from dltui.rundir.paths import RunPaths

LOOK_SECONDS = 1.0
SPARE_BYTES = 1 << 20
"""For journal, transaction log, node and logs in one round, beside the blobs."""
SPARE_FILES = 16


class DiskWatch:
    """Looks once a second. `clients` write one blob each a round, the committee three."""

    def __init__(self, paths: RunPaths, clients: int) -> None:
        self._paths = paths
        self._blobs = clients + 3
        self._folders = {folder: _identity(folder) for folder in (paths.root, paths.journal, paths.blobs, paths.chain)}
        self._looked = 0.0
        self.full = False
        """Whether something could not be written since the disk last had room."""
        self.lack: Waiting | None = None
        """What the next round lacks, as it was when last looked."""

    def look(self, blob_bytes: int) -> None:
        """Look again if it is time. Raises RunError if a folder of the run is gone, or another one is there."""
        now = time.monotonic()
        if now - self._looked < LOOK_SECONDS:
            return
        self._looked = now
        for folder, before in self._folders.items():
            if _identity(folder) != before:
                raise RunError(
                    "was removed while the run was going on", where=str(folder), hint="nothing more can be recorded"
                )
        self.lack = self._missing(blob_bytes)

    def _missing(self, blob_bytes: int) -> Waiting | None:
        disk = os.statvfs(self._paths.blobs)
        free, need = disk.f_bavail * disk.f_frsize, SPARE_BYTES + self._blobs * blob_bytes
        if free < need:
            text = f"the disk is full: a round needs {megabytes(need)}, and {megabytes(free)} are free"
            return Waiting(
                alerts.DISK.id(), text, f"free space under {self._paths.root}: rounds then go on by themselves"
            )
        # Some file systems count no files.
        if disk.f_files and disk.f_favail < self._blobs + SPARE_FILES:
            text = f"the disk takes no more files: a round makes {self._blobs}, and {disk.f_favail} are possible"
            return Waiting(
                alerts.DISK.id(), text, f"remove files from the disk of {self._paths.root}: rounds then go on"
            )
        return None


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(folder)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
