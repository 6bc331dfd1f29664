"""The round as rows for any face: its phases, how far it is, and why it waits."""

from __future__ import annotations

from dataclasses import dataclass

from dltui.core import format as fmt
from dltui.core.model import Round, Version
from dltui.core.state import State

LAST_ATTEMPT = 2


@dataclass(frozen=True)
class Phase:
    """One step of the track. `state` is done, now, todo or failed."""

    name: str
    state: str


@dataclass(frozen=True)
class Waiting:
    """A wait with a name: its cause, who is waited for, how long at most, and what happens then."""

    cause: str
    who: tuple[str, ...] = ()
    seconds_left: int | None = None
    """Negative where the deadline has passed; None where there is none."""
    then: str = ""

    @property
    def text(self) -> str:
        """The wait in one line."""
        parts = [f"waiting for {self.cause}" + (f" from {fmt.names(self.who)}" if self.who else "")]
        if self.seconds_left is not None and self.seconds_left >= 0:
            parts.append(f"{fmt.seconds(self.seconds_left)} left")
        elif self.seconds_left is not None:
            parts.append(f"deadline passed {fmt.seconds(-self.seconds_left)} ago")
        if self.then:
            parts.append(f"then {self.then}")
        return ", ".join(parts)


@dataclass(frozen=True)
class RoundView:
    """The Round pane. Accuracies are in basis points, oldest first; `have` of `need` counts the present phase."""

    number: int
    target: int
    title: str
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
    accuracy_text: str
    accuracy_delta: str
    loss: tuple[float, ...]
    loss_text: str
    loss_delta: str
    last: str
    elapsed: float
    timing: tuple[tuple[str, float], ...]
    gas: int


def round_view(state: State, now: float, number: int | None = None) -> RoundView:
    """The round of that number, else the one in flight or the last; `now` is in unix seconds."""
    shown = state.rounds.get(number) if number is not None else state.round
    live = number is None or shown is state.in_flight
    have, need, unit = progress(shown) if shown else (0, 0, "updates")
    acc, loss = curves(state, up_to=shown.version if shown and not live else None)
    current = shown.number if shown else 0
    attempt = f" attempt {shown.attempt + 1}" if shown and shown.attempt else ""
    return RoundView(
        number=current,
        target=state.target,
        title=f"Round {current} of {state.target}{attempt}" if shown else f"No round yet of {state.target}",
        state=shown.state if shown else "none",
        attempt=shown.attempt if shown else 0,
        phases=phases(state, shown),
        have=have,
        need=need,
        unit=unit,
        waiting=waiting(state, now) if live else None,
        seconds_left=_left(shown.deadline, now) if shown and shown is state.in_flight else None,
        quorum=_quorum(state, shown),
        late=len(shown.late) if shown else 0,
        refused=sum(not verdict.included for verdict in shown.verdicts) if shown else 0,
        accuracy=acc,
        accuracy_text=fmt.accuracy(acc[-1] if acc else None),
        accuracy_delta=fmt.delta(acc[-1] - acc[-2]) if len(acc) > 1 else "",
        loss=loss,
        loss_text=fmt.number(loss[-1] if loss else None),
        loss_delta=f"{loss[-1] - loss[-2]:+.3f}" if len(loss) > 1 else "",
        last=_last(state, current),
        elapsed=_elapsed(shown, now),
        timing=tuple(shown.timing.items()) if shown else (),
        gas=shown.gas if shown else 0,
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


def waiting(state: State, now: float) -> Waiting | None:
    """What the run waits for at this moment; None only when it has ended."""
    chain = state.chain
    if state.finished:
        return None
    if chain.state == "lost":
        return Waiting("the chain to come back", then="the engine brings it forward and the round goes on")
    if chain.state == "stopped":
        return Waiting("the engine to close the run", then="the summary is written")
    if chain.state != "ready":
        return Waiting("the chain to start", then="the contracts are deployed")
    if not chain.contracts:
        return Waiting("the contracts to be deployed", then="clients register")
    current = state.in_flight
    if current is not None:
        return _in_round(state, current, now)
    due = max(state.rounds, default=0) + 1
    if state.status == "paused":
        return Waiting("the operator to resume the run", then=f"round {due} opens")
    base = state.base
    if base is not None and state.require_approval and base.state == "verified":
        then = f"round {due} opens" if due <= state.target else "the run ends"
        return Waiting(f"the operator to approve or reject version {base.number}", then=then)
    if state.target and due > state.target:
        return Waiting("the engine to close the run", then="the summary is written")
    return _clients(state, due) or Waiting(f"the engine to open round {due}")


def curves(state: State, up_to: int | None = None) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Accuracy (basis points) and loss by version: on the test split where it was measured, else the committee's."""
    versions = [v for n, v in sorted(state.versions.items()) if up_to is None or n <= up_to]
    tested = any(v.test_accuracy_bp is not None for v in versions)

    def measured(version: Version) -> int | None:
        return version.test_accuracy_bp if tested else version.accuracy_bp

    found = (measured(version) for version in versions)
    return (
        tuple(bp for bp in found if bp is not None),
        tuple(v.test_loss for v in versions if v.test_loss is not None),
    )


def _in_round(state: State, current: Round, now: float) -> Waiting:
    left, quorum = _left(current.deadline, now), _quorum_size(state)
    if current.state == "open":
        who = tuple(id for id in current.selected if id not in current.submitted)
        need = state.setting("rounds", "min_submissions", 1)
        enough = len(current.submitted) >= need
        then = "the round goes on without them" if enough else f"it aborts unless {fmt.plural(need, 'update')} came"
        return Waiting(fmt.plural(len(who), "update"), who, left, then) if who else _close("the submissions", left)
    again = "a new committee is drawn" if current.attempt < LAST_ATTEMPT else "the round aborts"
    if current.state == "reporting":
        who = tuple(id for id in current.committee if id not in current.reported)
        then = "the round goes on without them" if len(current.reported) >= quorum else again
        return Waiting(fmt.plural(len(who), "report"), who, left, then) if who else _close("the reports", left)
    who = tuple(id for id in current.members if id not in current.attested)
    if not who:
        return Waiting("the result to be finalised", seconds_left=left, then=again)
    then = "equal seals decide without them" if len(current.attested) >= quorum else again
    return Waiting(fmt.plural(len(who), "attestation"), who, left, then)


def _close(what: str, left: int) -> Waiting:
    return Waiting(f"{what} to be closed", seconds_left=left, then="anyone may close them")


def _clients(state: State, due: int) -> Waiting | None:
    need = max(state.setting("rounds", "min_submissions", 1), _quorum_size(state))
    active = sum(client.membership == "active" for client in state.clients.values())
    outside = ("unknown", "pending")
    who = tuple(c.id for c in state.clients.values() if c.membership in outside and c.process in ("starting", "ready"))
    by = "" if state.setting("clients", "auto_register", True) else " by the operator"
    if due == 1 and who and active >= need:
        return Waiting(f"{fmt.names(who)} to be registered{by}", then="round 1 opens")
    if active >= need:
        return None
    return Waiting(
        f"{fmt.plural(need - active, 'more client')} to be registered{by}",
        then=f"round {due} opens" + (f" ({fmt.names(who)} may register)" if who else ""),
    )


def _left(deadline: int, now: float) -> int:
    return int(deadline - now) if deadline >= now else -int(now - deadline) - 1


def _quorum_size(state: State) -> int:
    return state.plan.quorum if state.plan else state.setting("rounds", "quorum", 1)


def _quorum(state: State, shown: Round | None) -> str:
    if shown is None:
        return ""
    return f"quorum {_quorum_size(state)} of {len(shown.committee)}"


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
