"""The contracts against the plain Python model: the same actions, the same events, errors and state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dltui.chain import merkle
from dltui.chain.contracts.bound import NO_LIMIT, ClientStatus, RoundState, VersionState
from dltui.chain.types import Reverted
from tests.kits.contract_evm import CHAIN_ID, address
from tests.kits.contract_model import Model
from tests.kits.contract_parts import Refused, bits
from tests.kits.contract_world import FEDERATION_ID, GENESIS, PLAN, SCHEMA, SEED, World, digest, result

PEOPLE = [address(f"person {number}") for number in range(6)]
ANYBODY = st.sampled_from([*PEOPLE, address("operator"), address("stranger")])
PERSON = st.sampled_from(PEOPLE)
INDEX = st.integers(0, 6)
SPARED = st.sets(st.integers(0, 5), max_size=3)
CHOICE = st.sampled_from([1, 1, 2, 0])
MEANWHILE = [
    "suspend_client",
    "reinstate_client",
    "ban_client",
    "leave",
    "approve_client",
    "reject_client",
    "commit",
    "grant",
    "revoke",
    "lower_budget",
    "approve",
    "reject",
    "set_plan",
]
CLOSING = ("close_submissions", "close_reports", "close_attestations")
ROOT = b"\x44" * 32
WEIGHT = 10
PLANS = [
    replace(PLAN, min_submissions=2, require_approval=False, max_missed=2, privacy_cost=3),
    replace(PLAN, min_submissions=1, committee_size=1, quorum=1, max_missed=1),
    replace(PLAN, min_submissions=2, committee_size=4, quorum=3, max_missed=0, require_approval=True),
    replace(PLAN, min_submissions=2, committee_size=5, quorum=3, train_window=30, train_window_max=40),
]


@pytest.fixture(scope="module")
def start() -> World:
    """Deployed, with an operator, version 0 and no clients yet."""
    world = World()
    world.ready(clients=0, plan=PLANS[0])
    return world


class Federation(RuleBasedStateMachine):
    """Random people, an operator and time, with now and then a step that makes progress."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.evm = self.world.evm
        self.root, self.start = self.evm.root, self.evm.now
        self.operator = self.world.operator
        self.trees: dict[int, list[bytes]] = {}
        self.model = Model(self.operator, SEED, self.evm.now, self._seal)
        self.model.do(self.operator, "genesis", GENESIS)
        self.model.do(self.operator, "set_plan", PLANS[0])

    def teardown(self) -> None:
        self.same_state()
        self.evm.root, self.evm.now = self.root, self.start

    def _seal(self, number: int, attempt: int, member: str, digest: bytes, verdicts: bytes) -> bytes:
        return merkle.seal(CHAIN_ID, self.world.fl.address, FEDERATION_ID, number, attempt, member, digest, verdicts)

    def both(self, sender: str, contract: Any, function: str, *args: Any) -> bool:
        """Does one thing on both sides; whether it went through."""
        self.model.now = self.evm.now
        expected: Any
        try:
            expected = self.model.do(sender, function, *args)
        except Refused as refused:
            expected = str(refused)
        got: Any
        try:
            sent = self.evm.send(sender, getattr(contract, function)(*args))
            got = [(log.event, {k: v for k, v in log.args.items() if k != "plan"}) for log in sent.events]
        except Reverted as reverted:
            got = reverted.revert.name
        assert got == expected, (function, args)
        return isinstance(expected, list)

    def fl(self, sender: str, function: str, *args: Any) -> bool:
        return self.both(sender, self.world.fl, function, *args)

    # What the running round looks like

    @property
    def number(self) -> int:
        return len(self.model.rounds)

    @property
    def attempt(self) -> int:
        return self.model.rounds[-1].attempt if self.model.rounds else 0

    @property
    def state(self) -> RoundState:
        return self.model.rounds[-1].state if self.model.rounds else RoundState.NONE

    def outcome(self, choice: int) -> tuple[bytes, bytes]:
        """Result 0 is "too few valid", the others differ; everybody with an odd index withheld its update."""
        leaves = [
            merkle.verdict_leaf(self.number, index, digest(index), index % 2 == 0, index % 2, WEIGHT)
            for index in range(max(1, len(self.model.order)))
        ]
        self.trees[self.number] = leaves
        return (result(choice) if choice else bytes(32), merkle.root(leaves))

    # Setting up

    @initialize(count=st.integers(3, 6))
    def people(self, count: int) -> None:
        for person in PEOPLE[:count]:
            self.fl(person, "join", "someone")
            self.fl(self.operator, "approve_client", person)
            self.both(person, self.world.data, "commit", ROOT, 10, SCHEMA, NO_LIMIT)
            self.both(self.operator, self.world.data, "approve_data", person, ROOT, 10)

    # Clients, data and versions

    @rule(index=st.integers(0, 5), what=st.sampled_from(MEANWHILE), amount=st.sampled_from([0, 2, 5, 100, NO_LIMIT]))
    def meanwhile(self, index: int, what: str, amount: int) -> None:
        person, models, data = PEOPLE[index], self.world.models, self.world.data
        newest = len(self.model.versions) - 1
        if what in ("suspend_client", "reinstate_client", "ban_client"):
            self.fl(self.operator, what, index)
        elif what == "leave":
            self.fl(person, "leave")
            self.fl(self.world.stranger, "complete_leave", index)
        elif what in ("approve_client", "reject_client"):
            self.fl(person, "join", "again")
            self.fl(person, what, person)
            self.fl(self.operator, what, person)
        elif what == "commit":
            self.both(person, data, "commit", ROOT, amount % 3, SCHEMA, amount)
            self.both(self.operator, data, "approve_data", person, ROOT, 2)
        elif what in ("grant", "revoke"):
            self.both(person, data, what)
        elif what == "lower_budget":
            self.both(person, data, "lower_budget", amount)
        elif what in ("approve", "reject"):
            for sender in (person, self.operator):
                self.both(sender, models, what, max(0, newest + 1 - index // 2))
        elif what == "set_plan":
            self.fl(self.operator, "set_plan", PLANS[index % len(PLANS)])

    @rule()
    def everybody_back(self) -> None:
        for person in self.model.order:
            if person.status == ClientStatus.SUSPENDED:
                self.fl(self.operator, "reinstate_client", person.index)
            elif person.status == ClientStatus.LEFT:
                self.fl(person.account, "join", "again")
                self.fl(self.operator, "approve_client", person.account)

    # Wrong moves

    @rule(who=ANYBODY, off=st.integers(-1, 1), attempt=st.integers(0, 2), thief=PERSON, available=st.integers(0, 127))
    def nonsense(self, who: str, off: int, attempt: int, thief: str, available: int) -> None:
        number = max(0, self.number + off)
        sealed = self._seal(number, attempt, who, *self.outcome(1))
        self.fl(who, "submit", number, bytes(32) if off else ROOT, 0, 0)
        self.fl(who, "report", number, attempt, available, b"\x01")
        self.fl(thief, "attest", number, attempt, sealed, 10_000 + off)
        self.fl(who, "finalise", number, *self.outcome(attempt))
        for function in CLOSING:
            self.fl(who, function, number)

    # Time and progress

    @rule(spared=SPARED, wrong=SPARED, choice=CHOICE, seconds=st.sampled_from([0, 0, 1, 7, 60]))
    def progress(self, spared: set[int], wrong: set[int], choice: int, seconds: int) -> None:
        """What is due next, by all but a few."""
        self.evm.now += seconds
        if self.state == RoundState.OPEN:
            self.submissions(spared)
        elif self.state == RoundState.REPORTING:
            self.reports(spared)
        elif self.state == RoundState.ATTESTING:
            self.attestations(spared, wrong, choice)
        else:
            self.open()

    @precondition(lambda self: self.model.flying is not None)
    @rule(late=st.integers(0, 1), patient=st.booleans(), who=ANYBODY)
    def deadline(self, late: int, patient: bool, who: str) -> None:
        r = self.model.rounds[-1]
        self.evm.now = max(self.evm.now, r.deadline + late + (r.plan.attest_window if patient else 0))
        for function in CLOSING:
            self.fl(who, function, self.number)

    @rule(silent=SPARED, choice=CHOICE)
    def to_the_end(self, silent: set[int], choice: int) -> None:
        """A whole round, with somebody silent throughout; then the misses."""
        if self.model.flying is None:
            self.open()
        for _ in range(10):
            before = self.state
            self.progress(silent, set(), choice, 1)
            if self.state == before and self.model.flying:
                self.deadline(1, True, PEOPLE[0])
            if self.model.flying is None:
                break
        for index in sorted(silent):
            self.miss(index, 0, index % 2 == 1)

    @rule(index=INDEX, off=st.sampled_from([-1, 0, 0]), prove=st.booleans())
    def miss(self, index: int, off: int, prove: bool) -> None:
        number = max(0, self.number - (self.model.flying is not None) + off)
        leaves = self.trees.get(number, [])
        proof = merkle.proof(leaves, index) if prove and index < len(leaves) else []
        update = digest(index) if prove else bytes(32)
        self.fl(PEOPLE[0], "record_miss", number, index, update, WEIGHT, proof)

    def open(self) -> None:
        self.fl(self.operator, "open_round")
        if self.model.versions[self.model.base()].state == VersionState.VERIFIED and self.number % 2:
            self.both(self.operator, self.world.models, "approve", self.model.base())
            self.fl(self.operator, "open_round")

    def submissions(self, spared: set[int]) -> None:
        for index in sorted(self.model.rounds[-1].selected - spared):
            self.fl(self.model.order[index].account, "submit", self.number, digest(index), 0, 0)

    def reports(self, spared: set[int]) -> None:
        r = self.model.rounds[-1]
        for index in sorted(r.committee - spared):
            account = self.model.order[index].account
            self.fl(account, "report", self.number, self.attempt, bits(r.submitted), b"")

    def attestations(self, spared: set[int], wrong: set[int], choice: int) -> None:
        for index in sorted(self.model.rounds[-1].reported - spared):
            account = self.model.order[index].account
            picked = (choice + 1) % 3 if index in wrong else choice
            sealed = self._seal(self.number, self.attempt, account, *self.outcome(picked))
            self.fl(account, "attest", self.number, self.attempt, sealed, (977 * index) % 10_001)
        self.fl(PEOPLE[0], "finalise", self.number, *self.outcome(choice))

    # What must agree

    @invariant()
    def same_round(self) -> None:
        fl, r = self.world.fl, self.model.rounds[-1] if self.model.rounds else None
        got = fl.round_of(self.number)
        if r is None:
            assert got.state == RoundState.NONE
            return
        assert (got.state, got.attempt, got.opened_at, got.deadline) == (r.state, r.attempt, r.opened_at, r.deadline)
        assert (got.open_seconds, got.plan_id, got.base_version) == (r.open_seconds, r.plan_id, r.base)
        assert (got.selected, got.submitted) == (bits(r.selected), bits(r.submitted))
        assert (got.committee, got.reported, got.attested) == (bits(r.committee), bits(r.reported), bits(set(r.seals)))
        assert (got.verdicts_root, got.phase, got.phase_root, got.pay_root) == (r.root, 0, bytes(32), bytes(32))

    def same_state(self) -> None:
        """Everything else; the events have been compared on the way."""
        fl, models, model = self.world.fl, self.world.models, self.model
        assert (fl.current_round(), fl.seed()) == (self.number, model.seed)
        assert (fl.active_bitmap(), fl.client_count()) == (bits(model.active), len(model.order))
        for index, person in enumerate(model.order):
            got = fl.client_of(index)
            assert (got.account, got.status, got.misses) == (person.account, person.status, person.misses)
            assert (got.last_submitted, got.last_miss) == (person.last_submitted, person.last_miss)
        assert models.count() == len(model.versions)
        assert models.base() == (model.base(), model.versions[model.base()].digest)
        assert models.released() == model.released
        for version in model.versions:
            assert models.is_untainted(version.number) == model.untainted(version.number)
            stored = models.version_of(version.number)
            assert (stored.state, stored.parent, stored.round) == (version.state, version.parent, version.round)
        for owner, data in model.data.items():
            stored_data = self.world.data.commitment_of(owner)
            assert (stored_data.budget, stored_data.count) == (data.budget, data.count)
            assert (stored_data.approved, stored_data.granted) == (data.approved, data.granted)
            assert stored_data.last_round == data.last_round


QUICK = settings(
    max_examples=15,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


def test_contracts_and_model_agree(start: World) -> None:
    Federation.world = start
    run_state_machine_as_test(Federation, settings=QUICK)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_contracts_and_model_agree_for_long(start: World) -> None:
    Federation.world = start
    run_state_machine_as_test(Federation, settings=settings(QUICK, max_examples=400, stateful_step_count=60))
