"""`dltui runs`: one line a run; `dltui demo --list`: the walkthroughs."""

from __future__ import annotations

import os
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dltui.cli.lists import folded
from dltui.core import format as fmt
from dltui.core.sanitize import clean
from dltui.core.summary import summarise
from dltui.demo.script import available, load
from dltui.errors import DltuiError, MismatchError
from dltui.rundir.documents import read_json
from dltui.rundir.paths import RunPaths, all_runs, runs_dir
from dltui.rundir.session import LiveSession


def print_runs() -> int:
    """Print the runs under the runs folder, the newest last."""
    table = Table(box=None, pad_edge=False)
    for column in ("run", "started", "status", "rounds", "accuracy", "gas"):
        table.add_column(column)
    found = all_runs()
    for paths in found:
        table.add_row(*(Text(clean(cell, 60)) for cell in _row(paths)))
    if found:
        Console().print(table)
    else:
        print(f"no runs in {runs_dir()} yet: start one with `dltui` or `dltui demo`")
    return 0


def print_demos() -> int:
    """Print the walkthroughs that ship with the program."""
    table = Table(box=None, pad_edge=False)
    for column in ("demo", "beats", "what it shows"):
        table.add_column(column)
    for name in available():
        script = load(name)
        table.add_row(name, str(len(script.beats)), Text(f"{script.title}. {script.text}"))
    Console().print(table)
    return 0


def _row(paths: RunPaths) -> list[str]:
    try:
        summary: dict[str, Any] = read_json(paths.summary) if os.path.lexists(paths.summary) else _so_far(paths)
        measured = [v["test_accuracy_bp"] for v in summary["versions"] if v["test_accuracy_bp"] is not None]
        rounds = summary["rounds"]
        return [
            paths.id,
            str(summary["started_at"] or fmt.NONE)[:19].replace("T", " "),
            str(summary["status"]),
            f"{rounds['finalised']}/{rounds['target']}",
            fmt.accuracy(measured[-1]) if measured else "-",
            fmt.gas(int(summary["gas"]["gas"])),
        ]
    except MismatchError as error:
        damaged = next((name for name in ("journal", "run.json") if name in error.where), "summary")
        return [paths.id, "-", f"its {damaged} is damaged", "-", "-", "-"]
    except (DltuiError, OSError, ValueError, KeyError, TypeError, OverflowError):
        return [paths.id, "-", "its summary is damaged", "-", "-", "-"]


def _so_far(paths: RunPaths) -> dict[str, Any]:
    """What a run without an end has come to. Raises MismatchError for a damaged journal or run.json."""
    state = folded(paths)
    if not LiveSession(paths.root).alive():
        state.status = f"unfinished: dltui resume {paths.id}"
    return summarise(state, "")
