"""The clients: what each is doing, how well, what it counts for, and what it has cost."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from dltui.core import format as fmt
from dltui.core.state.state import State
from dltui.core.views import ClientRow, ClientTable, start_steps
from dltui.tui.hints import answered, key_of, may_write
from dltui.tui.panes.table import Rows, TablePane
from dltui.tui.theme import TONES
from dltui.tui.widgets.line_table import Column
from dltui.tui.widgets.safe_text import Part

COLUMNS = (
    Column("  client", 11, grow=True, sort="client"),
    Column("state", 11, sort="state"),
    Column("epoch", 5, right=True, rank=5),
    Column("loss", 5, right=True, rank=3, sort="loss"),
    Column("attest", 6, right=True, rank=2, sort="attest"),
    Column("share", 6, right=True, rank=1, sort="share"),
    Column("gas", 5, right=True, rank=4, sort="gas"),
    Column("seen", 5, right=True, rank=6, sort="seen"),
    Column("weight", 7, right=True, rank=7, sort="weight"),
    Column("tx", 5, right=True, rank=10, sort="tx"),
    Column("pid", 7, right=True, rank=8),
    Column("address", 11, rank=9),
)
SEAT = "◆"
"""Marks a client that sits on the committee of the round in flight."""


class ClientsPane(TablePane):
    """One row a client.

    `loss` is that of its own training, `attest` what it measured the round's result at, and `share` its weight's part
    of the last aggregate.
    """

    heading: ClassVar[str] = "Clients"
    needs: ClassVar[frozenset[str]] = frozenset({"clients", "round", "chain", "run"})
    ages: ClassVar[bool] = True
    kind: ClassVar[str] = "client"
    nothing: ClassVar[str] = (
        "No clients yet. Each appears here when its process starts and when it asks to join. "
        "`dltui demo` shows a whole federation."
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(COLUMNS, empty=self.instead(State(), 0.0), **kwargs)

    def rows(self, state: State, now: float) -> Rows:
        """In the order of their indexes."""
        return ClientTable(state, now)

    def instead(self, state: State, now: float) -> str:
        """How far the start is, until the first client has a row."""
        return self.nothing if state.finished else "\n".join(step.line for step in start_steps(state, now))

    def remark(self, state: State, rows: Rows) -> str:
        """Who waits to be registered, what the diamond means."""
        pending = sum(client.membership == "pending" for client in state.clients.values())
        if pending and not state.finished:
            asks = may_write(self) and not answered(self, "pending")
            return f"{pending} pending" + (f", {key_of(self, 'register')} registers" if asks else "")
        return f"{SEAT} committee" if state.in_flight else ""

    def cells(self, row: ClientRow) -> tuple[Part, ...]:
        """One piece of text a column."""
        away = row.tone in ("idle", "bad") and row.process != "ready"
        figures = "quiet" if away else ""
        return (
            (f"{SEAT if row.seat else ' '} {row.label}", "quiet" if away else "strong"),
            (f"{fmt.symbol(row.tone)} {row.word}", TONES[row.tone]),
            (row.epoch, figures),
            (row.loss, figures),
            (row.accuracy, figures),
            (row.share + (row.change or " "), figures),
            (row.gas, figures),
            (row.last_seen, "quiet"),
            (f"{row.records:,}" if row.records else fmt.NONE, figures),
            (f"{row.txs:,}", "quiet"),
            (str(row.pid) if row.pid is not None else fmt.NONE, "quiet"),
            (fmt.short(row.address), "quiet"),
        )

    def value(self, row: ClientRow, column: str) -> Any:
        """The figure behind a column; the client column keeps the order of the indexes within equal names."""
        return {
            "client": row.id,
            "state": row.word,
            "loss": row.loss_value,
            "attest": row.accuracy_bp,
            "share": row.share_bp,
            "gas": row.gas_value,
            "seen": row.seen_at or None,
            "weight": row.records,
            "tx": row.txs,
        }[column]

    def searched(self, row: ClientRow) -> str:
        """Its names and its state; not its address, in which any few digits are found."""
        seat = "committee" if row.seat else ""
        return f"{row.label} {row.word} {row.membership} {row.process} {seat}"

    def record(self, row: ClientRow) -> dict[str, Any]:
        """The figures rather than their short forms."""
        values = msgspec.structs.asdict(row)
        for short in ("label", "tone", "epoch", "loss", "accuracy", "share", "change", "gas", "last_seen"):
            del values[short]
        return {**values, "seen_at": round(row.seen_at, 3)}
