"""The bar that says that an earlier round is shown, and the way back."""

from __future__ import annotations

from dltui.core.state.state import State
from dltui.tui.hints import key_of
from dltui.tui.widgets.lines import Lines
from dltui.tui.widgets.safe_text import line


class PastBar(Lines):
    """Hidden while the present is shown."""

    def show_state(self, past: int | None, live: State) -> None:
        """Draws it for the round that is shown."""
        self.set_class(past is not None, "-on")
        if past is None:
            return
        viewed = f"viewing round {past}" if past else "viewing the set-up, before round 1"
        words = f" ▲ {viewed} - live is round {max(live.rounds, default=0)} - {key_of(self, 'live')} = live "
        self.show([line((words.ljust(self.app.size.width), "amber"))])
