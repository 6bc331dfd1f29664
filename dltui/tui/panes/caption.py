"""The caption bar of a walkthrough: which beat this is, and what is to be seen."""

from __future__ import annotations

import textwrap

from rich.text import Text

from dltui.core.state import State
from dltui.tui.widgets.ink import clean, line
from dltui.tui.widgets.lines import Lines


class Caption(Lines):
    """Hidden unless a walkthrough leads the run."""

    _step: tuple[int, int, str, str] | None = None

    def show_state(self, state: State) -> None:
        """Draws the present beat."""
        step = state.demo
        self.set_class(step is not None, "-on")
        now = None if step is None else (step.n, step.of, step.title, step.text)
        if now != self._step:
            self._step = now
            self.on_resize()

    def on_resize(self) -> None:
        """Wraps the text to the width."""
        if self._step is None or self.size.width < 2:
            return
        n, of, title, text = self._step
        of = min(of, 40)
        head = line((f"{n}/{of} ", "quiet"), (title, "head"))
        if self.size.height < 2:
            head.append_text(line(("  " + text, "")))
            self.show([head])
            return
        dots = line(("●" * min(n, of), "accent"), ("○" * max(0, of - n), "faint"))
        gap = self.size.width - head.cell_len - dots.cell_len - 1
        if gap > 0:
            head.append_text(Text(" " * gap)).append_text(dots)
        wrapped = textwrap.wrap(clean(text), self.size.width - 1)
        whole = self.size.height - 2
        rows = [*wrapped[:whole], " ".join(wrapped[whole:])]
        self.show([head, *(line(row) for row in rows)])
