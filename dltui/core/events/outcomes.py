"""How a round ended: its result or why it has none, the verdicts, whose misses count, and where its time went."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from dltui.core import format as fmt
from dltui.core.chain_states import AbortReason, RoundState
from dltui.core.envelope import ChainFact, Names, Payload
from dltui.core.events.rounds import any_round, live_round, same_attempt
from dltui.core.ledger import Ledger
from dltui.core.state.entities import Verdict
from dltui.core.state.state import State, require

__all__ = [
    "Phases",
    "RoundAborted",
    "RoundExcused",
    "RoundFinalised",
    "RoundIncluded",
    "RoundTimed",
    "VerdictRow",
]

CHANGED = ("round", "clients")

PHASE_NAMES = {"open": "train", "reporting": "report", "attesting": "attest", "closing": "close"}
"""What people call the phases whose times are told."""
_PARTS = ("training", "chain", "store", "aggregation", "attestation", "waiting")


class VerdictRow(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided on one update; `weight` is 0 if it is not included."""

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

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Keep the verdicts; they may be known before or after the round closes."""
        current = any_round(state, self.round)
        require(current.state != RoundState.OPEN, f"verdicts on round {self.round} before its submissions closed")
        current.verdicts = [Verdict(v.client, v.digest, v.included, v.reason, v.weight) for v in self.verdicts]
        return CHANGED

    def sentence(self) -> str:
        """Say how many count, and whose do not."""
        out = [f"{row.client} {row.reason}" for row in self.verdicts if not row.included]
        counted = len(self.verdicts) - len(out)
        refused = f", refused: {fmt.names(out, 8)}" if out else ""
        return f"r{self.round} {counted} of {fmt.plural(len(self.verdicts), 'update')} included{refused}"

    def level(self) -> str:
        """Warn if an update was refused."""
        return "info" if all(row.included for row in self.verdicts) else "warning"


class RoundFinalised(ChainFact, frozen=True, kw_only=True):
    """A quorum of equal seals: the result stands."""

    KIND: ClassVar[str] = "round.finalised"
    LOG: ClassVar[str] = "RoundFinalised"
    LEVEL: ClassVar[str] = "good"
    round: int
    attempt: int
    version: int
    digest: str
    verdicts_root: str
    accuracy_bp: int
    agreeing: tuple[str, ...]

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> RoundFinalised:
        """Make it."""
        return cls(
            round=args["round"],
            attempt=args["attempt"],
            version=args["version"],
            digest=args["resultDigest"].hex(),
            verdicts_root=args["verdictsRoot"].hex(),
            accuracy_bp=args["accuracyBp"],
            agreeing=names.clients(args["agreeing"]),
        )

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Close the round with its result."""
        facts = ledger.rounds[args["round"]]
        facts.state, facts.version = RoundState.FINALISED, args["version"]
        facts.verdicts_root = args["verdictsRoot"]

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Close the round with its result."""
        current = live_round(state, self.round, RoundState.ATTESTING)
        same_attempt(current, self.attempt)
        current.state, current.version, current.accuracy_bp = RoundState.FINALISED, self.version, self.accuracy_bp
        current.closed_at, current.agreeing, current.verdicts_root = ts, self.agreeing, self.verdicts_root
        text = f"finalised: version {self.version}, {len(self.agreeing)} equal seals"
        current.story.append((ts, text, ""))
        return CHANGED

    def sentence(self) -> str:
        """Name the version and who agreed."""
        made = f"version {self.version}  committee {fmt.accuracy(self.accuracy_bp)}"
        return f"r{self.round} finalised: {made}  {fmt.plural(len(self.agreeing), 'equal seal')}"


class RoundAborted(ChainFact, frozen=True, kw_only=True):
    """A round ended without a version, and why."""

    KIND: ClassVar[str] = "round.aborted"
    LOG: ClassVar[str] = "RoundAborted"
    LEVEL: ClassVar[str] = "warning"
    round: int
    attempt: int
    reason: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> RoundAborted:
        """Make it."""
        return cls(round=args["round"], attempt=args["attempt"], reason=AbortReason.say(args["reason"]))

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Close the round; if its base went while it was open, nobody is missing from it."""
        facts = ledger.rounds[args["round"]]
        if facts.state == RoundState.OPEN and args["reason"] == AbortReason.BASE_REJECTED:
            facts.selected = facts.submitted
        facts.state, facts.verdicts_root = RoundState.ABORTED, args["verdictsRoot"]

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Close the round without a result."""
        current = live_round(state, self.round)
        current.state, current.reason, current.closed_at = RoundState.ABORTED, self.reason, ts
        current.story.append((ts, f"aborted: {self.reason}", ""))
        return CHANGED

    def sentence(self) -> str:
        """Say why."""
        return f"r{self.round} aborted: {self.reason}"


class RoundExcused(Payload, frozen=True, kw_only=True):
    """The run itself was down in this round: the operator records no miss of it, and its abort does not count."""

    KIND: ClassVar[str] = "round.excused"
    LEVEL: ClassVar[str] = "warning"
    round: int
    reason: str

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Note that its misses count for nobody."""
        current = any_round(state, self.round)
        current.excuse = self.reason
        current.story.append((ts, f"misses count for nobody: {self.reason}", ""))
        return ("round",)

    def sentence(self) -> str:
        """Say why."""
        return f"r{self.round} misses count for nobody: {self.reason}"


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

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Keep where the round's time went."""
        current = any_round(state, self.round)
        current.timing = {part: getattr(self, part) for part in ("total", *_PARTS)}
        if self.phases:
            current.timing["queue"] = self.queue
            current.phases = msgspec.structs.asdict(self.phases)
            current.trained, current.awaited = self.trained, self.awaited
        return ("round",)

    def sentence(self) -> str:
        """Tell the time by phase; if they are not known, by part."""
        told = [(part, getattr(self, part)) for part in _PARTS]
        if self.phases is not None:
            phases = msgspec.structs.asdict(self.phases)
            told = [(PHASE_NAMES[name], seconds) for name, seconds in phases.items()]
        split = "  ".join(f"{part} {fmt.duration(seconds)}" for part, seconds in told)
        return f"r{self.round} took {fmt.duration(self.total)}: {split}"
