"""The logs of a run's processes as one stream of lines, read as they grow. Foreign text: bounded and made harmless."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dltui.core.sanitize import clean
from dltui.errors import DltuiError
from dltui.files import open_regular

FIRST_BYTES = 128 * 1024
"""How much of a file's end is read at first."""
MOST_BYTES = 256 * 1024
"""How much of one file is read at a time; what is more waits for the next time."""
LONGEST = 1_000
LEVELS = ("debug", "info", "warning", "error")
_LINE = re.compile(r"\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d),(\d)\d* ([A-Z]+) (.*)")
_NAMES = {"CRITICAL": "error", "WARN": "warning"}


@dataclass(frozen=True)
class LogLine:
    """One line: the file it is from without its ending, its time of day and level (of the line before if it has
    none of its own), and its text."""

    source: str
    time: str
    level: str
    text: str


@dataclass
class _File:
    offset: int
    rest: bytes = b""
    time: str = ""
    level: str = "info"
    whole: bool = True
    """False until the first line break after an entry in the middle of a file."""


class LogFiles:
    """Reads every `*.log` in `folder`; `poll` gives what is new, ordered by time if the lines carry one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, _File] = {}

    def poll(self) -> list[LogLine]:
        """Return the lines since the last call; files that cannot be read are passed over."""
        try:
            paths = sorted(self._folder.glob("*.log"))
        except OSError:
            return []
        lines = [line for path in paths for line in self._read(path)]
        return sorted(lines, key=lambda line: line.time)

    def _read(self, path: Path) -> list[LogLine]:
        try:
            with open_regular(path) as stream:
                size = stream.seek(0, 2)
                file = self._files.get(path.name)
                if file is None or size < file.offset:
                    start = max(0, size - FIRST_BYTES)
                    file = self._files[path.name] = _File(start, whole=not start)
                stream.seek(file.offset)
                data = stream.read(MOST_BYTES)
        except (OSError, DltuiError):
            return []
        file.offset += len(data)
        *whole, file.rest = (file.rest + data).split(b"\n")
        if len(file.rest) > MOST_BYTES:
            whole, file.rest = [*whole, file.rest], b""
        if not file.whole and whole:
            whole, file.whole = whole[1:], True
        return [_parsed(path.stem, file, line) for line in whole if line.strip()]


def _parsed(source: str, file: _File, line: bytes) -> LogLine:
    text = line[: 4 * LONGEST].decode("utf-8", "replace")
    match = _LINE.match(text)
    if match:
        level = match[3]
        file.time, text = f"{match[1]}.{match[2]}", match[4]
        file.level = _NAMES.get(level, level.lower() if level.lower() in LEVELS else "info")
    return LogLine(clean(source, 40), file.time, file.level, clean(text, LONGEST))
