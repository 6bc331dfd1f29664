"""The model registry: every version, newest first, with its lineage and who decided on it."""

from __future__ import annotations

from typing import Any, ClassVar

from dltui.core import format as fmt
from dltui.core.state import State
from dltui.core.views import RegistryRow, registry_rows
from dltui.tui.panes.base import Pane
from dltui.tui.theme import TONES
from dltui.tui.widgets.line_table import Column, LineTable, Row

COLUMNS = (
    Column("ver", 4),
    Column("state", 10),
    Column("acc", 5, right=True, rank=1),
    Column("test", 5, right=True, rank=3),
    Column("digest", 9, grow=True, rank=2),
    Column("from", 4, right=True, rank=4),
    Column("round", 5, right=True, rank=5),
    Column("by", 10, rank=6),
    Column("cid", 24, rank=7),
)


class RegistryPane(Pane, LineTable):
    """One row a version."""

    heading: ClassVar[str] = "Model registry"
    needs: ClassVar[frozenset[str]] = frozenset({"registry", "round"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(COLUMNS, empty=" No version yet.", **kwargs)

    def draw_state(self, state: State, now: float) -> None:
        """One row a version."""
        rows = registry_rows(state)
        self.show([_row(row) for row in rows])
        waiting = sum(row.word == "review" for row in rows)
        if waiting and not state.finished:
            self.subtitle(f"{waiting} to decide: a approves, x rejects")
        else:
            self.subtitle(fmt.plural(len(rows), "version") if rows else "")


def _row(row: RegistryRow) -> Row:
    dead = row.word in ("rejected", "tainted")
    figures = "quiet" if dead else ""
    return Row(
        row.version,
        (
            (row.label, "quiet" if dead else "strong"),
            (f"{fmt.symbol(row.tone)} {row.word}", TONES[row.tone]),
            (row.accuracy, figures),
            (row.test_accuracy, figures),
            (fmt.short(row.digest), "quiet"),
            (row.parent, "quiet"),
            (str(row.round) if row.round else fmt.NONE, "quiet"),
            (row.by, "quiet"),
            (row.cid, "quiet"),
        ),
    )
