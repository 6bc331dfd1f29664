"""Consoles for plain output: no markup is ever read from text, and any stream will do."""

from __future__ import annotations

import io
import os
from typing import IO, TextIO

from rich.console import Console

PIPE_WIDTH = 110
"""Columns if the output is no terminal."""


class PlainConsole(Console):
    """A console that falls silent if nobody reads any more: the run, and this program, go on."""

    def on_broken_pipe(self) -> None:
        """Called when the reader of the stream is gone."""
        self.quiet = True
        silence(self.file)


def silence(stream: IO[str]) -> None:
    """Points a broken pipe at nothing, so that closing it at the end of the program does not fail again."""
    try:
        number = stream.fileno()
    except (io.UnsupportedOperation, ValueError):
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, number)
    os.close(nothing)


def console(stream: TextIO) -> Console:
    """Return a console on a terminal, a dumb terminal or a pipe; honours NO_COLOR."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    live = stream.isatty() and os.environ.get("TERM", "") != "dumb"
    return PlainConsole(
        file=stream,
        markup=False,
        emoji=False,
        highlight=False,
        force_terminal=live,
        color_system="auto" if live else None,
        width=None if stream.isatty() else PIPE_WIDTH,
        legacy_windows=False,
    )
