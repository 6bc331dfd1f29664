"""Consoles for plain output: no markup is ever read from text, and any stream will do."""

from __future__ import annotations

import io
import os
from typing import TextIO

from rich.console import Console

PIPE_WIDTH = 110
"""Columns where the output is no terminal."""


def console(stream: TextIO) -> Console:
    """A console on a terminal, a dumb terminal or a pipe; honours NO_COLOR."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    live = stream.isatty() and os.environ.get("TERM", "") != "dumb"
    return Console(
        file=stream,
        markup=False,
        emoji=False,
        highlight=False,
        force_terminal=live,
        color_system="auto" if live else None,
        width=None if stream.isatty() else PIPE_WIDTH,
        legacy_windows=False,
    )
