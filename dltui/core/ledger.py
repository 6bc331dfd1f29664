"""What the contracts say, folded from their logs: the one picture that clients, engine and `verify` act on.

Nothing here is remembered across restarts: a client that comes back reads the logs again and knows where it stands.
What a log changes is said by its event (`ChainFact.record`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dltui.core.chain_states import ClientStatus, RoundState, VersionState
from dltui.core.client_set import ClientSet


@dataclass
class Member:
    """One address that asked to join. `name` is foreign text, as the chain carries it."""

    address: str
    name: str
    status: ClientStatus = ClientStatus.PENDING
    index: int | None = None
    misses: int = 0
    suspended_for: int | None = None
    """Why it is suspended, or was the last time: a number of `SuspendReason`, or of a newer contract."""


@dataclass
class Commitment:
    """What a client committed to in the data registry."""

    root: bytes
    count: int
    schema: bytes
    approved: bool = False


@dataclass
class Submission:
    """An update's digest as its owner put it on chain; `weight` is the approved record count at that moment.

    `scheme` says how the update is protected (0: not at all), `group` which group of a scheme it belongs to.
    """

    index: int
    digest: str
    weight: int
    scheme: int = 0
    group: int = 0


@dataclass
class RoundFacts:
    """One round. `deadline` is that of the present phase in unix seconds; sets hold client indices."""

    number: int
    base_version: int
    base_digest: str
    plan_hash: str
    selected: ClientSet
    committee: ClientSet
    seed: bytes
    deadline: int
    plan: int
    state: RoundState = RoundState.OPEN
    attempt: int = 0
    submissions: dict[int, Submission] = field(default_factory=dict)
    reports: dict[int, ClientSet] = field(default_factory=dict)
    """Member index to the clients whose updates it holds (present attempt)."""
    scores: dict[int, bytes] = field(default_factory=dict)
    """Member index to what it says of the updates, in the form that the plan's rule asks for (present attempt)."""
    attested: dict[int, int] = field(default_factory=dict)
    """Member index to its accuracy in basis points (present attempt)."""
    verdicts_root: bytes = b""
    version: int | None = None
    missed: set[int] = field(default_factory=set)

    @property
    def submitted(self) -> ClientSet:
        """The clients that submitted."""
        return ClientSet.of(self.submissions)

    @property
    def has_verdicts(self) -> bool:
        """Whether it is closed, and its committee agreed on verdicts: with a version, or that too few are valid."""
        return self.state in (RoundState.FINALISED, RoundState.ABORTED) and any(self.verdicts_root)

    def candidates(self, quorum: int) -> frozenset[int]:
        """Return the submitters whose update at least `quorum` members hold: a pure function of the reports."""
        counts = {i: sum(i in held for held in self.reports.values()) for i in self.submissions}
        return frozenset(i for i, count in counts.items() if count >= quorum)


@dataclass
class VersionFacts:
    """One row of the model registry."""

    number: int
    parent: int
    digest: str
    accuracy_bp: int
    round: int
    proposers: ClientSet
    state: VersionState = VersionState.VERIFIED


@dataclass
class Ledger:
    """The federation as its contracts tell it. Give `core.events.record` every log in order."""

    members: dict[str, Member] = field(default_factory=dict)
    by_index: dict[int, Member] = field(default_factory=dict)
    data: dict[str, Commitment] = field(default_factory=dict)
    plans: dict[int, dict[str, Any]] = field(default_factory=dict)
    rounds: dict[int, RoundFacts] = field(default_factory=dict)
    versions: dict[int, VersionFacts] = field(default_factory=dict)
    base: int = 0

    @property
    def current(self) -> RoundFacts | None:
        """The newest round, in flight or closed."""
        return self.rounds[max(self.rounds)] if self.rounds else None

    @property
    def active(self) -> tuple[int, ...]:
        """Indices of the clients that the next round would select."""
        return tuple(sorted(i for i, member in self.by_index.items() if member.status == ClientStatus.ACTIVE))

    def plan_of(self, facts: RoundFacts) -> dict[str, Any]:
        """Return the plan that a round runs under."""
        return self.plans[facts.plan]

    def set_status(self, index: int, status: ClientStatus) -> Member:
        """Move a registered client; one that takes no part any more is not waited for in an open round."""
        member = self.by_index[index]
        member.status = status
        facts = self.current
        left = status != ClientStatus.ACTIVE and facts is not None and index not in facts.submissions
        if left and facts is not None and facts.state == RoundState.OPEN:
            facts.selected -= ClientSet.of((index,))
        return member
