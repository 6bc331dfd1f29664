"""Ways to change what a run left behind, as somebody would who has the folder in his hands."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dltui.core import canonical_json
from dltui.core.state.state import State
from dltui.core.summary import summarise
from dltui.rundir.journal import line_hash, read
from dltui.rundir.paths import RunPaths
from tests.kits.runs import Verifier

Line = dict[str, Any]
Caught = Callable[..., None]
"""Checks that the copied run is refused, with these words in what is said."""


def flip(path: Path, offset: int) -> None:
    """Change one bit of one byte; a negative offset counts from the end."""
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.write_bytes(bytes(data))


def replace(path: Path, pattern: bytes, by: bytes | Callable[[re.Match[bytes]], bytes]) -> None:
    """Replace the first match of a pattern, which must be there."""
    data = path.read_bytes()
    changed, count = re.subn(pattern, by, data, count=1)
    assert count == 1, pattern
    assert changed != data, pattern
    path.write_bytes(changed)


def journal_lines(paths: RunPaths) -> list[Line]:
    """All lines of the journal as plain data."""
    found: list[Line] = []
    for segment in sorted(paths.journal.glob("*.jsonl")):
        found += [json.loads(line) for line in segment.read_bytes().splitlines()]
    return found


def forge(paths: RunPaths, edit: Callable[[list[Line]], None], summary: dict[str, Any] | None = None) -> None:
    """Edit the journal as its best forger would: numbers and hashes follow, and so does the head in the summary.

    `summary` holds further keys of `summary.json` that the forger makes fit.
    """
    lines = journal_lines(paths)
    edit(lines)
    prev, written = "0" * 64, []
    for seq, line in enumerate(lines, start=1):
        raw = canonical_json.dumps({**line, "seq": seq, "prev": prev})
        prev = line_hash(raw)
        written.append(raw + b"\n")
    for segment in paths.journal.glob("*.jsonl"):
        segment.unlink()
    (paths.journal / "000001.jsonl").write_bytes(b"".join(written))
    if paths.summary.exists():
        told = json.loads(paths.summary.read_bytes())
        told["journal"] = {"events": len(lines), "head": prev}
        paths.summary.write_text(json.dumps({**told, **(summary or {})}, indent=1) + "\n")


def first(lines: list[Line], kind: str, **fields: Any) -> Line:
    """The first line of a kind with these fields."""
    return next(
        line
        for line in lines
        if line["kind"] == kind and all(line["data"].get(key) == value for key, value in fields.items())
    )


def refused(verifier: Verifier, paths: RunPaths, *named: str) -> None:
    """Check that `dltui verify` ends with 4 and one line in which each of the names is."""
    done = verifier("verify", str(paths.root), folder=paths.root.parent)
    said = f"{done.stdout}\n--\n{done.stderr}"
    assert done.returncode == 4, said
    assert done.stderr.startswith("error: "), said
    assert "Traceback" not in said
    for name in named:
        assert name in done.stderr, said


def derived(paths: RunPaths, edit: Callable[[list[Line]], None]) -> dict[str, Any]:
    """The summary that fits an edited journal, without its head: what a thorough forger writes."""
    scratch = paths.root.with_name("scratch")
    shutil.copytree(paths.journal, scratch / "journal")
    forge(RunPaths(scratch), edit)
    state = State()
    for event in read(scratch / "journal"):
        state.apply(event)
    derived = summarise(state, "")
    derived.pop("journal")
    shutil.rmtree(scratch)
    return derived
