"""The round as rows for any face: its phases, how far it is, what it waits for, and the rounds before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from dltui.core import format as fmt
from dltui.core.chain_states import RoundState, VersionState
from dltui.core.state.entities import Round, Version
from dltui.core.state.state import State
from dltui.core.views.taking_part import duration
from dltui.core.views.time import idle, spent, training
from dltui.core.views.wait import Waiting, planned_rounds, seconds_left, waiting

T = TypeVar("T", int, float)

MUCH = 0.25
"""The part of a round's time from which waiting is told before all else."""


class Phase(msgspec.Struct, frozen=True):
    """One step of the track. `state` is done, now, todo or failed."""

    name: str
    state: str


class Course(msgspec.Struct, frozen=True):
    """How a figure went from the first model to the newest version, along its parents."""

    values: tuple[float, ...] = ()
    """Of the versions that were measured, oldest first; accuracies in basis points."""
    text: str = fmt.NONE
    """The newest, with the sign of its change in `change`; that is empty if its parent was not measured."""
    change: str = ""


class RoundView(msgspec.Struct, frozen=True):
    """The Round pane. `have` of `need` counts the present phase."""

    number: int
    name: str
    """Round 3 of 10."""
    title: str
    """Its name and what it does or came to: `Round 3 of 10: training`."""
    state: str
    attempt: int
    phases: tuple[Phase, ...]
    have: int
    need: int
    unit: str
    waiting: Waiting | None
    seconds_left: int | None
    quorum: str
    late: int
    refused: int
    test: Course
    """Accuracy on the test split that no client sees."""
    committee: Course
    """Accuracy as the committee's median."""
    loss: Course
    """Cross entropy on the test split."""
    last: str
    elapsed: float
    timed: int
    """The round that `timing` is of: this one, or the last before it whose times are known."""
    timing: tuple[tuple[str, float], ...]
    """Seconds: the total, then by phase, or by part if the phases are not known."""
    training: str
    """What its time in training was made of."""
    idle: tuple[str, ...]
    """How long nobody worked in it, and who was waited for: with all names, then with fewer. Empty if it is nothing."""
    idled: bool
    """Waiting took a good part of it."""
    gas: int
    aborted: int
    """Rounds up to this one that gave no version."""


class RoundRow(msgspec.Struct, frozen=True):
    """A line of the history of rounds."""

    number: int
    tone: str
    word: str
    updates: str
    """Included of selected: 4/5."""
    attested: str
    version: str
    accuracy: str
    seconds: float
    gas: int
    note: str
    """Who was late, or why it was aborted."""


_WORDS = {
    RoundState.OPEN: "training",
    RoundState.REPORTING: "reports are due",
    RoundState.ATTESTING: "attestations are due",
}
_REACHED = {RoundState.OPEN: 0, RoundState.REPORTING: 1, RoundState.ATTESTING: 2, RoundState.FINALISED: 4}
_ROWS = {
    RoundState.OPEN: ("busy", "training"),
    RoundState.REPORTING: ("busy", "reporting"),
    RoundState.ATTESTING: ("busy", "attesting"),
    RoundState.FINALISED: ("done", "finalised"),
    RoundState.ABORTED: ("bad", "aborted"),
}


def round_view(state: State, now: float, number: int | None = None, *, engine_lost: bool = False) -> RoundView:
    """Return the round of that number, else the one in flight or the last; `now` is in unix seconds."""
    shown = state.rounds.get(number) if number is not None else state.round
    live = number is None or shown is state.in_flight
    have, need, unit = progress(shown) if shown else (0, 0, "updates")
    line = lineage(state, up_to=shown.version if shown and not live else None)
    current = shown.number if shown else 0
    name = f"Round {current or 1} of {planned_rounds(state, current)}" if state.run else "No run yet"
    timed = _timed(state, shown)
    return RoundView(
        number=current,
        name=name,
        title=f"{name}: {_doing(shown)}" if state.run else name,
        state=shown.state if shown else "none",
        attempt=shown.attempt if shown else 0,
        phases=phases(state, shown),
        have=have,
        need=need,
        unit=unit,
        waiting=waiting(state, now, engine_lost=engine_lost) if live else None,
        seconds_left=seconds_left(shown.deadline, now) if shown and shown is state.in_flight else None,
        quorum=_quorum(state, shown),
        late=len(shown.late) if shown else 0,
        refused=sum(not verdict.included for verdict in shown.verdicts) if shown else 0,
        test=_course([v.test_accuracy_bp for v in line], fmt.accuracy, fmt.delta),
        committee=_course([v.accuracy_bp for v in line], fmt.accuracy, fmt.delta),
        loss=_course([v.test_loss for v in line], fmt.number, "{:+.3f}".format),
        last=_last(state, current),
        elapsed=duration(shown, now) if shown else 0.0,
        timed=timed.number if timed else 0,
        timing=(("total", timed.timing["total"]), *spent(timed)) if timed else (),
        training=training(state, timed) if timed else "",
        idle=tuple(filter(None, (idle(timed, most) for most in (5, 2, 1)))) if timed else (),
        idled=timed is not None and timed.timing.get("waiting", 0.0) >= MUCH * timed.timing["total"],
        gas=shown.gas if shown else 0,
        aborted=sum(r.state == RoundState.ABORTED and r.number <= current for r in state.rounds.values()),
    )


def round_row(state: State, number: int, now: float) -> RoundRow:
    """Return one round as a line of the history; `now` is in unix seconds."""
    shown = state.rounds[number]
    tone, word = _ROWS[shown.state]
    counted = sum(verdict.included for verdict in shown.verdicts) if shown.verdicts else len(shown.submitted)
    late = f"late: {fmt.names(tuple(shown.late), 3)}" if shown.late else ""
    return RoundRow(
        number=number,
        tone=tone,
        word=word,
        updates=f"{counted}/{len(shown.selected)}",
        attested=f"{len(shown.attested)}/{len(shown.members)}" if shown.members else fmt.NONE,
        version=f"v{shown.version}" if shown.version is not None else fmt.NONE,
        accuracy=fmt.accuracy(shown.accuracy_bp),
        seconds=duration(shown, now),
        gas=shown.gas,
        note=shown.reason or late,
    )


def phases(state: State, shown: Round | None) -> tuple[Phase, ...]:
    """Return the track TRAIN > REPORT > ATTEST > FINAL, and APPROVE if versions need it."""
    names = ["TRAIN", "REPORT", "ATTEST", "FINAL"] + (["APPROVE"] if state.require_approval else [])
    if shown is None:
        return tuple(Phase(name, "todo") for name in names)
    if shown.state == RoundState.ABORTED:
        reached = 2 if shown.members else 1 if shown.reported or shown.attempt else 0
        return tuple(
            Phase(name, "done" if i < reached else "failed" if i == reached else "todo") for i, name in enumerate(names)
        )
    at = _REACHED[shown.state]
    version = state.versions.get(shown.version) if shown.version is not None else None
    if version is not None and version.state != VersionState.VERIFIED:
        at = 5
    marks = [Phase(name, "done" if i < at else "now" if i == at else "todo") for i, name in enumerate(names)]
    if version is not None and version.state == VersionState.REJECTED and len(marks) == 5:
        marks[4] = Phase("APPROVE", "failed")
    return tuple(marks)


def progress(shown: Round) -> tuple[int, int, str]:
    """Return how many of how many are in, and of what, in the round's present or last phase."""
    if shown.state == RoundState.REPORTING:
        return len(shown.reported), len(shown.committee), "reports"
    if shown.state in (RoundState.ATTESTING, RoundState.FINALISED):
        return len(shown.attested), len(shown.members), "attestations"
    return len(shown.submitted), len(shown.selected), "updates"


def lineage(state: State, up_to: int | None = None) -> list[Version]:
    """Return the newest version, or that of number `up_to`, after its parents: what it is compared with."""
    at = max(state.versions, default=None) if up_to is None else up_to
    line: list[Version] = []
    while at is not None and at in state.versions:
        line.append(state.versions[at])
        at = state.versions[at].parent
    return line[::-1]


def _course(figures: Sequence[T | None], text: Callable[[T], str], change: Callable[[T], str]) -> Course:
    known = [figure for figure in figures if figure is not None]
    if not known:
        return Course()
    last = max(at for at, figure in enumerate(figures) if figure is not None)
    before = figures[last - 1] if last else None
    return Course(tuple(known), text(known[-1]), "" if before is None else change(known[-1] - before))


def _doing(shown: Round | None) -> str:
    if shown is None:
        return "not open yet"
    if shown.state == RoundState.FINALISED:
        return f"made version {shown.version}"
    if shown.state == RoundState.ABORTED:
        return f"aborted, {shown.reason}"
    return _WORDS[shown.state] + (f", attempt {shown.attempt + 1}" if shown.attempt else "")


def _timed(state: State, shown: Round | None) -> Round | None:
    """This round, or the last before it whose times are known."""
    while shown is not None and not shown.timing:
        shown = state.rounds.get(shown.number - 1)
    return shown


def _quorum(state: State, shown: Round | None) -> str:
    if shown is None:
        return ""
    return f"quorum {state.quorum} of {len(shown.committee)}"


def _last(state: State, current: int) -> str:
    closed = [
        r
        for n, r in sorted(state.rounds.items())
        if n <= current and r.state in (RoundState.FINALISED, RoundState.ABORTED)
    ]
    if not closed:
        return ""
    last = closed[-1]
    if last.state == RoundState.ABORTED:
        return f"r{last.number} aborted: {last.reason}"
    version = state.versions.get(last.version) if last.version is not None else None
    word = f" {version.state}" + (f" by {version.by}" if version.by else "") if version else ""
    counted = sum(verdict.included for verdict in last.verdicts) if last.verdicts else len(last.submitted)
    return f"r{last.number} closed: {counted}/{len(last.selected)} in, version {last.version}{word}"
