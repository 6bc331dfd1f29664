"""What the contracts return, typed. Bitmaps are integers by client index; times are unix seconds."""

from __future__ import annotations

from dataclasses import dataclass

from dltui.core.chain_states import AbortReason, ClientStatus, RoundState, SuspendReason, VersionState

__all__ = [
    "NO_LIMIT",
    "AbortReason",
    "ClientInfo",
    "ClientStatus",
    "Commitment",
    "Membership",
    "Plan",
    "RoundInfo",
    "RoundState",
    "SuspendReason",
    "VersionInfo",
    "VersionState",
]


@dataclass(frozen=True)
class Plan:
    """What is agreed for a round. Windows in seconds, `privacy_cost` in micro-epsilon, `max_missed` 0 = never suspend.

    `train_window` is the shortest and `train_window_max` the longest time for training (that of the first round, and of
    the one after a round with too few submissions).
    """

    plan_hash: bytes
    min_submissions: int
    committee_size: int
    quorum: int
    max_missed: int
    scheme: int
    require_approval: bool
    train_window: int
    train_window_max: int
    report_window: int
    attest_window: int
    privacy_cost: int


@dataclass(frozen=True)
class ClientInfo:
    """An approved client. `last_submitted` and `last_miss` are round numbers, 0 = never."""

    account: str
    status: ClientStatus
    misses: int
    last_submitted: int
    last_miss: int


@dataclass(frozen=True)
class Membership:
    """What is known about an address; `index` means something only when `exists` (it was approved once)."""

    status: ClientStatus
    index: int
    exists: bool


@dataclass(frozen=True)
class RoundInfo:
    """One round. `deadline` belongs to the running phase, `open_seconds` is how long submissions were taken.

    `accuracies` holds basis points, seat s (rank of the member's bit in `committee`) at bits 16s to 16s+15.
    """

    state: RoundState
    attempt: int
    phase: int
    opened_at: int
    deadline: int
    open_seconds: int
    plan_id: int
    base_version: int
    selected: int
    submitted: int
    committee: int
    reported: int
    attested: int
    accuracies: int
    verdicts_root: bytes
    phase_root: bytes
    pay_root: bytes


@dataclass(frozen=True)
class VersionInfo:
    """A model version. `proposers` is a bitmap, `depth` its distance from version 0, `accuracy_bp` basis points."""

    digest: bytes
    proposers: int
    parent: int
    round: int
    depth: int
    accuracy_bp: int
    state: VersionState


@dataclass(frozen=True)
class Commitment:
    """What an owner committed to. `budget` in micro-epsilon, `NO_LIMIT` = none; `count` 0 = nothing committed."""

    root: bytes
    schema: bytes
    count: int
    budget: int
    last_round: int
    approved: bool
    granted: bool


NO_LIMIT = 2**64 - 1
"""A privacy budget that is never used up."""
