"""The alert line: the gravest and newest of what needs the operator."""

from __future__ import annotations

from dltui.core.state.entities import Alert
from dltui.core.state.state import State
from dltui.core.views import alert_line, limit
from dltui.errors import DltuiError
from dltui.tui.hints import answered, may_write, with_keys
from dltui.tui.widgets.lines import Lines
from dltui.tui.widgets.safe_text import line


class AlertLine(Lines):
    """One line; blank where nothing is wrong."""

    def show_state(self, state: State, now: float, *, failure: DltuiError | None, lost: bool) -> None:
        """Draws it; a `failure` of this screen itself goes first, then an engine that was `lost`."""
        if failure is not None:
            self.show([line((f" ✖ {failure}", "bad"))])
            return
        if lost:
            self.show(
                [line((" ✖ the engine does not answer", "bad"), f" - dltui resume {state.run} goes on from here")]
            )
            return
        alert = alert_line(state)
        if alert is None:
            self.show([])
            return
        symbol, name = ("✖", "bad") if alert.severity == "error" else ("▲", "warn")
        more = f"  +{len(state.alerts) - 1} more" if len(state.alerts) > 1 else ""
        first = limit(alert, now)
        text = f" {symbol} {first + ': ' if first else ''}{alert.text}"
        room = self.size.width - len(text) - len(more)
        self.show([line((text, name), (self._hint(alert, room), ""), (more, "quiet"))])

    def _hint(self, alert: Alert, room: int) -> str:
        """What to do, without the command line that does the same if there is no room for it."""
        if answered(self, alert.id):
            return " - the walkthrough does it"
        if not alert.hint or not may_write(self):
            return ""
        hint = f" - {with_keys(self, alert.hint)}"
        return hint if len(hint) <= room else f" - {with_keys(self, alert.hint, short=True)}"
