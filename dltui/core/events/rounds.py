"""Rounds: the plan, and every step from opening to the result."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from dltui.core.events.envelope import Payload


class PlanSet(Payload, frozen=True, kw_only=True):
    """The learning plan from the next round on."""

    KIND: ClassVar[str] = "plan.set"
    plan: int
    plan_hash: str
    committee: int
    quorum: int
    require_approval: bool


class RoundOpened(Payload, frozen=True, kw_only=True):
    """A round began: base version, the selected clients, the committee's seats, the deadline (unix seconds)."""

    KIND: ClassVar[str] = "round.opened"
    round: int
    base: int
    base_digest: str
    plan_hash: str
    selected: tuple[str, ...]
    committee: tuple[str, ...]
    seed: str
    deadline: int


class UpdateSubmitted(Payload, frozen=True, kw_only=True):
    """A client put the digest of its update on chain; `weight` is its approved record count."""

    KIND: ClassVar[str] = "update.submitted"
    round: int
    client: str
    digest: str
    weight: int
    tx: str


class RoundReporting(Payload, frozen=True, kw_only=True):
    """Submissions closed: updates are published, the committee fetches them. `attempt` > 0 after a redraw."""

    KIND: ClassVar[str] = "round.reporting"
    round: int
    attempt: int
    submitted: tuple[str, ...]
    committee: tuple[str, ...]
    deadline: int


class RoundReported(Payload, frozen=True, kw_only=True):
    """A committee member said which updates it holds."""

    KIND: ClassVar[str] = "round.reported"
    round: int
    attempt: int
    member: str
    available: tuple[str, ...]


class RoundAttesting(Payload, frozen=True, kw_only=True):
    """The included set is fixed; members recompute and attest."""

    KIND: ClassVar[str] = "round.attesting"
    round: int
    attempt: int
    members: tuple[str, ...]
    deadline: int


class RoundAttested(Payload, frozen=True, kw_only=True):
    """A member sealed its result; `accuracy_bp` is measured on its own held-out records."""

    KIND: ClassVar[str] = "round.attested"
    round: int
    attempt: int
    member: str
    accuracy_bp: int


class VerdictRow(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided on one update; `weight` is 0 where it is not included."""

    client: str
    digest: str
    included: bool
    reason: str
    weight: int


class RoundIncluded(Payload, frozen=True, kw_only=True):
    """The verdict on every update of a round."""

    KIND: ClassVar[str] = "round.included"
    round: int
    verdicts: tuple[VerdictRow, ...]


class RoundFinalised(Payload, frozen=True, kw_only=True):
    """A quorum of equal seals: the result stands."""

    KIND: ClassVar[str] = "round.finalised"
    round: int
    attempt: int
    version: int
    digest: str
    verdicts_root: str
    accuracy_bp: int
    agreeing: tuple[str, ...]


class RoundAborted(Payload, frozen=True, kw_only=True):
    """A round ended without a version, and why."""

    KIND: ClassVar[str] = "round.aborted"
    round: int
    attempt: int
    reason: str


class RoundExcused(Payload, frozen=True, kw_only=True):
    """The run itself was down in this round: the operator records no miss of it, and its abort does not count."""

    KIND: ClassVar[str] = "round.excused"
    round: int
    reason: str


class Phases(msgspec.Struct, frozen=True, kw_only=True):
    """Wall time of a round in seconds; `closing` begins with the last seal. They add up to the round's time."""

    open: float
    reporting: float
    attesting: float
    closing: float


class RoundTimed(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """Where a round's time went, in seconds; the parts are the slowest client's or member's.

    `phases` is absent if the engine did not see all of the round, and in runs of earlier editions. `queue` is the
    longest wait for a turn to train, `trained` is how many trained. `waiting` is the time in which nobody worked
    (without `phases`: the total less the parts), and `awaited` is who was late, or who began to work after the
    longest of it.
    """

    KIND: ClassVar[str] = "round.timed"
    round: int
    total: float
    training: float
    chain: float
    store: float
    aggregation: float
    attestation: float
    waiting: float
    queue: float = 0.0
    trained: int = 0
    phases: Phases | None = None
    awaited: tuple[str, ...] = ()
