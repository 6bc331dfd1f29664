"""When something is due and nobody has done it: any member may move the round on, in turn, so that one of them does."""

from __future__ import annotations

from typing import Any

from dltui.chain.contracts import FLContract
from dltui.chain.ledger import ATTESTING, OPEN, REPORTING, RoundFacts
from dltui.chain.types import Call

FIRST = 1.05
"""Seconds after the deadline: the chain counts whole seconds and wants them to be past."""
SPACING = 0.3
"""Seconds between the tries of two pokers."""


def due_at(facts: RoundFacts, rank: int) -> float:
    """When the poker with this `rank` (0 first) moves the round on, in unix seconds."""
    return facts.deadline + FIRST + rank * SPACING


def poke(contract: FLContract, facts: RoundFacts, plan: dict[str, Any], now: float, rank: int) -> Call | None:
    """The transaction that moves an overdue round on under `plan`, or None where nothing is due for this poker yet."""
    if now < due_at(facts, rank):
        return None
    if facts.state == OPEN:
        return contract.close_submissions(facts.number)
    if facts.state == REPORTING:
        return contract.close_reports(facts.number)
    # With enough seals the members finalise; only when they disagree does the round wait for the grace to end.
    undecided = len(facts.attested) < plan["quorum"] or now >= due_at(facts, rank) + plan["attestWindow"]
    return contract.close_attestations(facts.number) if facts.state == ATTESTING and undecided else None
