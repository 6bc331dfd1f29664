"""Whether the run was checked, and what came of it: `dltui verify` in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from dltui import exits
from dltui.core.sanitize import clean

SECONDS = 3_600.0
"""After which a verification counts as not done."""
MOST_LINES = 60


@dataclass(frozen=True)
class Verification:
    """The result. `outcome` is verified, partly checked, mismatch or not run; `lines` says what was checked."""

    outcome: str
    lines: tuple[str, ...]

    @property
    def symbol(self) -> str:
        """Stands beside the word."""
        return {"verified": "✔", "partly checked": "◐", "mismatch": "✖"}.get(self.outcome, "○")


NOT_ASKED = Verification("not run", ("this report was made without a verification",))


def verify(run: Path, heard: Callable[[str], None] = lambda line: None) -> Verification:
    """Run `dltui verify` on that directory and wait for it; `heard` gets each line of what was checked.

    No face imports the chain, so it is another process.
    """
    command = [sys.executable, "-m", "dltui", "verify", str(run.resolve())]
    checked: list[str] = []
    with (
        tempfile.TemporaryFile("w+", errors="replace") as complaints,
        subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            errors="replace",
        ) as process,
    ):
        overdue = threading.Timer(SECONDS, process.kill)
        overdue.start()
        try:
            for line in process.stdout or ():
                checked.append(line)
                heard(" ".join(clean(line).split()))
        except BaseException:
            process.kill()
            raise
        finally:
            overdue.cancel()
        code = process.wait()
        complaints.seek(0)
        said = _lines(complaints)
    return _judged(code, _lines(checked), said)


def _judged(code: int, checked: tuple[str, ...], said: tuple[str, ...]) -> Verification:
    if code == exits.OK:
        return Verification("verified", checked)
    if code == exits.NOT_CHECKED:
        return Verification("partly checked", (*checked[-1:], *checked[:-1]))
    if code == exits.MISMATCH:
        return Verification("mismatch", (*said, *checked))
    return Verification("not run", said or (f"it ended with code {code}",))


def _lines(told: Iterable[str]) -> tuple[str, ...]:
    lines = (" ".join(clean(line).split()) for line in told)
    return tuple(islice(filter(None, lines), MOST_LINES))
