"""The lock of a run directory: one engine a run."""

from __future__ import annotations

import os

from dltui.errors import RunError
from dltui.files import try_lock
from dltui.rundir.paths import RunPaths


class Lock:
    """One engine a run: held through a file lock, which the kernel frees when the engine dies."""

    def __init__(self, paths: RunPaths) -> None:
        # Through a link this would write into another file.
        self._descriptor = os.open(paths.lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        if not try_lock(self._descriptor):
            owner = os.read(self._descriptor, 32).decode("ascii", "replace").strip()
            os.close(self._descriptor)
            raise RunError(
                f"an engine (pid {owner or 'unknown'}) already runs it",
                where=paths.id,
                hint=f"dltui attach {paths.id}",
            )
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the run free."""
        os.close(self._descriptor)
