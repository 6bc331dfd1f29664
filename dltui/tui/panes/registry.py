"""The model registry: every version with its lineage, its state, its accuracy, and who decided on it."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from dltui.core import format as fmt
from dltui.core.state.state import State
from dltui.core.views import RegistryRow, VersionTable
from dltui.tui.hints import answered, key_of, may_write
from dltui.tui.panes.table import Rows, TablePane
from dltui.tui.theme import TONES
from dltui.tui.widgets.line_table import Column
from dltui.tui.widgets.safe_text import Part

COLUMNS = (
    Column("ver", 5, grow=True, sort="version"),
    Column("parent", 6, rank=1),
    Column("state", 10, sort="state"),
    Column("test", 6, right=True, sort="test"),
    Column("committee", 9, right=True, sort="committee"),
    Column("digest", 9, rank=2),
    Column("round", 5, right=True, rank=4),
    Column("by", 10, rank=5, sort="by"),
    Column("cid", 24, rank=6),
)


class RegistryPane(TablePane):
    """One row a version, newest first. `test` is the split that no client sees, `committee` its median."""

    heading: ClassVar[str] = "Model registry"
    needs: ClassVar[frozenset[str]] = frozenset({"registry", "round"})
    kind: ClassVar[str] = "version"
    nothing: ClassVar[str] = (
        "No version yet. Version 0 is the first model; each finished round adds one that the committee has verified."
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(COLUMNS, empty=self.nothing, **kwargs)

    def rows(self, state: State, now: float) -> Rows:
        """Newest first."""
        return VersionTable(state)

    def remark(self, state: State, rows: Rows) -> str:
        """What waits for a decision, and where the next round starts."""
        base = state.base
        if base is not None and state.require_approval and base.state == "verified" and not state.finished:
            asks = may_write(self) and not answered(self, "approval")
            keys = f": {key_of(self, 'approve')} approves, {key_of(self, 'reject')} rejects" if asks else ""
            return f"v{base.number} to decide{keys}"
        return f"next round starts from v{base.number}" if base is not None and not state.finished else ""

    def cells(self, row: RegistryRow) -> tuple[Part, ...]:
        """One piece of text a column."""
        dead = row.word in ("rejected", "tainted")
        figures = "quiet" if dead else ""
        return (
            (row.label, "quiet" if dead else "strong"),
            (f"← {row.parent}" if row.parent != fmt.NONE else "", "warn" if row.branches and not dead else "quiet"),
            (f"{fmt.symbol(row.tone)} {row.word}", TONES[row.tone]),
            (row.test_accuracy + (row.test_change or " "), figures),
            (row.accuracy + (row.change or " "), figures),
            (fmt.short(row.digest), "quiet"),
            (str(row.round) if row.round else fmt.NONE, "quiet"),
            (row.by, "quiet"),
            (row.cid, "quiet"),
        )

    def value(self, row: RegistryRow, column: str) -> Any:
        """The figure behind a column."""
        return {
            "version": row.version,
            "state": row.word,
            "committee": row.accuracy_bp,
            "test": row.test_accuracy_bp,
            "by": row.by,
        }[column]

    def searched(self, row: RegistryRow) -> str:
        """Its name, its state and who decided; not its digest, in which any few digits are found."""
        return f"{row.label} {row.parent} {row.word} {row.by}"

    def record(self, row: RegistryRow) -> dict[str, Any]:
        """The figures rather than their short forms."""
        values = msgspec.structs.asdict(row)
        for short in ("label", "tone", "accuracy", "test_accuracy", "change", "test_change", "branches"):
            del values[short]
        return values
