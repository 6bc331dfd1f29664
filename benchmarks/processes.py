"""The processes of a run, seen from outside through `/proc` (Linux): what they take, and what they wrote."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TICKS = os.sysconf("SC_CLK_TCK")
_NODES = (b"dltui.devchain", b"dltui.chain")
"""What the command line of an embedded chain says, today and in older checkouts."""


def sampled(face: subprocess.Popen[bytes], seconds: float) -> Iterator[list[int]]:
    """Yield the ids of `face` and all that descend from it, every `seconds` until it has ended."""
    while face.poll() is None:
        yield family(face.pid)
        time.sleep(seconds)


def family(root: int) -> list[int]:
    """Return a process and all that descend from it."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            children[int(path.read_text().rpartition(")")[2].split()[1])].append(int(path.parent.name))
        except OSError:
            continue
    found = [root]
    for pid in found:
        found += children[pid]
    return found


def memory(pid: int) -> int:
    """Return the proportional set size of a process in bytes; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def cpu(pid: int) -> tuple[str, float] | None:
    """Return what kind of process it is (node, client, engine …) and its CPU seconds; None if it has ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return None
    name, _, rest = stat.partition("(")[2].rpartition(")")
    user, system = rest.split()[11:13]
    is_node = name.startswith("anvil") or any(node in line for node in _NODES)
    return "node" if is_node else name.removeprefix("dltui-").split("-")[0], (int(user) + int(system)) / _TICKS


def events(run: Path) -> list[dict[str, Any]]:
    """Return the events in the journal of a run directory, in order."""
    files = sorted(run.glob("journal/*.jsonl"))
    return [json.loads(line) for path in files for line in path.read_bytes().splitlines()]
