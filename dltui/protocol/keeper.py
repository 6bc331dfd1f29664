"""What is due and still undone: any member may move the round on, in turn, so that one of them does.

Each looks at the chain right before it sends: a transaction that comes second reverts, and costs gas all the same.
"""

from __future__ import annotations

from typing import Any

from dltui.chain.contracts.bound import FLContract
from dltui.chain.types import Call
from dltui.core.chain_states import RoundState
from dltui.core.ledger import RoundFacts

FIRST = 1.05
"""Seconds after the deadline: the chain counts whole seconds and wants them to be past."""
SPACING = 0.3
"""Seconds between the tries of two pokers."""
LATE = 0.6
"""Seconds of one turn of those who missed their first: a transaction is mined within half of it."""


def due_at(facts: RoundFacts, rank: int) -> float:
    """Return when the poker with this `rank` (0 first) moves the round on, in unix seconds."""
    return facts.deadline + FIRST + rank * SPACING


def next_turn(facts: RoundFacts, rank: int, now: float) -> float:
    """Return when the poker with this `rank` may act next, from `now` on, in unix seconds."""
    first = due_at(facts, rank)
    if now < first + SPACING:
        return max(first, now)
    return late_turn(rank, max(1, len(facts.selected)), now)


def late_turn(place: int, places: int, now: float) -> float:
    """Return the next turn, from `now` on, of a poker that missed its first one: a run was resumed, or stood still.

    Everybody reads the turns from the same clock: who wakes up together must not act together.
    """
    cycle = places * LATE
    since = (now - place % places * LATE) % cycle
    return now if since < LATE / 2 else now + cycle - since


def is_still(contract: FLContract, facts: RoundFacts) -> bool:
    """Return whether the chain's newest state has the round in the phase of `facts`: it is still to be moved on."""
    found = contract.round_of(facts.number)
    return (found.state, found.attempt) == (facts.state, facts.attempt)


def poke(contract: FLContract, facts: RoundFacts, plan: dict[str, Any], now: float, rank: int) -> Call | None:
    """Return the transaction that moves an overdue round on under `plan`, None if nothing is due for this poker yet."""
    if now < due_at(facts, rank):
        return None
    if facts.state == RoundState.OPEN:
        return contract.close_submissions(facts.number)
    if facts.state == RoundState.REPORTING:
        return contract.close_reports(facts.number)
    # With enough seals the members finalise; only when they disagree does the round wait for the grace to end.
    undecided = len(facts.attested) < plan["quorum"] or now >= due_at(facts, rank) + plan["attestWindow"]
    return contract.close_attestations(facts.number) if facts.state == RoundState.ATTESTING and undecided else None
