"""The contracts in plain Python, written from the rules and not from the Solidity: sets, lists and loops.

`Model.do` does what a transaction does: it returns the events, or raises Refused with the error's name and changes
nothing. The state machine test compares both step by step.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median_low
from typing import Any

from eth_abi import encode
from eth_utils import keccak

from dltui.chain import merkle
from dltui.chain.contracts.bound import NO_LIMIT, ClientStatus, Plan, RoundState, VersionState
from tests.kits.contract_parts import ZERO, Data, Person, Round, Version, bits, draw, need

S = ClientStatus
R = RoundState
Events = list[tuple[str, dict[str, Any]]]


class Model:
    """One federation with its registries; `seal` computes a member's seal, `now` is the next transaction's time."""

    def __init__(self, operator: str, seed: bytes, now: int, seal: Callable[[int, int, str, bytes, bytes], bytes]):
        self.operator, self.seed, self.now, self._seal = operator, seed, now, seal
        self.people: dict[str, Person] = {}
        self.order: list[Person] = []
        self.data: dict[str, Data] = {}
        self.plans: list[Plan] = []
        self.rounds: list[Round] = []
        self.versions: list[Version] = []
        self.released: int | None = None
        self.paces: list[int] = []
        self._out: Events = []

    def do(self, sender: str, function: str, *args: Any) -> Events:
        """Sends one transaction."""
        self._out = []
        getattr(self, function)(sender, *args)
        return self._out

    # Derived

    @property
    def flying(self) -> Round | None:
        return self.rounds[-1] if self.rounds and self.rounds[-1].state.in_flight else None

    @property
    def active(self) -> set[int]:
        return {p.index for p in self.order if p.index is not None and p.status == S.ACTIVE}

    def untainted(self, number: int) -> bool:
        """Follows the parents."""
        version = self.versions[number]
        if version.state == VersionState.REJECTED:
            return False
        return number == 0 or self.untainted(version.parent)

    def base(self) -> int:
        """The newest version with no rejected ancestor."""
        return max(v.number for v in self.versions if self.untainted(v.number))

    # Data

    def commit(self, sender: str, root: bytes, count: int, schema: bytes, budget: int) -> None:
        need(root != ZERO and count > 0, "EmptyCommitment")
        old = self.data.get(sender)
        budget = min(budget, old.budget) if old else budget
        self.data[sender] = Data(root, schema, count, budget, old.last_round if old else 0)
        self._emit("DataCommitted", owner=sender, root=root, count=count, schema=schema, budget=budget)

    def approve_data(self, sender: str, owner: str, root: bytes, count: int) -> None:
        self._operator(sender)
        data = self._committed(owner)
        need((data.root, data.count) == (root, count), "CommitmentDiffers")
        need(not data.approved, "DataAlreadyApproved")
        data.approved = True
        self._emit("DataApproved", owner=owner, root=root, count=count)

    def grant(self, sender: str) -> None:
        data = self._committed(sender)
        need(not data.granted, "AlreadyGranted")
        data.granted = True
        self._emit("DataGranted", owner=sender)

    def revoke(self, sender: str) -> None:
        data = self._committed(sender)
        need(data.granted, "NotGranted")
        data.granted = False
        self._emit("DataRevoked", owner=sender)

    def lower_budget(self, sender: str, budget: int) -> None:
        data = self._committed(sender)
        need(budget < data.budget, "BudgetNotLower")
        data.budget = budget
        self._emit("BudgetLowered", owner=sender, budget=budget)

    # Versions

    def genesis(self, sender: str, digest: bytes) -> None:
        self._operator(sender)
        need(not self.versions, "GenesisExists")
        self._register(digest, VersionState.APPROVED, 0, 0, frozenset())
        self._emit("VersionApproved", version=0, by=sender)
        self._emit("VersionReleased", version=0)
        self.released = 0

    def approve(self, sender: str, number: int) -> None:
        self._operator(sender)
        need(number < len(self.versions), "UnknownVersion")
        version = self.versions[number]
        need(version.state != VersionState.REJECTED, "WrongVersionState")
        need(self.untainted(number), "VersionTainted")
        person = self.people.get(sender)
        need(person is None or person.index not in version.proposers, "ProposerCannotApprove")
        version.state = VersionState.APPROVED
        self.released = number
        self._emit("VersionApproved", version=number, by=sender)
        self._emit("VersionReleased", version=number)

    def reject(self, sender: str, number: int) -> None:
        self._operator(sender)
        need(number < len(self.versions), "UnknownVersion")
        need(number != 0, "GenesisCannotBeRejected")
        need(self.versions[number].state != VersionState.REJECTED, "WrongVersionState")
        self.versions[number].state = VersionState.REJECTED
        self._emit("VersionRejected", version=number, by=sender, newBase=self.base())
        if self.released is not None and not self.untainted(self.released):
            self.released = None
        r = self.flying
        if r and not self.untainted(r.base):
            if r.state == R.OPEN:
                r.selected = set(r.submitted)
            self._abort(r, 4)

    # Clients

    def join(self, sender: str, name: str) -> None:
        need(1 <= len(name.encode()) <= 64, "NameLength")
        person = self.people.setdefault(sender, Person(sender))
        need(not person.pending and person.status in (S.NONE, S.LEFT), "WrongStatus")
        person.pending = True
        self._emit("ClientJoined", client=sender, name=name)

    def approve_client(self, sender: str, account: str) -> None:
        self._operator(sender)
        person = self._applicant(account)
        if person.index is None:
            person.index = len(self.order)
            self.order.append(person)
        person.pending, person.status, person.misses = False, S.ACTIVE, 0
        self._emit("ClientApproved", index=person.index, client=account)

    def reject_client(self, sender: str, account: str) -> None:
        self._operator(sender)
        self._applicant(account).pending = False
        self._emit("ClientRejected", client=account)

    def suspend_client(self, sender: str, index: int) -> None:
        self._operator(sender)
        self._suspend(self._client(index, S.ACTIVE), 0)

    def reinstate_client(self, sender: str, index: int) -> None:
        self._operator(sender)
        person = self._client(index, S.SUSPENDED)
        person.status, person.misses = S.ACTIVE, 0
        self._emit("ClientReinstated", index=index)

    def ban_client(self, sender: str, index: int) -> None:
        self._operator(sender)
        need(index < len(self.order), "UnknownClient")
        person = self.order[index]
        need(person.status != S.BANNED, "WrongStatus")
        person.status, person.pending = S.BANNED, False
        self._emit("ClientBanned", index=index)
        self._not_waited_for(index)

    def leave(self, sender: str) -> None:
        person = self._known(sender)
        need(person.status in (S.ACTIVE, S.SUSPENDED), "WrongStatus")
        person.status = S.LEAVING
        self._emit("ClientLeaving", index=person.index)
        self._not_waited_for(person.index)
        if not self._needed(person.index):
            self._leave(person)

    def complete_leave(self, sender: str, index: int) -> None:
        person = self._client(index, S.LEAVING)
        need(not self._needed(index), "RoundInFlight")
        self._leave(person)

    def record_miss(self, sender: str, number: int, index: int, digest: bytes, weight: int, proof: list[bytes]) -> None:
        closed = [r for r in self.rounds if not r.state.in_flight]
        need(bool(closed) and closed[-1].number == number, "NotLastClosed")
        person, r = self._client(index, S.ACTIVE), closed[-1]
        need(person.last_miss != number, "MissAlreadyRecorded")
        need(index in r.selected, "NotMissed")
        if index in r.submitted:
            leaf = merkle.verdict_leaf(number, index, digest, False, 1, weight)
            need(merkle.verify(leaf, proof, r.root), "NotMissed")
        was_good_since = person.last_submitted > person.last_miss and person.last_miss != number - 1
        person.misses = 1 if was_good_since else person.misses + 1
        person.last_miss = number
        self._emit("MissRecorded", round=number, index=index, misses=person.misses)
        if r.plan.max_missed and person.misses >= r.plan.max_missed:
            self._suspend(person, 1)

    # Rounds

    def set_plan(self, sender: str, plan: Plan) -> None:
        self._operator(sender)
        self.plans.append(plan)
        self._out.append(("PlanSet", {"planId": len(self.plans) - 1, "planHash": plan.plan_hash}))

    def open_round(self, sender: str) -> None:
        self._operator(sender)
        need(self.flying is None, "RoundInFlight")
        need(bool(self.plans), "NoPlan")
        plan, active = self.plans[-1], self.active
        need(len(active) >= max(plan.min_submissions, plan.quorum), "TooFewClients")
        need(bool(self.versions), "GenesisMissing")
        base = self.versions[self.base()]
        need(not plan.require_approval or base.state == VersionState.APPROVED, "AwaitingApproval")
        window = plan.train_window_max
        if self.paces:
            window = max(plan.train_window, min(window, 4 * median_low(self.paces[-3:])))
        r = Round(
            number=len(self.rounds) + 1,
            plan_id=len(self.plans) - 1,
            plan=plan,
            base=base.number,
            opened_at=self.now,
            deadline=self.now + window,
            selected=active,
            committee=draw(active, min(plan.committee_size, len(active)), self.seed, 0),
        )
        self.rounds.append(r)
        self._emit(
            "RoundOpened",
            round=r.number,
            baseVersion=base.number,
            baseDigest=base.digest,
            planHash=plan.plan_hash,
            selected=bits(active),
            committee=bits(r.committee),
            seed=self.seed,
            deadline=r.deadline,
        )

    def submit(self, sender: str, number: int, digest: bytes, scheme: int = 0, group: int = 0) -> None:
        r = self._current(number, R.OPEN)
        need(self.now <= r.deadline, "TooLate")
        person = self._known(sender)
        need(person.status == S.ACTIVE, "WrongStatus")
        need(person.index in r.selected, "NotSelected")
        need(person.index not in r.submitted, "AlreadySubmitted")
        need(digest != ZERO, "ZeroDigest")
        need(scheme == 0, "SchemeNotSupported")
        need(group == 0, "GroupNotSupported")
        data = self._committed(sender)
        need(data.approved, "DataNotApproved")
        need(data.granted, "NotGranted")
        need(r.plan.privacy_cost <= data.budget, "BudgetExceeded")
        if data.budget != NO_LIMIT:
            data.budget -= r.plan.privacy_cost
        data.last_round = person.last_submitted = number
        r.submitted.add(person.index)
        cost = r.plan.privacy_cost
        self._emit("DataUsed", owner=sender, round=number, cost=cost, budgetLeft=data.budget)
        common = {"round": number, "index": person.index, "digest": digest, "weight": data.count}
        self._emit("UpdateSubmitted", **common, scheme=0, group=0)
        if r.submitted == r.selected:
            self._end_submissions(r)

    def close_submissions(self, sender: str, number: int) -> None:
        r = self._current(number, R.OPEN)
        need(self.now > r.deadline, "TooEarly")
        self._end_submissions(r)

    def report(self, sender: str, number: int, attempt: int, available: int, scores: bytes) -> None:
        r = self._current(number, R.REPORTING)
        index = self._seated(sender, r, attempt)
        need(index not in r.reported, "AlreadyReported")
        need(not available & ~bits(r.submitted), "NotSubmitted")
        need(len(scores) <= 512, "ScoresTooLong")
        r.reported.add(index)
        self._emit("Reported", round=number, attempt=attempt, index=index, available=available, scores=scores)
        if r.reported == r.committee:
            self._end_reports(r)

    def close_reports(self, sender: str, number: int) -> None:
        r = self._current(number, R.REPORTING)
        need(self.now > r.deadline, "TooEarly")
        self._end_reports(r)

    def attest(self, sender: str, number: int, attempt: int, sealed: bytes, accuracy: int) -> None:
        r = self._current(number, R.ATTESTING)
        index = self._seated(sender, r, attempt)
        need(index in r.reported, "NotReported")
        need(index not in r.seals, "AlreadyAttested")
        need(accuracy <= 10_000, "AccuracyOutOfRange")
        r.seals[index] = (sealed, accuracy)
        self._emit("Attested", round=number, attempt=attempt, index=index, sealed=sealed, accuracyBp=accuracy)

    def finalise(self, sender: str, number: int, digest: bytes, root: bytes) -> None:
        r = self._current(number, R.ATTESTING)
        need(r.seals.keys() == r.reported or self.now > r.deadline, "TooEarly")
        agreeing = {
            index
            for index, (sealed, _) in r.seals.items()
            if sealed == self._seal(number, r.attempt, self.order[index].account, digest, root)
        }
        need(len(agreeing) >= r.plan.quorum, "NoQuorum")
        if digest == ZERO:
            self._abort(r, 3, root)
            return
        r.state, r.root = R.FINALISED, root
        if r.submitted == r.selected:
            self.paces.append(r.open_seconds)
        self.seed = keccak(self.seed + digest)
        accuracy = median_low([r.seals[index][1] for index in agreeing])
        version = self._register(digest, VersionState.VERIFIED, accuracy, number, frozenset(agreeing))
        self._emit(
            "RoundFinalised",
            round=number,
            attempt=r.attempt,
            version=version,
            resultDigest=digest,
            verdictsRoot=root,
            agreeing=bits(agreeing),
            accuracyBp=accuracy,
            nextSeed=self.seed,
        )

    def close_attestations(self, sender: str, number: int) -> None:
        r = self._current(number, R.ATTESTING)
        patience = r.plan.attest_window if len(r.seals) >= r.plan.quorum else 0
        need(self.now > r.deadline + patience, "TooEarly")
        self._redraw(r, r.committee - r.seals.keys())

    # Inside

    def _emit(self, event: str, **args: Any) -> None:
        self._out.append((event, args))

    def _operator(self, sender: str) -> None:
        need(sender == self.operator, "AccessControlUnauthorizedAccount")

    def _committed(self, owner: str) -> Data:
        need(owner in self.data, "NothingCommitted")
        return self.data[owner]

    def _applicant(self, account: str) -> Person:
        person = self.people.get(account)
        need(person is not None and person.pending, "UnknownClient")
        assert person is not None
        return person

    def _known(self, account: str) -> Person:
        person = self.people.get(account)
        need(person is not None and person.index is not None, "UnknownClient")
        assert person is not None
        return person

    def _client(self, index: int, status: ClientStatus) -> Person:
        need(index < len(self.order), "UnknownClient")
        need(self.order[index].status == status, "WrongStatus")
        return self.order[index]

    def _current(self, number: int, state: RoundState) -> Round:
        need(number == len(self.rounds), "WrongRound")
        need(bool(self.rounds) and self.rounds[-1].state == state, "WrongState")
        return self.rounds[-1]

    def _seated(self, sender: str, r: Round, attempt: int) -> int:
        need(attempt == r.attempt, "WrongAttempt")
        need(self.now <= r.deadline, "TooLate")
        person = self._known(sender)
        need(person.index in r.committee, "NotMember")
        need(person.status != S.BANNED, "WrongStatus")
        assert person.index is not None
        return person.index

    def _suspend(self, person: Person, reason: int) -> None:
        person.status = S.SUSPENDED
        self._emit("ClientSuspended", index=person.index, reason=reason)
        self._not_waited_for(person.index)

    def _leave(self, person: Person) -> None:
        person.status = S.LEFT
        self._emit("ClientLeft", index=person.index)

    def _needed(self, index: int | None) -> bool:
        return self.flying is not None and index in self.flying.selected | self.flying.committee

    def _not_waited_for(self, index: int | None) -> None:
        r = self.flying
        if r and r.state == R.OPEN and index in r.selected - r.submitted:
            r.selected.discard(index)
            if r.selected == r.submitted:
                self._end_submissions(r)

    def _end_submissions(self, r: Round) -> None:
        r.open_seconds = min(self.now, r.deadline) - r.opened_at
        if len(r.submitted) < r.plan.min_submissions:
            self.paces.clear()
            self._abort(r, 1)
        else:
            self._start_reporting(r)

    def _end_reports(self, r: Round) -> None:
        if len(r.reported) < r.plan.quorum:
            self._redraw(r, r.committee - r.reported)
            return
        r.state, r.deadline = R.ATTESTING, self.now + r.plan.attest_window
        reported = bits(r.reported)
        self._emit("AttestingStarted", round=r.number, attempt=r.attempt, reported=reported, deadline=r.deadline)

    def _start_reporting(self, r: Round) -> None:
        r.state, r.deadline = R.REPORTING, self.now + r.plan.report_window
        common = {"round": r.number, "attempt": r.attempt, "deadline": r.deadline}
        self._emit("ReportingStarted", **common, submitted=bits(r.submitted), committee=bits(r.committee))

    def _redraw(self, r: Round, silent: set[int]) -> None:
        pool = {index for index in r.selected if self.order[index].status != S.BANNED}
        seats = min(r.plan.committee_size, len(pool))
        if r.attempt == 2 or seats < r.plan.quorum:
            self._abort(r, 2)
            return
        if len(pool - silent) >= seats:
            pool -= silent
        r.attempt += 1
        r.committee = draw(pool, seats, self.seed, r.attempt)
        r.reported, r.seals = set(), {}
        self._start_reporting(r)

    def _abort(self, r: Round, reason: int, root: bytes = ZERO) -> None:
        r.state, r.root = R.ABORTED, root
        self.seed = keccak(encode(["bytes32", "uint256", "string"], [self.seed, r.attempt, "abort"]))
        common = {"round": r.number, "attempt": r.attempt, "reason": reason}
        self._emit("RoundAborted", **common, verdictsRoot=root, nextSeed=self.seed)

    def _register(
        self, digest: bytes, state: VersionState, accuracy: int, number: int, proposers: frozenset[int]
    ) -> int:
        need(digest != ZERO, "ZeroVersionDigest")
        parent = self.base() if self.versions else 0
        version = Version(len(self.versions), parent, digest, state, accuracy, number, proposers)
        self.versions.append(version)
        self._emit(
            "VersionRegistered",
            version=version.number,
            parent=parent,
            digest=digest,
            accuracyBp=accuracy,
            round=number,
            proposers=bits(set(proposers)),
        )
        return version.number
