"""Between the command that starts an engine and the run that begins: what is refused here leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sys
from types import FrameType, TracebackType

from dltui.core import refusal
from dltui.core.refusal import Refusal
from dltui.errors import DltuiError, RunError
from dltui.rundir.paths import RunPaths

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Startup:
    """A context in which a run is prepared. An error goes to the waiting command through stdout, which is a pipe.

    If the run is `new`, its directory is removed with an error.
    """

    def __init__(self, paths: RunPaths) -> None:
        self._paths = paths
        self.new = not any(paths.journal.glob("*.jsonl"))

    def __enter__(self) -> Startup:
        self._answer = os.dup(sys.stdout.fileno())
        # What anything prints later belongs into the log; the command does not read any more by then.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for number in SIGNALS:
            signal.signal(number, _interrupted)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        try:
            if isinstance(error, DltuiError):
                self._refuse(error)
        finally:
            os.close(self._answer)

    def _refuse(self, error: DltuiError) -> None:
        refused = Refusal.of(error)
        if self.new:
            shutil.rmtree(self._paths.root, ignore_errors=True)
        # The command may be gone.
        with contextlib.suppress(OSError):
            os.write(self._answer, refusal.encode(refused))
        raise error


def _interrupted(number: int, _: FrameType | None) -> None:
    error = RunError(f"stopped by {signal.Signals(number).name} before the run began")
    error.exit_code = 128 + number
    raise error
