"""A recorded run in a folder of its own, and its page read as a browser reads it."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

from dltui.core.events import Payload
from dltui.rundir.journal import Journal
from dltui.rundir.paths import RunPaths

START = 1_795_478_400
VOID = {"meta", "link", "br", "img", "input", "hr"}


def record(folder: Path, payloads: Sequence[Payload]) -> RunPaths:
    """Writes a journal, one second an event."""
    times = iter(range(START, START + 10**6))
    journal = Journal(folder / "journal", clock=lambda: next(times))
    for payload in payloads:
        journal.append(payload)
    journal.close()
    return RunPaths(folder)


class Page(HTMLParser):
    """Elements with their attributes, and the text of tables cell by cell. Fails where tags do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.cells: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "td" in self._open or "th" in self._open:
            self.cells[-1] += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]
