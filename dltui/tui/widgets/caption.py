"""The caption bar: which beat of a walkthrough this is and what is to be seen, or where one is in a replay."""

from __future__ import annotations

import textwrap

from rich.text import Text

from dltui.core.state import State
from dltui.tui.widgets.ink import clean, line
from dltui.tui.widgets.lines import Lines

_KEYS = ((".", "next"), (",", "back"), ("enter", "pause"), ("< >", "speed"))


class Caption(Lines):
    """Hidden unless a walkthrough leads the run, or it is a replay."""

    _told: tuple[str, str, str, str, bool] | None = None

    def show_state(self, state: State, *, where: str = "", held: bool = False, pauses: bool = True) -> None:
        """Draws the beat of `state`; `where` says where one is, `held` that this is not the moving present.

        `pauses`: the enter key pauses now, so its hint may be shown.
        """
        step = state.demo
        self.set_class(step is not None or bool(where), "-on")
        number = f"{step.n}/{step.of}" if step is not None else ""
        title, text = (step.title, step.text) if step is not None else ("", "")
        told = (number, title, text, where, held)
        self._keys = [(key, word) for key, word in _KEYS if key != "enter" or pauses] if where else []
        if told != self._told:
            self._told = told
            self.on_resize()

    def on_resize(self) -> None:
        """Wraps the text to the width."""
        if self._told is None or self.size.width < 2:
            return
        number, title, text, where, held = self._told
        marked = f" {'‖ ' if held else '● '}{where}" if where else ""
        room = max(0, self.size.width - len(marked) - 1)
        head = line((f"{number} " if number else "", "quiet"), (title, "head"))
        if self.size.height < 2:
            head.append_text(line(("  " + text, "")))
        head.truncate(room, overflow="ellipsis", pad=True)
        head.append_text(line((marked, "warn" if held else "accent")))
        if self.size.height < 2:
            self.show([head])
            return
        wrapped = textwrap.wrap(clean(text), self.size.width - 1)
        whole = self.size.height - 2
        rows = [line(row) for row in [*wrapped[:whole], " ".join(wrapped[whole:])] if row]
        self.show([head, *self._with_keys(rows)])

    def _with_keys(self, rows: list[Text]) -> list[Text]:
        """The text, and the keys in the last line where it is free."""
        free = self.size.height - 1
        if not self._keys or len(rows) >= free:
            return rows
        keys = line(*(part for key, word in self._keys for part in ((key, "key"), (f" {word}   ", "quiet"))))
        return [*rows, *[line("")] * (free - len(rows) - 1), keys]
