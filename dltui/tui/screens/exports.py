"""Rows that a screen shows, written to files of the run."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from dltui.core.export import exported

if TYPE_CHECKING:
    from dltui.tui.host import Host


def write_rows(app: Host, rows: list[dict[str, Any]], name: str, now: float) -> None:
    """Saves them as CSV and JSON under this name and time, and tells where, or why not."""
    if not rows:
        app.tell("there is nothing to export", "warning")
        return
    stamp = datetime.fromtimestamp(now, timezone.utc).strftime("%Y%m%d-%H%M%S")
    app.control.save(exported(rows), f"{name}-{stamp}", f"{len(rows):,} rows in")
