"""The round: its phases, how far it is, what it waits for, and where learning and time went."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text

from dltui.core import format as fmt
from dltui.core.state import State
from dltui.core.views import Phase, RoundView, farewell, round_view
from dltui.tui.panes.base import Pane
from dltui.tui.widgets.charts import bar, spark
from dltui.tui.widgets.ink import line
from dltui.tui.widgets.lines import Lines

_LABEL = 10
_MARKS = {"done": ("✔", "ok"), "now": ("◐", "head"), "todo": ("○", "faint"), "failed": ("✖", "bad")}
_LATE = 5
"""Seconds before a deadline from which it is shown in the warning ink."""


class RoundPane(Pane, Lines):
    """The answer to: why is this round waiting?"""

    heading: ClassVar[str] = "Round"
    needs: ClassVar[frozenset[str]] = frozenset({"round", "run", "registry", "chain", "clients"})
    ages: ClassVar[bool] = True

    def draw_state(self, state: State, now: float) -> None:
        """As many lines as fit, the most important first."""
        view = round_view(state, now)
        width, height = self.size.width, self.size.height
        wait = _waiting(state, view)
        if height < 6:
            title = line((view.title, "strong"), "   ")
            track = _track(view.phases, "─")
            if title.cell_len + track.cell_len <= width:
                track = title.append_text(track)
            if height < 4 and view.seconds_left is not None:
                _right(wait[0], fmt.duration(view.seconds_left), width)
            self.show([track, _progress(view, width), *wait][:height])
            return
        head = line((view.title, "strong"), (f"   {view.quorum}" if view.quorum else "", "quiet"))
        if view.state != "none":
            _right(head, fmt.clock(view.elapsed), width)
        self.show([head, _track(view.phases, "━━━"), _progress(view, width), *wait, *_figures(state, view, width)])


def _right(head: Text, text: str, width: int) -> None:
    gap = width - head.cell_len - len(text)
    if gap > 0:
        head.append_text(line(" " * gap, (text, "quiet")))


def _track(phases: tuple[Phase, ...], link: str) -> Text:
    out = line()
    for at, phase in enumerate(phases):
        mark, name = _MARKS[phase.state]
        if at:
            reached = phase.state != "todo"
            out.append_text(line((f" {link} ", "ok" if reached else "faint")))
        words = "strong" if phase.state == "now" else "quiet" if phase.state in ("todo", "done") else name
        out.append_text(line((f"{mark} ", name), (phase.name.lower(), words)))
    return out


def _progress(view: RoundView, width: int) -> Text:
    counted = f"{view.have}/{view.need} {view.unit}"
    notes = [(f"  {view.late} late", "warn")] * bool(view.late) + [(f"  {view.refused} refused", "bad")] * bool(
        view.refused
    )
    room = width - len(counted) - 2 - sum(len(text) for text, _ in notes)
    filled, empty = bar(view.have, view.need, max(6, min(room, 60)))
    whole = view.need > 0 and view.have >= view.need
    return line((filled, "ok" if whole else "busy"), (empty, "faint"), "  ", (counted, "strong"), *notes)


def _waiting(state: State, view: RoundView) -> list[Text]:
    wait = view.waiting
    if wait is None:
        text = farewell(state).partition(" - ")[0] if state.finished else ""
        why = (f"because {state.reason}", "warn") if state.reason else (f"dltui verify {state.run} checks it", "quiet")
        return [_labelled(state.status, (text, "strong")), _labelled("", why)]
    who = f" from {fmt.names(wait.who)}" if wait.who else ""
    first = _labelled("waiting", (f"for {wait.cause}", "strong"), (who, ""))
    then = f"then {wait.then}" if wait.then else ""
    left = wait.seconds_left
    if left is None:
        return [first, _labelled("", (then, "quiet"))]
    if left < 0:
        clock = (f"deadline passed {fmt.duration(-left)} ago", "bad")
    else:
        clock = (f"{left} s left", "warn" if left <= _LATE else "accent")
    return [first, _labelled("", clock, (f", {then}" if then else "", "quiet"))]


def _labelled(label: str, *parts: tuple[str, str]) -> Text:
    return line((f"{label:<{_LABEL}}", "quiet"), *parts)


def _figures(state: State, view: RoundView, width: int) -> list[Text]:
    points = max(4, min(16, (width - 60) // 2 + 12))
    better = "ok" if not view.accuracy_delta.startswith("-") else "warn"
    lower = "ok" if view.loss_delta.startswith("-") else "warn"
    learning = _labelled(
        "accuracy",
        (f"{spark(view.accuracy, points)} ", "accent"),
        (view.accuracy_text, "strong"),
        (f" {view.accuracy_delta}", better),
        ("    loss ", "quiet"),
        (f"{spark(view.loss, points)} ", "busy"),
        (view.loss_text, "strong"),
        (f" {view.loss_delta}", lower),
    )
    return [learning, _time(state, view, width), _labelled("last", (view.last or "no round has closed yet", ""))]


def _time(state: State, view: RoundView, width: int) -> Text:
    timed, number = view.timing, view.number
    if not timed and view.number > 1:
        number = view.number - 1
        timed = round_view(state, 0.0, number).timing
    parts = [(name, seconds) for name, seconds in timed if name != "total" and seconds > 0]
    if not parts:
        return _labelled("time", ("shown when a round has closed", "quiet"))
    total = dict(timed).get("total", 0.0)
    out = _labelled("time", (f"r{number} {fmt.duration(total)}", "strong"))
    for name, seconds in sorted(parts, key=lambda part: -part[1]):
        words = f"  {name} {seconds:.1f}"
        if out.cell_len + len(words) <= width:
            out.append_text(line((words, "quiet")))
    return out
