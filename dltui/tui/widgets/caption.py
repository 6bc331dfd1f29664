"""The caption bar: which beat of a walkthrough this is and what is to be seen, or where one is in a replay."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from dltui.core.sanitize import clean
from dltui.core.state.entities import Step
from dltui.tui.widgets.lines import Lines
from dltui.tui.widgets.safe_text import line


class Caption(Lines):
    """Hidden unless a walkthrough leads the run, or it is a replay."""

    _told: tuple[Any, ...] | None = None

    def show_step(
        self, step: Step | None, *, where: str = "", held: bool = False, keys: Sequence[tuple[str, str]] = ()
    ) -> None:
        """Draws a beat; `where` says where one is, `held` that this is not the moving present.

        `keys` are the hints: keys and what they do.
        """
        self.set_class(step is not None or bool(where), "-on")
        number = f"{step.n}/{step.of} " if step is not None and step.of else ""
        title, text = (step.title, step.text) if step is not None else ("", "")
        told = (number, title, text, where, held, tuple(keys))
        if told != self._told:
            self._told = told
            self.on_resize()

    def on_resize(self) -> None:
        """Wraps the text to the width."""
        if self._told is None or self.size.width < 2:
            return
        number, title, text, where, held, keys = self._told
        marked = f" {'‖ ' if held else '● '}{where}" if where else ""
        room = max(0, self.size.width - len(marked) - 1)
        head = line((number, "quiet"), (title, "head"))
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
        free = self.size.height - 1 - len(rows)
        if keys and free > 0:
            hints = line(*(part for key, word in keys for part in ((key, "key"), (f" {word}   ", "quiet"))))
            rows += [line("")] * (free - 1) + [hints]
        self.show([head, *rows])
