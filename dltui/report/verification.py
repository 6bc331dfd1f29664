"""Whether the run was checked, and what came of it: `dltui verify` in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dltui import exits
from dltui.core.text import clean

SECONDS = 3_600.0
"""After which a verification counts as not done."""
MOST_LINES = 60


@dataclass(frozen=True)
class Verification:
    """The result. `outcome` is verified, mismatch or not run; `lines` is what was checked, or why it was not."""

    outcome: str
    lines: tuple[str, ...]

    @property
    def symbol(self) -> str:
        """Stands beside the word."""
        return {"verified": "✔", "mismatch": "✖"}.get(self.outcome, "○")


NOT_ASKED = Verification("not run", ("this report was made without a verification",))


def verify(run: Path) -> Verification:
    """Runs `dltui verify` on that directory and waits for it. No face imports the chain, so it is another process."""
    command = [sys.executable, "-m", "dltui", "verify", str(run.resolve())]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return Verification("not run", (f"it did not end within {SECONDS:,.0f} s",))
    checked, said = _lines(done.stdout), _lines(done.stderr)
    if done.returncode == exits.OK:
        return Verification("verified", checked)
    if done.returncode == exits.MISMATCH:
        return Verification("mismatch", (*said, *checked))
    return Verification("not run", said or (f"it ended with code {done.returncode}",))


def _lines(text: str) -> tuple[str, ...]:
    lines = (" ".join(clean(line).split()) for line in text.splitlines())
    return tuple(line for line in lines if line)[:MOST_LINES]
