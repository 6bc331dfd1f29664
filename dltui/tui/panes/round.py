"""The round: its phases, how far it is, what it waits for, where learning and time went, and the rounds before."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

import msgspec
from rich.text import Text

from dltui.core import format as fmt
from dltui.core.state.state import State
from dltui.core.views import Course, Phase, RoundView, Waiting, farewell, round_row, round_view
from dltui.tui.panes.base import Thing
from dltui.tui.panes.sheet import SheetPane
from dltui.tui.theme import TONES
from dltui.tui.widgets.charts import bar, spark
from dltui.tui.widgets.safe_text import Part, fit, line
from dltui.tui.widgets.sheet import Entry

_LABEL = 10
_COMPACT = 6
"""Lines below which only the track, the bar and the wait are shown."""
_MARKS = {"done": ("✔", "ok"), "now": ("◐", "head"), "todo": ("○", "faint"), "failed": ("✖", "bad")}
_LATE = 5
"""Seconds before a deadline from which it is shown in the warning ink."""


class RoundPane(SheetPane):
    """The answer to: why is this round waiting?"""

    heading: ClassVar[str] = "Round"
    needs: ClassVar[frozenset[str]] = frozenset({"round", "run", "registry", "chain", "clients", "alert"})
    ages: ClassVar[bool] = True

    def draw_state(self, state: State, now: float) -> None:
        """The most important lines first; the rounds before come below."""
        view = round_view(state, now, engine_lost=self.engine_lost)
        width, height = self.size.width, self.size.height
        if height < _COMPACT:
            figures = [*_head(view, width), _progress(view, width), _short_wait(state, view, width)]
            self.show([Entry(partial(_same, text)) for text in figures[-height:]])
            self.subtitle()
            return
        head = line((view.title, "strong"), (f"   {view.quorum}" if view.quorum else "", "quiet"))
        if view.state != "none":
            _right(head, fmt.duration(view.elapsed), width)
        figures = [
            head,
            _track(view.phases, "━━━"),
            _progress(view, width),
            *_wait(state, view, width),
            *_learning(view, width),
        ]
        figures += [_time(view, width), _labelled("last", view.last or ("no round has closed yet", "quiet"))]
        self.show_fitting([*(Entry(partial(_same, text)) for text in figures), *_history(state, now)])
        self.subtitle(self.note_of_filter(), fmt.plural(view.aborted, "aborted round") if view.aborted else "")

    @property
    def selected(self) -> Thing | None:
        """The round under the cursor, else the one that is shown."""
        shown = self._seen[0].round if self._seen is not None else None
        return self.cursor or (("round", shown.number) if shown is not None else None)

    def exported(self, state: State, now: float) -> list[dict[str, Any]]:
        """The rounds, newest first."""
        rows = [msgspec.structs.asdict(round_row(state, number, now)) for number in sorted(state.rounds, reverse=True)]
        return [{key: value for key, value in row.items() if key != "tone"} for row in rows]


def _same(text: Text) -> Text:
    return text


def _right(head: Text, text: str, width: int) -> None:
    gap = width - head.cell_len - len(text)
    if gap > 0:
        head.append_text(line(" " * gap, (text, "quiet")))


def _head(view: RoundView, width: int) -> list[Text]:
    """The name and the track in one line where there is room, else the track."""
    track = _track(view.phases, "─")
    title = line((view.name, "strong"), "   ")
    return [title.append_text(track) if title.cell_len + track.cell_len <= width else track]


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
    if view.state == "none":
        return _labelled("updates", ("none yet: training begins when the round opens", "quiet"))
    counted = f"{view.have}/{view.need} {view.unit}"
    notes = [(f"  {view.late} late", "warn")] * bool(view.late)
    notes += [(f"  {view.refused} refused", "bad")] * bool(view.refused)
    room = width - len(counted) - 2 - sum(len(text) for text, _ in notes)
    filled, empty = bar(view.have, view.need, max(6, min(room, 60)))
    whole = view.need > 0 and view.have >= view.need
    return line((filled, "ok" if whole else "busy"), (empty, "faint"), "  ", (counted, "strong"), *notes)


def _clock(wait: Waiting) -> Part:
    left = wait.seconds_left
    return wait.clock, "bad" if left is not None and left < 0 else "warn" if (left or 0) <= _LATE else "accent"


def _short_wait(state: State, view: RoundView, width: int) -> Text:
    wait = view.waiting
    if wait is None:
        return _labelled(state.status, (_ending(state), "strong"))
    clock, ink = _clock(wait)
    then = f", then {wait.then}" if wait.then else ""
    out = _about(wait, width - len(clock) - 2)
    if clock and out.cell_len + len(clock) + 2 + len(then) > width:
        out.truncate(max(0, width - len(clock) - 2), overflow="ellipsis")
        return out.append_text(line("  ", (clock, ink)))
    return out.append_text(line(", " if clock else "", (clock, ink), (then, "quiet")))


def _wait(state: State, view: RoundView, width: int) -> list[Text]:
    wait = view.waiting
    if wait is None:
        why = (f"because {state.reason}", "warn") if state.reason else (f"dltui verify {state.run} checks it", "quiet")
        return [_labelled(state.status, (_ending(state), "strong")), _labelled("", why)]
    clock, ink = _clock(wait)
    then = f"then {wait.then}" if wait.then else ""
    about = _about(wait, width)
    if wait.how and about.cell_len + len(wait.how) + 2 <= width:
        about.append_text(line((f", {wait.how}", "quiet")))
    return [
        about,
        _labelled("", (clock, ink), (", " if clock and then else "", "quiet"), (then, "quiet")),
    ]


def _about(wait: Waiting, width: int) -> Text:
    """The wait with as many names as there is room for."""
    if wait.first:
        return _labelled("waiting", (wait.first, "warn"), (f", for {wait.about()}", "strong"))
    for most in range(min(len(wait.who), 12), 1, -1):
        words = _labelled("waiting", (f"for {wait.about(most)}", "strong"))
        if words.cell_len <= width:
            return words
    return _labelled("waiting", (f"for {wait.about(1)}", "strong"))


def _ending(state: State) -> str:
    return farewell(state).partition(" - ")[0]


def _labelled(label: str, *parts: Part | str) -> Text:
    return line((f"{label:<{_LABEL}}", "quiet"), *parts)


def _learning(view: RoundView, width: int) -> list[Text]:
    """The curves, and the newest figures by who measured them; changes are against the parent."""
    points = max(4, min(48, width - 56))
    measured = [
        (name, course) for name, course in (("test", view.test), ("committee", view.committee)) if course.values
    ]
    if not measured:
        return [_labelled(name, ("measured when a round has closed", "quiet")) for name in ("accuracy", "loss")]
    accuracy = _labelled("accuracy", (spark(measured[0][1].values, points), "accent"))
    for name, course in measured:
        accuracy.append_text(line((f"  {name} ", "quiet"))).append_text(_figure(course, "+"))
    loss = _labelled("loss", (f"{spark(view.loss.values, points)}  ", "busy")).append_text(
        _figure(view.loss, "-", said=True)
    )
    return [accuracy, loss if view.loss.values else _labelled("loss", ("not measured", "quiet"))]


def _figure(course: Course, better: str, *, said: bool = False) -> Text:
    """The newest figure and its change; with `said`, what its sign means."""
    out = line((course.text, "strong"))
    if course.change and float(course.change):
        arrow, good = "▲" if course.change[0] == "+" else "▼", course.change[0] == better
        word = f" {'better' if good else 'worse'}" if said else ""
        out.append_text(line((f" {arrow} {course.change}", "ok" if good else "warn"), (word, "quiet")))
    return out


def _time(view: RoundView, width: int) -> Text:
    parts = [(name, seconds) for name, seconds in view.timing if name != "total" and seconds > 0]
    if not parts:
        return _labelled("time", ("shown when a round has closed", "quiet"))
    total = dict(view.timing).get("total", 0.0)
    out = _labelled("time", (f"r{view.timed} {fmt.duration(total)}", "strong"))
    phases = [[f"{name} {seconds:.1f}"] for name, seconds in sorted(parts, key=lambda part: -part[1])]
    told = [view.idle, *phases] if view.idled else [*phases, view.idle]
    for words in (*told, [view.training]):
        out = _if_room(out, words, width)
    return out


def _if_room(out: Text, choices: Sequence[str], width: int) -> Text:
    """With the first of the choices that there is room for, if one there is."""
    words = next((f"  {each}" for each in choices if each and out.cell_len + len(each) + 2 <= width), "")
    return out.append_text(line((words, "quiet")))


def _history(state: State, now: float) -> list[Entry]:
    if not state.rounds:
        return []
    head = (
        f"{'round':<7}{'state':<13}{'updates':>8}{'attested':>9}{'version':>8}{'committee':>10}{'time':>11}{'gas':>7}"
    )
    numbers = sorted(state.rounds, reverse=True)
    return [
        Entry(line),
        Entry(partial(line, (head, "quiet"))),
        *(Entry(partial(_past, state, number, now), ("round", number)) for number in numbers),
    ]


def _past(state: State, number: int, now: float) -> Text:
    row = round_row(state, number, now)
    return line(
        (f"r{row.number:<6}", "strong"),
        (fit(f"{fmt.symbol(row.tone)} {row.word}", 13), TONES[row.tone]),
        f"{row.updates:>8}{row.attested:>9}{row.version:>8}{row.accuracy:>10}",
        (f"{fmt.duration(row.seconds):>11}{fmt.gas(row.gas):>7}", "quiet"),
        (f"  {row.note}" if row.note else "", "warn"),
    )
