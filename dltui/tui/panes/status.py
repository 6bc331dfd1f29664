"""The status line, and the line that stands for everything where the terminal is too small."""

from __future__ import annotations

from dltui.core import format as fmt
from dltui.core.sanitize import clean
from dltui.core.state.state import State
from dltui.core.views import status_line
from dltui.tui.hints import key_of, may_write
from dltui.tui.theme import TONES
from dltui.tui.widgets.lines import Lines
from dltui.tui.widgets.safe_text import Part, line

_GAP = 3


class StatusLine(Lines):
    """The run at a glance; the least important facts go first where it is narrow."""

    _facts: tuple[tuple[int, Part], ...] = ()

    def show_state(self, state: State, now: float, *, missed: int | None, recorded: bool) -> None:
        """Draws it; `missed` events since the picture was frozen."""
        view = status_line(state, now)
        alerts = fmt.plural(view.alerts, "alert")
        facts: list[tuple[int, Part]] = [
            (2, ("dltui", "head")),
            (1, (f"run {view.run}" if view.run else "no run yet", "strong")),
            (0, (f"{fmt.symbol(view.tone)} {view.word}", TONES[view.tone])),
            (1, (view.round, "")),
            (6, (view.block, "quiet")),
            (5, (view.clients, "quiet")),
            (4, (view.gas, "quiet")),
            (7, (view.elapsed, "quiet")),
        ]
        if recorded:
            facts.insert(3, (3, ("● replay", "accent")))
        elif not may_write(self):
            facts.insert(3, (0, (" READ-ONLY ", "amber")))
        if view.alerts:
            facts.append((3, (f"▲ {alerts}", "warn")))
        if missed is not None:
            facts.append((0, (f"‖ frozen +{missed:,}", "accent")))
        self._facts = tuple(facts)
        self.on_resize()

    def on_resize(self) -> None:
        """Draws as many facts as fit."""
        shown = list(self._facts)
        while len(shown) > 1 and sum(len(clean(body)) + _GAP for _, (body, _ink) in shown) > self.size.width + 1:
            shown.remove(max(shown, key=lambda fact: fact[0]))
        parts: list[Part | str] = []
        for _, part in shown:
            parts += [" " * _GAP if parts else " ", part]
        self.show([line(*parts)])


class TooSmall(Lines):
    """Names the size that is there and the size that is needed."""

    def show_size(self, width: int, height: int) -> None:
        """Draws it."""
        self.show([line((f"{width}x{height}: needs 40x8", "warn")), line((f"{key_of(self, 'quit')} quits", "quiet"))])
