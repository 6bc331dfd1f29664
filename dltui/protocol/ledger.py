"""What the contracts say, folded from their decoded logs: the one picture that clients, engine and `verify` act on.

Nothing here is remembered across restarts: a client that comes back reads the logs again and knows where it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dltui.chain.types import Log

OPEN, REPORTING, ATTESTING, FINALISED, ABORTED = "open", "reporting", "attesting", "finalised", "aborted"
IN_FLIGHT = (OPEN, REPORTING, ATTESTING)

ABORT_REASONS = {
    1: "too few submissions",
    2: "no quorum after every attempt",
    3: "too few valid updates",
    4: "its base version was rejected",
}
BASE_REJECTED = 4
SUSPEND_REASONS = {0: "by the operator", 1: "too many missed rounds"}
MISSED = 1


def bits(bitmap: int) -> tuple[int, ...]:
    """The client indices in a bitmap, lowest first."""
    return tuple(i for i in range(bitmap.bit_length()) if bitmap >> i & 1)


@dataclass
class Member:
    """One address that asked to join. `name` is foreign text, as the chain carries it."""

    address: str
    name: str
    status: str = "pending"
    index: int | None = None
    misses: int = 0
    suspended_for: int | None = None
    """Why it is suspended, or was the last time (`SUSPEND_REASONS`)."""


@dataclass
class Commitment:
    """What a client committed to in the data registry."""

    root: bytes
    count: int
    schema: bytes
    approved: bool = False


@dataclass
class Submission:
    """An update's digest as its owner put it on chain; `weight` is the approved record count at that moment."""

    index: int
    digest: str
    weight: int


@dataclass
class RoundFacts:
    """One round. `deadline` is that of the present phase in unix seconds; bitmaps hold client indices."""

    number: int
    base_version: int
    base_digest: str
    plan_hash: str
    selected: int
    committee: int
    seed: bytes
    deadline: int
    plan: int
    state: str = OPEN
    attempt: int = 0
    submissions: dict[int, Submission] = field(default_factory=dict)
    reports: dict[int, int] = field(default_factory=dict)
    """Member index to the bitmap of updates it holds (present attempt)."""
    attested: dict[int, int] = field(default_factory=dict)
    """Member index to its accuracy in basis points (present attempt)."""
    verdicts_root: bytes = b""
    version: int | None = None
    missed: set[int] = field(default_factory=set)

    @property
    def submitted(self) -> int:
        """Bitmap of the clients that submitted."""
        return sum(1 << i for i in self.submissions)

    @property
    def has_verdicts(self) -> bool:
        """Whether it is closed, and its committee agreed on verdicts: with a version, or that too few are valid."""
        return self.state in (FINALISED, ABORTED) and any(self.verdicts_root)

    def candidates(self, quorum: int) -> frozenset[int]:
        """The submitters whose update at least `quorum` reporting members hold: a pure function of the reports."""
        counts = {i: sum(held >> i & 1 for held in self.reports.values()) for i in self.submissions}
        return frozenset(i for i, count in counts.items() if count >= quorum)


@dataclass
class VersionFacts:
    """One row of the model registry."""

    number: int
    parent: int
    digest: str
    accuracy_bp: int
    round: int
    proposers: int
    state: str = "verified"


@dataclass
class Ledger:
    """The federation as its three contracts tell it. Feed it every `Log` in order through `apply`."""

    members: dict[str, Member] = field(default_factory=dict)
    by_index: dict[int, Member] = field(default_factory=dict)
    data: dict[str, Commitment] = field(default_factory=dict)
    plans: dict[int, dict[str, Any]] = field(default_factory=dict)
    rounds: dict[int, RoundFacts] = field(default_factory=dict)
    versions: dict[int, VersionFacts] = field(default_factory=dict)
    base: int = 0
    released: int | None = None

    @property
    def current(self) -> RoundFacts | None:
        """The newest round, in flight or closed."""
        return self.rounds[max(self.rounds)] if self.rounds else None

    @property
    def active(self) -> tuple[int, ...]:
        """Indices of the clients that the next round would select."""
        return tuple(sorted(i for i, member in self.by_index.items() if member.status == "active"))

    def plan_of(self, facts: RoundFacts) -> dict[str, Any]:
        """The plan that a round runs under."""
        return self.plans[facts.plan]

    def apply(self, log: Log) -> None:
        """Fold one decoded log; a log of another contract's event changes nothing."""
        handler = _HANDLERS.get(log.event)
        if handler is not None:
            handler(self, log.args)


def _joined(ledger: Ledger, args: dict[str, Any]) -> None:
    known = ledger.members.get(args["client"])
    member = Member(args["client"], args["name"], index=known.index if known else None)
    ledger.members[member.address] = member
    if member.index is not None:
        ledger.by_index[member.index] = member


def _approved(ledger: Ledger, args: dict[str, Any]) -> None:
    member = ledger.members[args["client"]]
    member.status, member.index = "active", args["index"]
    ledger.by_index[args["index"]] = member


def _status(status: str) -> Callable[[Ledger, dict[str, Any]], None]:
    def handler(ledger: Ledger, args: dict[str, Any]) -> None:
        index = args["index"]
        ledger.by_index[index].status = status
        facts = ledger.current
        if facts is not None and facts.state == OPEN and index not in facts.submissions:
            # The contract no longer waits for its update.
            facts.selected &= ~(1 << index)

    return handler


_suspend = _status("suspended")


def _suspended(ledger: Ledger, args: dict[str, Any]) -> None:
    _suspend(ledger, args)
    ledger.by_index[args["index"]].suspended_for = args["reason"]


def _rejected(ledger: Ledger, args: dict[str, Any]) -> None:
    ledger.members[args["client"]].status = "rejected"


def _reinstated(ledger: Ledger, args: dict[str, Any]) -> None:
    member = ledger.by_index[args["index"]]
    member.status, member.misses = "active", 0


def _missed(ledger: Ledger, args: dict[str, Any]) -> None:
    ledger.by_index[args["index"]].misses = args["misses"]
    ledger.rounds[args["round"]].missed.add(args["index"])


def _plan(ledger: Ledger, args: dict[str, Any]) -> None:
    ledger.plans[args["planId"]] = dict(args["plan"])


def _opened(ledger: Ledger, args: dict[str, Any]) -> None:
    ledger.rounds[args["round"]] = RoundFacts(
        number=args["round"],
        base_version=args["baseVersion"],
        base_digest=args["baseDigest"].hex(),
        plan_hash=args["planHash"].hex(),
        selected=args["selected"],
        committee=args["committee"],
        seed=args["seed"],
        deadline=args["deadline"],
        plan=max(ledger.plans),
    )


def _submitted(ledger: Ledger, args: dict[str, Any]) -> None:
    submission = Submission(args["index"], args["digest"].hex(), args["weight"])
    ledger.rounds[args["round"]].submissions[args["index"]] = submission


def _reporting(ledger: Ledger, args: dict[str, Any]) -> None:
    facts = ledger.rounds[args["round"]]
    facts.state, facts.attempt = REPORTING, args["attempt"]
    facts.committee, facts.deadline = args["committee"], args["deadline"]
    facts.reports, facts.attested = {}, {}


def _reported(ledger: Ledger, args: dict[str, Any]) -> None:
    ledger.rounds[args["round"]].reports[args["index"]] = args["available"]


def _attesting(ledger: Ledger, args: dict[str, Any]) -> None:
    facts = ledger.rounds[args["round"]]
    facts.state, facts.deadline = ATTESTING, args["deadline"]


def _attested(ledger: Ledger, args: dict[str, Any]) -> None:
    ledger.rounds[args["round"]].attested[args["index"]] = args["accuracyBp"]


def _finalised(ledger: Ledger, args: dict[str, Any]) -> None:
    facts = ledger.rounds[args["round"]]
    facts.state, facts.verdicts_root, facts.version = FINALISED, args["verdictsRoot"], args["version"]


def _aborted(ledger: Ledger, args: dict[str, Any]) -> None:
    facts = ledger.rounds[args["round"]]
    if facts.state == OPEN and args["reason"] == BASE_REJECTED:
        facts.selected = facts.submitted
    facts.state, facts.verdicts_root = ABORTED, args["verdictsRoot"]


def _registered(ledger: Ledger, args: dict[str, Any]) -> None:
    number = args["version"]
    ledger.versions[number] = VersionFacts(
        number, args["parent"], args["digest"].hex(), args["accuracyBp"], args["round"], args["proposers"]
    )
    ledger.base = number


def _version_approved(ledger: Ledger, args: dict[str, Any]) -> None:
    ledger.versions[args["version"]].state = "approved"


def _version_rejected(ledger: Ledger, args: dict[str, Any]) -> None:
    ledger.versions[args["version"]].state = "rejected"
    ledger.base = args["newBase"]


def _released(ledger: Ledger, args: dict[str, Any]) -> None:
    ledger.released = args["version"]


def _committed(ledger: Ledger, args: dict[str, Any]) -> None:
    ledger.data[args["owner"]] = Commitment(args["root"], args["count"], args["schema"])


def _data_approved(ledger: Ledger, args: dict[str, Any]) -> None:
    ledger.data[args["owner"]].approved = True


_HANDLERS: dict[str, Callable[[Ledger, dict[str, Any]], None]] = {
    "ClientJoined": _joined,
    "ClientApproved": _approved,
    "ClientRejected": _rejected,
    "ClientSuspended": _suspended,
    "ClientReinstated": _reinstated,
    "ClientBanned": _status("banned"),
    "ClientLeaving": _status("leaving"),
    "ClientLeft": _status("left"),
    "MissRecorded": _missed,
    "PlanSet": _plan,
    "RoundOpened": _opened,
    "UpdateSubmitted": _submitted,
    "ReportingStarted": _reporting,
    "Reported": _reported,
    "AttestingStarted": _attesting,
    "Attested": _attested,
    "RoundFinalised": _finalised,
    "RoundAborted": _aborted,
    "VersionRegistered": _registered,
    "VersionApproved": _version_approved,
    "VersionRejected": _version_rejected,
    "VersionReleased": _released,
    "DataCommitted": _committed,
    "DataApproved": _data_approved,
}

HANDLED = frozenset(_HANDLERS)
"""The events that change a ledger."""
