"""`dltui client list`, `round list`, `tx list` and `model list --json`: a run's journal, folded, as rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from dltui.core import format as fmt
from dltui.core.sanitize import clean
from dltui.core.state.state import State
from dltui.core.summary import summarise
from dltui.headless.console import console
from dltui.rundir.journal import Tail
from dltui.rundir.paths import RunPaths, find_run

Rows = list[dict[str, Any]]


def folded(paths: RunPaths) -> State:
    """What the journal of a run, live or over, tells until now. Raises MismatchError if it is damaged."""
    state, tail = State(), Tail(paths.journal)
    while events := tail.poll():
        for event in events:
            state.apply(event)
    return state


def show(ref: str | None, kind: str, as_json: bool) -> int:
    """Print the clients, rounds, transactions or versions of a run, as a table or as a JSON list."""
    rows, columns = _KINDS[kind]
    found = rows(folded(find_run(ref)))
    if as_json:
        print(json.dumps(found))
        return 0
    table = Table(box=None, pad_edge=False)
    for name, (field, _) in columns.items():
        right = any(isinstance(row[field], (int, float)) and not isinstance(row[field], bool) for row in found)
        table.add_column(name, justify="right" if right else "left", no_wrap=name != "reason")
    for row in found:
        table.add_row(*(Text(clean(shown(row[field]))) for field, shown in columns.values()))
    console(sys.stdout).print(table)
    return 0


def _clients(state: State) -> Rows:
    return [asdict(client) for client in state.clients.values()]


def _rounds(state: State) -> Rows:
    gas = state.chain.by_round
    return [
        {
            **row,
            "base": state.rounds[row["round"]].base,
            "version": state.rounds[row["round"]].version,
            "accuracy_bp": state.rounds[row["round"]].accuracy_bp,
            "gas": gas[row["round"]].gas if row["round"] in gas else 0,
            "opened_at": state.rounds[row["round"]].opened_at,
            "closed_at": state.rounds[row["round"]].closed_at,
            "total": row.get("total"),
        }
        for row in summarise(state, "")["time"]
    ]


def _txs(state: State) -> Rows:
    return [asdict(tx) for tx in state.txs]


def _versions(state: State) -> Rows:
    return list(summarise(state, "")["versions"])


def _plain(value: Any) -> str:
    return fmt.NONE if value is None or value == "" else f"{value:,}" if isinstance(value, int) else str(value)


def _pid(value: int | None) -> str:
    return fmt.NONE if value is None else str(value)


def _word(value: Any) -> str:
    return "yes" if value else "no"


def _seconds(value: float | None) -> str:
    return fmt.NONE if value is None else fmt.duration(value)


Columns = dict[str, tuple[str, Callable[[Any], str]]]

_KINDS: dict[str, tuple[Callable[[State], Rows], Columns]] = {
    "client": (
        _clients,
        {
            "client": ("id", str),
            "membership": ("membership", str),
            "process": ("process", str),
            "pid": ("pid", _pid),
            "records": ("records", _plain),
            "loss": ("loss", fmt.number),
            "missed": ("misses", _plain),
            "txs": ("txs", _plain),
            "gas": ("gas", _plain),
            "address": ("address", fmt.short),
        },
    ),
    "round": (
        _rounds,
        {
            "round": ("round", str),
            "state": ("state", str),
            "base": ("base", str),
            "version": ("version", _plain),
            "updates": ("submitted", str),
            "of": ("selected", str),
            "counted": ("included", str),
            "committee": ("accuracy_bp", fmt.accuracy),
            "time": ("total", _seconds),
            "gas": ("gas", _plain),
            "reason": ("reason", _plain),
        },
    ),
    "tx": (
        _txs,
        {
            "block": ("block", str),
            "function": ("function", str),
            "sender": ("sender", str),
            "gas": ("gas_used", _plain),
            "ether": ("fee", fmt.ether),
            "ok": ("ok", _word),
            "round": ("round", _plain),
            "hash": ("hash", fmt.short),
        },
    ),
    "model": (_versions, {}),
}
