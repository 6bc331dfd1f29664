"""Folds of rounds: the state machine of the contract, seen through its events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dltui.core.events import (
    PlanSet,
    RoundAborted,
    RoundAttested,
    RoundAttesting,
    RoundExcused,
    RoundFinalised,
    RoundIncluded,
    RoundOpened,
    RoundReported,
    RoundReporting,
    RoundTimed,
    UpdateSubmitted,
)
from dltui.core.format import accuracy
from dltui.core.state.entities import Round, Verdict
from dltui.core.state.fold_registry import IllegalStep, fold, require

if TYPE_CHECKING:
    from dltui.core.state.state import State

LIVE = ("open", "reporting", "attesting")


def _round(state: State, number: int, *states: str) -> Round:
    current = state.rounds.get(number)
    if current is None:
        raise IllegalStep(f"round {number} was never opened")
    if states and current.state not in states:
        raise IllegalStep(f"round {number} is {current.state}, not {' or '.join(states)}")
    return current


def _same_attempt(current: Round, attempt: int) -> None:
    require(attempt == current.attempt, f"round {current.number} is in attempt {current.attempt}, not {attempt}")


def _seen(state: State, id: str, ts: str) -> None:
    state.client(id).last_seen = ts


@fold(PlanSet)
def plan(state: State, data: PlanSet, ts: str) -> tuple[str, ...]:
    """The plan from the next round on."""
    state.plan = data
    return ("round",)


@fold(RoundOpened)
def opened(state: State, data: RoundOpened, ts: str) -> tuple[str, ...]:
    """A round begins when the one before is closed."""
    last = max(state.rounds, default=0)
    require(data.round == last + 1, f"round {data.round} was opened after round {last}")
    require(not last or state.rounds[last].state not in LIVE, f"round {data.round} was opened in round {last}")
    state.rounds[data.round] = Round(
        number=data.round,
        base=data.base,
        selected=data.selected,
        committee=data.committee,
        seed=data.seed,
        deadline=data.deadline,
        opened_at=ts,
        phase_at=ts,
        story=[(ts, "opened", "")],
    )
    if data.round in state.chain.by_round:
        state.rounds[data.round].gas = state.chain.by_round[data.round].gas
    for id in data.selected:
        state.client(id)
    for client in state.clients.values():
        client.epoch = client.epochs = client.batch = client.batches = 0
        client.activity, client.loss, client.accuracy_bp = "", None, None
    return ("round", "clients")


@fold(UpdateSubmitted)
def submitted(state: State, data: UpdateSubmitted, ts: str) -> tuple[str, ...]:
    """A selected client submits once."""
    current = _round(state, data.round, "open")
    require(data.client in current.selected, f"{data.client} submitted to round {data.round} without being selected")
    require(data.client not in current.submitted, f"{data.client} submitted twice to round {data.round}")
    current.submitted[data.client], current.weights[data.client] = data.digest, data.weight
    current.story.append((ts, "submitted", data.client))
    _seen(state, data.client, ts)
    return ("round", "clients")


@fold(RoundReporting)
def reporting(state: State, data: RoundReporting, ts: str) -> tuple[str, ...]:
    """Submissions closed, or a redrawn committee starts again from the same ones."""
    current = _round(state, data.round, *LIVE)
    if current.state == "open":
        _same_attempt(current, data.attempt)
    else:
        _same_attempt(current, data.attempt - 1)
    current.state, current.attempt, current.committee = "reporting", data.attempt, data.committee
    current.reported, current.attested, current.members = {}, {}, ()
    current.deadline, current.phase_at = data.deadline, ts
    again = f"attempt {data.attempt + 1}, a new committee" if data.attempt else "submissions closed"
    current.story.append((ts, again, ""))
    return ("round", "clients")


@fold(RoundReported)
def reported(state: State, data: RoundReported, ts: str) -> tuple[str, ...]:
    """A seated member reports once an attempt."""
    current = _round(state, data.round, "reporting")
    _same_attempt(current, data.attempt)
    require(data.member in current.committee, f"{data.member} reported in round {data.round} without a seat")
    require(data.member not in current.reported, f"{data.member} reported twice in round {data.round}")
    current.reported[data.member] = data.available
    current.story.append((ts, f"holds {len(data.available)} of {len(current.submitted)} updates", data.member))
    _seen(state, data.member, ts)
    return ("round", "clients")


@fold(RoundAttesting)
def attesting(state: State, data: RoundAttesting, ts: str) -> tuple[str, ...]:
    """The included set is fixed."""
    current = _round(state, data.round, "reporting")
    _same_attempt(current, data.attempt)
    current.state, current.members, current.deadline, current.phase_at = "attesting", data.members, data.deadline, ts
    current.story.append((ts, "the included set is fixed", ""))
    return ("round", "clients")


@fold(RoundAttested)
def attested(state: State, data: RoundAttested, ts: str) -> tuple[str, ...]:
    """A member that reported attests once an attempt."""
    current = _round(state, data.round, "attesting")
    _same_attempt(current, data.attempt)
    require(data.member in current.members, f"{data.member} attested round {data.round} without having reported")
    require(data.member not in current.attested, f"{data.member} attested round {data.round} twice")
    current.attested[data.member] = state.client(data.member).accuracy_bp = data.accuracy_bp
    current.story.append((ts, f"attested, accuracy {accuracy(data.accuracy_bp)}", data.member))
    _seen(state, data.member, ts)
    return ("round", "clients")


@fold(RoundIncluded)
def included(state: State, data: RoundIncluded, ts: str) -> tuple[str, ...]:
    """The verdicts; they may be known before or after the round closes."""
    current = _round(state, data.round)
    require(current.state != "open", f"verdicts on round {data.round} before its submissions closed")
    current.verdicts = [Verdict(v.client, v.digest, v.included, v.reason, v.weight) for v in data.verdicts]
    return ("round", "clients")


@fold(RoundFinalised)
def finalised(state: State, data: RoundFinalised, ts: str) -> tuple[str, ...]:
    """The result stands."""
    current = _round(state, data.round, "attesting")
    _same_attempt(current, data.attempt)
    current.state, current.version, current.accuracy_bp = "finalised", data.version, data.accuracy_bp
    current.closed_at, current.agreeing, current.verdicts_root = ts, data.agreeing, data.verdicts_root
    current.story.append((ts, f"finalised: version {data.version}, {len(data.agreeing)} equal seals", ""))
    return ("round", "clients")


@fold(RoundAborted)
def aborted(state: State, data: RoundAborted, ts: str) -> tuple[str, ...]:
    """No result, and why."""
    current = _round(state, data.round, *LIVE)
    current.state, current.reason, current.closed_at = "aborted", data.reason, ts
    current.story.append((ts, f"aborted: {data.reason}", ""))
    return ("round", "clients")


@fold(RoundExcused)
def excused(state: State, data: RoundExcused, ts: str) -> tuple[str, ...]:
    """Its misses count for nobody."""
    current = _round(state, data.round)
    current.excuse = data.reason
    current.story.append((ts, f"misses count for nobody: {data.reason}", ""))
    return ("round",)


@fold(RoundTimed)
def timed(state: State, data: RoundTimed, ts: str) -> tuple[str, ...]:
    """Where its time went."""
    parts = ("total", "training", "chain", "store", "aggregation", "attestation", "waiting")
    current = _round(state, data.round)
    current.timing = {part: getattr(data, part) for part in parts}
    if data.phases:
        current.timing["queue"] = data.queue
        current.phases = msgspec.structs.asdict(data.phases)
        current.trained, current.awaited = data.trained, data.awaited
    return ("round",)
