"""The journal on stdout, line for line, for programs that read it."""

from __future__ import annotations

from typing import TextIO

from dltui.core.events import Event
from dltui.rundir import journal


class JsonLines:
    """Writes each event as the journal holds it, hash chain included."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._head = journal.GENESIS

    def write(self, event: Event) -> None:
        """One line, flushed at once. Raises BrokenPipeError if nobody reads any more."""
        line = journal.encode(event, self._head)
        self._head = journal.line_hash(line)
        self._out.write(line.decode("ascii") + "\n")
        self._out.flush()
