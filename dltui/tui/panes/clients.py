"""The clients: what each is doing, how well, and what it has cost."""

from __future__ import annotations

from typing import Any, ClassVar

from dltui.core import format as fmt
from dltui.core.state import State
from dltui.core.views import ClientRow, client_rows
from dltui.tui.panes.base import Pane
from dltui.tui.theme import TONES
from dltui.tui.widgets.line_table import Column, LineTable, Row

COLUMNS = (
    Column("", 1, rank=4),
    Column("client", 12, grow=True),
    Column("state", 12),
    Column("epoch", 5, right=True, rank=3),
    Column("loss", 5, right=True, rank=2),
    Column("acc", 5, right=True, rank=1),
    Column("gas", 5, right=True, rank=5),
    Column("seen", 6, right=True, rank=6),
    Column("weight", 6, right=True, rank=7),
    Column("pid", 7, right=True, rank=8),
    Column("address", 11, rank=9),
)
SEAT = "◆"
"""Marks a client that sits on the committee of the round in flight."""


class ClientsPane(Pane, LineTable):
    """One row a client, in the order of their indexes."""

    heading: ClassVar[str] = "Clients"
    needs: ClassVar[frozenset[str]] = frozenset({"clients", "round", "chain"})
    ages: ClassVar[bool] = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(COLUMNS, empty=" No clients yet: they appear here when they ask to join.", **kwargs)

    def draw_state(self, state: State, now: float) -> None:
        """One row a client."""
        rows = client_rows(state, now)
        self.show([_row(row) for row in rows])
        pending = sum(row.membership == "pending" for row in rows)
        seats = f" · {SEAT} committee" if any(row.seat for row in rows) else ""
        note = f" · {pending} pending, r registers" if pending and not state.finished else ""
        self.subtitle(f"{fmt.plural(len(rows), 'client')}{seats}{note}" if rows else "")


def _row(row: ClientRow) -> Row:
    away = row.tone in ("idle", "bad") and row.process != "ready"
    figures = "quiet" if away else ""
    return Row(
        row.id,
        (
            (SEAT if row.seat else "", "accent"),
            (row.label, "quiet" if away else "strong"),
            (f"{fmt.symbol(row.tone)} {row.word}", TONES[row.tone]),
            (row.epoch, figures),
            (row.loss, figures),
            (row.accuracy, figures),
            (row.gas, figures),
            (row.last_seen, "quiet"),
            (f"{row.records:,}" if row.records else fmt.NONE, figures),
            (str(row.pid) if row.pid is not None else fmt.NONE, "quiet"),
            (fmt.short(row.address), "quiet"),
        ),
    )
