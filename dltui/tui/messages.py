"""Messages from panes and pages to the application."""

from __future__ import annotations

from typing import Any

from textual.message import Message


class Opened(Message):
    """A row was opened: its kind (client, version, round, tx, event) and a stable id."""

    def __init__(self, kind: str, id: Any) -> None:
        super().__init__()
        self.kind = kind
        self.id = id
