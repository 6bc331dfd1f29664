"""The steps of a round, from the plan and the opening to the last seal."""

from __future__ import annotations

from typing import Any, ClassVar

from dltui.core import format as fmt
from dltui.core.chain_states import RoundState
from dltui.core.client_set import ClientSet
from dltui.core.envelope import ChainFact, Names
from dltui.core.ledger import Ledger, RoundFacts, Submission
from dltui.core.state.entities import Plan, Round
from dltui.core.state.state import State, require

__all__ = [
    "PlanSet",
    "RoundAttested",
    "RoundAttesting",
    "RoundOpened",
    "RoundReported",
    "RoundReporting",
    "UpdateSubmitted",
]

CHANGED = ("round", "clients")


class PlanSet(ChainFact, frozen=True, kw_only=True, omit_defaults=True):
    """The learning plan from the next round on; `min_submissions` is 0 in older journals."""

    KIND: ClassVar[str] = "plan.set"
    LOG: ClassVar[str] = "PlanSet"
    ADDED: ClassVar[tuple[str, ...]] = ("min_submissions",)
    plan: int
    plan_hash: str
    committee: int
    quorum: int
    require_approval: bool
    min_submissions: int = 0

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> PlanSet:
        """Make it."""
        plan = args["plan"]
        return cls(
            plan=args["planId"],
            plan_hash=args["planHash"].hex(),
            committee=plan["committeeSize"],
            quorum=plan["quorum"],
            require_approval=plan["requireApproval"],
            min_submissions=plan["minSubmissions"],
        )

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Keep the plan."""
        ledger.plans[args["planId"]] = dict(args["plan"])

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Use the plan from the next round on."""
        state.plan = Plan(
            self.plan, self.plan_hash, self.committee, self.quorum, self.require_approval, self.min_submissions
        )
        return ("round",)

    def sentence(self) -> str:
        """Name the plan and its quorum."""
        return f"plan {self.plan}  {fmt.short(self.plan_hash)}  quorum {self.quorum} of {self.committee}"


class RoundOpened(ChainFact, frozen=True, kw_only=True):
    """A round began: base version, the selected clients, the committee's seats, the deadline (unix seconds)."""

    KIND: ClassVar[str] = "round.opened"
    LOG: ClassVar[str] = "RoundOpened"
    round: int
    base: int
    base_digest: str
    plan_hash: str
    selected: tuple[str, ...]
    committee: tuple[str, ...]
    seed: str
    deadline: int

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> RoundOpened:
        """Make it."""
        return cls(
            round=args["round"],
            base=args["baseVersion"],
            base_digest=args["baseDigest"].hex(),
            plan_hash=args["planHash"].hex(),
            selected=names.clients(args["selected"]),
            committee=names.clients(args["committee"]),
            seed=args["seed"].hex(),
            deadline=args["deadline"],
        )

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Begin the round."""
        ledger.rounds[args["round"]] = RoundFacts(
            number=args["round"],
            base_version=args["baseVersion"],
            base_digest=args["baseDigest"].hex(),
            plan_hash=args["planHash"].hex(),
            selected=ClientSet(args["selected"]),
            committee=ClientSet(args["committee"]),
            seed=args["seed"],
            deadline=args["deadline"],
            plan=max(ledger.plans),
        )

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Begin the round, which it can when the one before is closed."""
        last = max(state.rounds, default=0)
        require(self.round == last + 1, f"round {self.round} was opened after round {last}")
        require(state.in_flight is None, f"round {self.round} was opened in round {last}")
        state.rounds[self.round] = Round(
            number=self.round,
            base=self.base,
            selected=self.selected,
            committee=self.committee,
            seed=self.seed,
            deadline=self.deadline,
            opened_at=ts,
            phase_at=ts,
            story=[(ts, "opened", "")],
        )
        if self.round in state.chain.by_round:
            state.rounds[self.round].gas = state.chain.by_round[self.round].gas
        for id in self.selected:
            state.client(id)
        for client in state.clients.values():
            client.epoch = client.epochs = client.batch = client.batches = 0
            client.activity, client.loss, client.accuracy_bp = "", None, None
        return CHANGED

    def sentence(self) -> str:
        """Say who takes part and who has a seat."""
        who = f"{fmt.plural(len(self.selected), 'client')}, committee {fmt.names(self.committee, 16)}"
        return f"r{self.round} opened from version {self.base}: {who}"


class UpdateSubmitted(ChainFact, frozen=True, kw_only=True, omit_defaults=True):
    """A client put the digest of its update on chain; `weight` is its approved record count.

    `scheme` says how the update is protected (0: not at all), `group` which group of the scheme it belongs to.
    """

    KIND: ClassVar[str] = "update.submitted"
    LOG: ClassVar[str] = "UpdateSubmitted"
    ADDED: ClassVar[tuple[str, ...]] = ("scheme", "group")
    round: int
    client: str
    digest: str
    weight: int
    tx: str
    scheme: int = 0
    group: int = 0

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> UpdateSubmitted:
        """Make it."""
        return cls(
            round=args["round"],
            client=names.client(args["index"]),
            digest=args["digest"].hex(),
            weight=args["weight"],
            tx=tx,
            scheme=args["scheme"],
            group=args["group"],
        )

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Take the update in."""
        submission = Submission(args["index"], args["digest"].hex(), args["weight"], args["scheme"], args["group"])
        ledger.rounds[args["round"]].submissions[args["index"]] = submission

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Take the update in; a selected client submits once."""
        current = live_round(state, self.round, RoundState.OPEN)
        selected = self.client in current.selected
        require(selected, f"{self.client} submitted to round {self.round} without being selected")
        require(self.client not in current.submitted, f"{self.client} submitted twice to round {self.round}")
        current.submitted[self.client], current.weights[self.client] = self.digest, self.weight
        current.story.append((ts, "submitted", self.client))
        state.client(self.client).last_seen = ts
        return CHANGED

    def sentence(self) -> str:
        """Say whose update it is and what it weighs."""
        protected = f"  scheme {self.scheme}, group {self.group}" if self.scheme else ""
        update = f"{self.client}  {fmt.short(self.digest)}  weight {self.weight:,}"
        return f"r{self.round} update from {update}{protected}"


class RoundReporting(ChainFact, frozen=True, kw_only=True):
    """Submissions closed: updates are published, the committee fetches them. `attempt` > 0 after a redraw."""

    KIND: ClassVar[str] = "round.reporting"
    LOG: ClassVar[str] = "ReportingStarted"
    round: int
    attempt: int
    submitted: tuple[str, ...]
    committee: tuple[str, ...]
    deadline: int

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> RoundReporting:
        """Make it."""
        return cls(
            round=args["round"],
            attempt=args["attempt"],
            submitted=names.clients(args["submitted"]),
            committee=names.clients(args["committee"]),
            deadline=args["deadline"],
        )

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Begin an attempt."""
        facts = ledger.rounds[args["round"]]
        facts.state, facts.attempt = RoundState.REPORTING, args["attempt"]
        facts.committee, facts.deadline = ClientSet(args["committee"]), args["deadline"]
        facts.reports, facts.scores, facts.attested = {}, {}, {}

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Close the submissions, or begin again from the same ones with a new committee."""
        current = live_round(state, self.round)
        same_attempt(current, self.attempt if current.state == RoundState.OPEN else self.attempt - 1)
        current.state, current.attempt, current.committee = RoundState.REPORTING, self.attempt, self.committee
        current.reported, current.attested, current.members = {}, {}, ()
        current.deadline, current.phase_at = self.deadline, ts
        again = f"attempt {self.attempt + 1}, a new committee" if self.attempt else "submissions closed"
        current.story.append((ts, again, ""))
        return CHANGED

    def sentence(self) -> str:
        """Say how many updates there are, or who is in the new committee."""
        if self.attempt:
            return f"r{self.round} attempt {self.attempt + 1}: new committee {fmt.names(self.committee, 16)}"
        return f"r{self.round} submissions closed with {fmt.plural(len(self.submitted), 'update')}"


class RoundReported(ChainFact, frozen=True, kw_only=True, omit_defaults=True):
    """A committee member said which updates it holds; `scores` (hex) is what it says of them, if the rule asks."""

    KIND: ClassVar[str] = "round.reported"
    LOG: ClassVar[str] = "Reported"
    ADDED: ClassVar[tuple[str, ...]] = ("scores",)
    round: int
    attempt: int
    member: str
    available: tuple[str, ...]
    scores: str = ""

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> RoundReported:
        """Make it."""
        return cls(
            round=args["round"],
            attempt=args["attempt"],
            member=names.client(args["index"]),
            available=names.clients(args["available"]),
            scores=args["scores"].hex(),
        )

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Take the report in."""
        facts = ledger.rounds[args["round"]]
        facts.reports[args["index"]] = ClientSet(args["available"])
        if args["scores"]:
            facts.scores[args["index"]] = args["scores"]

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Take the report in; a seated member reports once an attempt."""
        current = live_round(state, self.round, RoundState.REPORTING)
        same_attempt(current, self.attempt)
        require(self.member in current.committee, f"{self.member} reported in round {self.round} without a seat")
        require(self.member not in current.reported, f"{self.member} reported twice in round {self.round}")
        current.reported[self.member] = self.available
        current.story.append((ts, f"holds {len(self.available)} of {len(current.submitted)} updates", self.member))
        state.client(self.member).last_seen = ts
        return CHANGED

    def sentence(self) -> str:
        """Say how many it holds."""
        return f"r{self.round} {self.member} holds {fmt.plural(len(self.available), 'update')}"


class RoundAttesting(ChainFact, frozen=True, kw_only=True):
    """The included set is fixed; members recompute and attest."""

    KIND: ClassVar[str] = "round.attesting"
    LOG: ClassVar[str] = "AttestingStarted"
    round: int
    attempt: int
    members: tuple[str, ...]
    deadline: int

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> RoundAttesting:
        """Make it."""
        members = names.clients(args["reported"])
        return cls(round=args["round"], attempt=args["attempt"], members=members, deadline=args["deadline"])

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Go on to the seals."""
        facts = ledger.rounds[args["round"]]
        facts.state, facts.deadline = RoundState.ATTESTING, args["deadline"]

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Fix the included set."""
        current = live_round(state, self.round, RoundState.REPORTING)
        same_attempt(current, self.attempt)
        current.state, current.members = RoundState.ATTESTING, self.members
        current.deadline, current.phase_at = self.deadline, ts
        current.story.append((ts, "the included set is fixed", ""))
        return CHANGED

    def sentence(self) -> str:
        """Say who recomputes."""
        return f"r{self.round} {fmt.names(self.members, 16)} recompute and attest"


class RoundAttested(ChainFact, frozen=True, kw_only=True):
    """A member sealed its result; `accuracy_bp` is measured on its own held-out records."""

    KIND: ClassVar[str] = "round.attested"
    LOG: ClassVar[str] = "Attested"
    round: int
    attempt: int
    member: str
    accuracy_bp: int

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> RoundAttested:
        """Make it."""
        member = names.client(args["index"])
        return cls(round=args["round"], attempt=args["attempt"], member=member, accuracy_bp=args["accuracyBp"])

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Take the seal in."""
        ledger.rounds[args["round"]].attested[args["index"]] = args["accuracyBp"]

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Take the seal in; a member that reported attests once an attempt."""
        current = live_round(state, self.round, RoundState.ATTESTING)
        same_attempt(current, self.attempt)
        member = self.member
        require(member in current.members, f"{member} attested round {self.round} without having reported")
        require(member not in current.attested, f"{member} attested round {self.round} twice")
        current.attested[member] = state.client(member).accuracy_bp = self.accuracy_bp
        current.story.append((ts, f"attested, accuracy {fmt.accuracy(self.accuracy_bp)}", member))
        state.client(member).last_seen = ts
        return CHANGED

    def sentence(self) -> str:
        """Say what it measured."""
        return f"r{self.round} {self.member} attested  {fmt.accuracy(self.accuracy_bp)}"


def any_round(state: State, number: int) -> Round:
    """Return the round of that number. Raises IllegalStep if it was never opened."""
    require(number in state.rounds, f"round {number} was never opened")
    return state.rounds[number]


def live_round(state: State, number: int, due: RoundState | None = None) -> Round:
    """Return the round if it is in flight, in the state that is `due`. Raises IllegalStep if it is not."""
    current = any_round(state, number)
    fits = current.state.in_flight if due is None else current.state == due
    wanted = due or "open or reporting or attesting"
    require(fits, f"round {number} is {current.state}, not {wanted}")
    return current


def same_attempt(current: Round, attempt: int) -> None:
    """Raise IllegalStep unless the round is in this attempt."""
    require(attempt == current.attempt, f"round {current.number} is in attempt {current.attempt}, not {attempt}")
