"""How a run is told: on a screen, or as lines."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from dltui.headless.printer import Level

Format = Literal["text", "jsonl"]


@dataclass(frozen=True)
class Telling:
    """`no_ui` narrates on stderr, at a `level`; `format` says what stdout gets then."""

    no_ui: bool = False
    format: Format = "text"
    level: Level = "normal"

    def possible(self) -> Telling:
        """The same, without a screen if there is no terminal for one, which is then said."""
        why = "" if self.no_ui else _no_screen()
        if why:
            print(f"note: {why}, so it goes on as with --no-ui", file=sys.stderr)
        return replace(self, no_ui=self.no_ui or bool(why))


def _no_screen() -> str:
    """Why no screen can be shown here; empty if one can."""
    if "TEXTUAL_DRIVER" in os.environ:  # textual-serve draws in a browser
        return ""
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        return "this is no terminal"
    term = os.environ.get("TERM", "")
    return f"this terminal cannot show a screen (TERM={term})" if term in ("", "dumb") else ""
