"""The closing tables of a run on stdout, from the same data as `summary.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dltui.core import format as fmt
from dltui.core.sanitize import clean

PARTS = {
    "total": "total",
    "training": "train",
    "chain": "chain",
    "store": "store",
    "aggregation": "aggregate",
    "attestation": "attest",
    "waiting": "wait",
}
"""The parts of a round's time and their columns, narrow enough for 80 characters."""


def print_summary(summary: Mapping[str, Any], console: Console) -> None:
    """Print the tables: accuracy per version, gas per function, client and round, time per round."""
    for table in (_versions(summary), *_gas(summary["gas"]), _time(summary)):
        if table.row_count:
            console.print(table)
            console.print()


def _table(title: str, *columns: str, words: int = 1) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="dim")
    for index, column in enumerate(columns):
        table.add_column(column, justify="left" if index < words else "right", no_wrap=True)
    return table


def _row(table: Table, *cells: Any) -> None:
    table.add_row(*(Text(clean(str(cell))) for cell in cells))


def _versions(summary: Mapping[str, Any]) -> Table:
    table = _table("Accuracy per version", "version", "state", "digest", "round", "committee", "test split", words=3)
    for version in summary["versions"]:
        _row(
            table,
            f"v{version['version']}",
            _word(version, summary["versions"]),
            fmt.short(version["digest"], 12, 4),
            version["round"] or fmt.NONE,
            fmt.accuracy(version["accuracy_bp"], 4),
            fmt.accuracy(version["test_accuracy_bp"], 4),
        )
    return table


def _word(version: Mapping[str, Any], versions: Sequence[Mapping[str, Any]]) -> str:
    """Return a version's state. The first is untrained, and in use only until the operator has approved another one."""
    chosen = any(other["state"] == "approved" and other["parent"] is not None for other in versions)
    if version["parent"] is None and not (version["released"] and chosen):
        return "initial"
    return "released" if version["released"] else str(version["state"])


def _gas(gas: Mapping[str, Any]) -> list[Table]:
    tables = []
    rounds = {"set-up" if number == "0" else f"round {number}": row for number, row in gas["by_round"].items()}
    for name, rows in (("function", gas["by_function"]), ("client", gas["by_client"]), ("round", rounds)):
        table = _table(f"Gas per {name}", name, "transactions", "gas", "share", "ether")
        for key, row in rows.items():
            share = f"{100 * row['gas'] / gas['gas']:.1f} %" if gas["gas"] else fmt.NONE
            _row(table, key, f"{row['txs']:,}", f"{row['gas']:,}", share, fmt.ether(row["fee"]))
        if rows:
            _row(table, "all", f"{gas['txs']:,}", f"{gas['gas']:,}", "", fmt.ether(gas["fee"]))
        tables.append(table)
    return tables


def _time(summary: Mapping[str, Any]) -> Table:
    table = _table("Time per round, seconds", "round", "result", "updates", *PARTS.values(), words=2)
    for row in summary["time"]:
        times = [f"{row[part]:.2f}" if part in row else fmt.NONE for part in PARTS]
        _row(table, row["round"], row["state"], f"{row['submitted']}/{row['selected']}", *times)
    return table
