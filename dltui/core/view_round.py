"""The round as rows for any face: its phases, how far it is, what it waits for, and the rounds before it."""

from __future__ import annotations

import msgspec

from dltui.core import format as fmt
from dltui.core.model import Round, Version
from dltui.core.state import State
from dltui.core.view_wait import Waiting, planned_rounds, quorum_size, seconds_left, waiting


class Phase(msgspec.Struct, frozen=True):
    """One step of the track. `state` is done, now, todo or failed."""

    name: str
    state: str


class RoundView(msgspec.Struct, frozen=True):
    """The Round pane. Accuracies are in basis points, oldest first; `have` of `need` counts the present phase."""

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
    accuracy: tuple[int, ...]
    accuracy_of: str
    """What the accuracy was measured on."""
    accuracy_text: str
    accuracy_delta: str
    loss: tuple[float, ...]
    loss_text: str
    loss_delta: str
    last: str
    elapsed: float
    timed: int
    """The round that `timing` is of: this one, or the last before it whose times are known."""
    timing: tuple[tuple[str, float], ...]
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


_WORDS = {"open": "training", "reporting": "reports are due", "attesting": "attestations are due"}
_ROWS = {
    "open": ("busy", "training"),
    "reporting": ("busy", "reporting"),
    "attesting": ("busy", "attesting"),
    "finalised": ("done", "finalised"),
    "aborted": ("bad", "aborted"),
}


def round_view(state: State, now: float, number: int | None = None, *, engine_lost: bool = False) -> RoundView:
    """The round of that number, else the one in flight or the last; `now` is in unix seconds."""
    shown = state.rounds.get(number) if number is not None else state.round
    live = number is None or shown is state.in_flight
    have, need, unit = progress(shown) if shown else (0, 0, "updates")
    acc, loss = curves(state, up_to=shown.version if shown and not live else None)
    current = shown.number if shown else 0
    name = f"Round {current or 1} of {planned_rounds(state, current)}" if state.run else "No run yet"
    timed, timing = _timing(state, shown)
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
        accuracy=acc,
        accuracy_of="test split" if _tested(state) else "committee's records",
        accuracy_text=fmt.accuracy(acc[-1] if acc else None),
        accuracy_delta=fmt.delta(acc[-1] - acc[-2]) if len(acc) > 1 else "",
        loss=loss,
        loss_text=fmt.number(loss[-1] if loss else None),
        loss_delta=f"{loss[-1] - loss[-2]:+.3f}" if len(loss) > 1 else "",
        last=_last(state, current),
        elapsed=_elapsed(shown, now),
        timed=timed,
        timing=timing,
        gas=shown.gas if shown else 0,
        aborted=sum(r.state == "aborted" and r.number <= current for r in state.rounds.values()),
    )


def round_row(state: State, number: int, now: float) -> RoundRow:
    """One round as a line of the history; `now` is in unix seconds."""
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
        seconds=_elapsed(shown, now),
        gas=shown.gas,
        note=shown.reason or late,
    )


def phases(state: State, shown: Round | None) -> tuple[Phase, ...]:
    """The track TRAIN > REPORT > ATTEST > FINAL, and APPROVE where versions need it."""
    names = ["TRAIN", "REPORT", "ATTEST", "FINAL"] + (["APPROVE"] if state.require_approval else [])
    if shown is None:
        return tuple(Phase(name, "todo") for name in names)
    if shown.state == "aborted":
        reached = 2 if shown.members else 1 if shown.reported or shown.attempt else 0
        return tuple(
            Phase(name, "done" if i < reached else "failed" if i == reached else "todo") for i, name in enumerate(names)
        )
    at = {"open": 0, "reporting": 1, "attesting": 2, "finalised": 4}[shown.state]
    version = state.versions.get(shown.version) if shown.version is not None else None
    if version is not None and version.state != "verified":
        at = 5
    marks = [Phase(name, "done" if i < at else "now" if i == at else "todo") for i, name in enumerate(names)]
    if version is not None and version.state == "rejected" and len(marks) == 5:
        marks[4] = Phase("APPROVE", "failed")
    return tuple(marks)


def progress(shown: Round) -> tuple[int, int, str]:
    """How many of how many are in, and of what, in the round's present or last phase."""
    if shown.state == "reporting":
        return len(shown.reported), len(shown.committee), "reports"
    if shown.state in ("attesting", "finalised"):
        return len(shown.attested), len(shown.members), "attestations"
    return len(shown.submitted), len(shown.selected), "updates"


def curves(state: State, up_to: int | None = None) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Accuracy (basis points) and loss by version: on the test split where it was measured, else the committee's."""
    versions = [v for n, v in sorted(state.versions.items()) if up_to is None or n <= up_to]
    tested = _tested(state)

    def measured(version: Version) -> int | None:
        return version.test_accuracy_bp if tested else version.accuracy_bp

    found = (measured(version) for version in versions)
    return (
        tuple(bp for bp in found if bp is not None),
        tuple(v.test_loss for v in versions if v.test_loss is not None),
    )


def _tested(state: State) -> bool:
    return any(version.test_accuracy_bp is not None for version in state.versions.values())


def _doing(shown: Round | None) -> str:
    if shown is None:
        return "not open yet"
    if shown.state == "finalised":
        return f"made version {shown.version}"
    if shown.state == "aborted":
        return f"aborted, {shown.reason}"
    return _WORDS[shown.state] + (f", attempt {shown.attempt + 1}" if shown.attempt else "")


def _timing(state: State, shown: Round | None) -> tuple[int, tuple[tuple[str, float], ...]]:
    number = shown.number if shown else 0
    while (known := state.rounds.get(number)) is not None:
        if known.timing:
            return number, tuple(known.timing.items())
        number -= 1
    return 0, ()


def _quorum(state: State, shown: Round | None) -> str:
    if shown is None:
        return ""
    return f"quorum {quorum_size(state)} of {len(shown.committee)}"


def _elapsed(shown: Round | None, now: float) -> float:
    start = fmt.unix(shown.opened_at) if shown else None
    if shown is None or start is None:
        return 0.0
    return max(0.0, (fmt.unix(shown.closed_at) or now) - start)


def _last(state: State, current: int) -> str:
    closed = [r for n, r in sorted(state.rounds.items()) if n <= current and r.state in ("finalised", "aborted")]
    if not closed:
        return ""
    last = closed[-1]
    if last.state == "aborted":
        return f"r{last.number} aborted: {last.reason}"
    version = state.versions.get(last.version) if last.version is not None else None
    word = f" {version.state}" + (f" by {version.by}" if version.by else "") if version else ""
    counted = sum(verdict.included for verdict in last.verdicts) if last.verdicts else len(last.submitted)
    return f"r{last.number} closed: {counted}/{len(last.selected)} in, version {last.version}{word}"
