"""The participant: joins, commits to its data, then does whatever the chain says is its duty."""

from __future__ import annotations

import time

from dltui.chain.backoff import Backoff
from dltui.chain.contracts.bound import NO_LIMIT, DataRegistry, FLContract, ModelRegistry, decode_log
from dltui.chain.contracts.federation_check import check_federation
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable
from dltui.chain.wallet import Wallet
from dltui.client.context import ClientContext, log
from dltui.client.duties.committee import CommitteeDuty
from dltui.client.duties.trainer import TrainingDuty
from dltui.client.local_learner import LocalLearner
from dltui.client.spec import ClientSpec
from dltui.client.telemetry import Telemetry
from dltui.core.ledger import RoundFacts
from dltui.protocol import keeper
from dltui.protocol.reader import ChainReader, Rewound
from dltui.store import open_store

IDLE = 5.0
"""Seconds of a wait for blocks if no deadline is nearer."""
BUSY = 0.05
"""Seconds of a wait while something beside the chain is awaited: a blob, or one's turn."""
CONCERNS = ("RoundOpened", "ReportingStarted", "ClientRejected", "ClientBanned", "ClientLeft")
"""The events after which a client that has joined has something to do."""
CONCERNS_OF_A_SEAT = ("AttestingStarted", "Attested")
"""The further ones of a committee member."""


class Participant:
    """One client: everything that it decides comes from the chain's logs and the blobs."""

    def __init__(self, spec: ClientSpec, telemetry: Telemetry) -> None:
        self._spec = spec
        self._telemetry = telemetry
        self._rpc = Rpc(spec.rpc_url, word=spec.word)
        self._contract = FLContract(self._rpc, spec.federation)
        self._registry = DataRegistry(self._rpc, spec.data_registry)
        self._trusted = False
        self._backoff = Backoff()
        self._store = open_store(spec.store)
        self._learner = LocalLearner(spec, self._store, telemetry)
        self._begin()

    def _begin(self) -> None:
        """Begin without any knowledge of the chain: it is read from its first block."""
        spec = self._spec
        addresses = [spec.federation, spec.model_registry, spec.data_registry]
        self._reader = ChainReader(
            self._rpc,
            addresses,
            decode_log,
            after=spec.first_block - 1,
            confirmations=spec.confirmations,
            pause=spec.pause,
        )
        self._context = ClientContext(
            wallet=Wallet(
                self._rpc,
                bytes.fromhex(spec.key),
                spec.chain_id,
                patience=spec.patience,
                max_fee=spec.max_fee,
                confirmations=spec.confirmations,
            ),
            contract=self._contract,
            registry=self._registry,
            federation_id=bytes.fromhex(spec.federation_id),
            chain_id=spec.chain_id,
            ledger=self._reader.ledger,
            learner=self._learner,
            store=self._store,
            telemetry=self._telemetry,
        )
        self._read = False
        self._training: TrainingDuty | None = None
        self._committee: CommitteeDuty | None = None

    def run(self) -> None:
        """Take part until the process is ended, or the federation has no place for this client any more."""
        while self.step():
            pass

    def step(self) -> bool:
        """Do one duty, or wait for what comes next on the chain; return False if this client's part is over.

        Raises `ChainError` if the contracts there are not those of its federation: nothing is signed before that is
        known.
        """
        try:
            if not self._trusted:
                self._check_federation()
            if not self._read:
                self._reader.poll()
                self._read = True
            member = self._context.member
            if member is not None and member.status in ("rejected", "banned", "left"):
                log.info("this client is %s: its part is over", member.status)
                return False
            self._context.sent = False
            if self._act() and not self._context.sent:
                self._reader.poll()
            else:
                # Its own transaction ends no wait: it is seen with what moves the round on, and nothing is due before.
                self._reader.wait(self._patience(), self._concerns())
            self._backoff.succeeded()
        except Rewound as error:
            log.warning("%s: everything is read again", error)
            self._begin()
        except NodeUnreachable as error:
            log.warning("%s", error)
            time.sleep(self._backoff.failed())
        return True

    def _check_federation(self) -> None:
        models = ModelRegistry(self._rpc, self._spec.model_registry)
        check_federation(self._contract, (models, self._registry), bytes.fromhex(self._spec.federation_id))
        self._trusted = True

    def _act(self) -> bool:
        address = self._context.wallet.address
        if self._context.member is None:
            log.info("asks to join as %s", self._spec.name)
            return self._context.send(self._contract.join(self._spec.name))
        if address not in self._reader.ledger.data:
            commitment = self._context.learner.commitment()
            log.info("commits to %d records of its own", commitment.count)
            return self._context.send(
                self._registry.commit(commitment.root, commitment.count, commitment.schema, NO_LIMIT)
            )
        facts = self._reader.ledger.current
        if facts is None or not facts.state.in_flight or self._context.index < 0:
            return False
        return self._duties(facts)

    def _duties(self, facts: RoundFacts) -> bool:
        if self._training is None or self._training.round != facts.number:
            self._training = TrainingDuty(self._context, self._spec, facts)
        if self._training.step(facts):
            return True
        if self._committee is None or (self._committee.round, self._committee.attempt) != (facts.number, facts.attempt):
            self._committee = CommitteeDuty(self._context, facts)
        if self._committee.step(facts):
            return True
        return self._move_on(facts)

    def _move_on(self, facts: RoundFacts) -> bool:
        now, rank = time.time(), self._rank(facts)
        if keeper.next_turn(facts, rank, now) > now:
            return False
        call = keeper.poke(self._contract, facts, self._context.enforced(facts), now, rank)
        return call is not None and keeper.is_still(self._contract, facts) and self._context.send(call, facts)

    def _rank(self, facts: RoundFacts) -> int:
        """Return this client's turn among the pokers: the committee first, then the others by index."""
        me = self._context.index
        committee = facts.committee
        return len(committee.below(me) if me in committee else committee | facts.selected.below(me))

    def _patience(self) -> float:
        """Return how long to wait for the chain: until something may be due by the clock alone."""
        facts = self._reader.ledger.current
        if facts is None or not facts.state.in_flight or self._context.index < 0:
            return IDLE
        due = keeper.next_turn(facts, self._rank(facts), time.time())
        if self._training is not None:
            due = min(due, self._training.due_at())
        if self._committee is not None and not self._context.sent:
            due = min(due, self._committee.due_at(facts))
        return min(IDLE, max(BUSY, due - time.time()))

    def _concerns(self) -> tuple[str, ...]:
        """Return the events that end a wait, empty for all of them: most concern other clients."""
        ledger, facts = self._reader.ledger, self._reader.ledger.current
        if self._context.member is None or self._context.wallet.address not in ledger.data:
            return ()
        seated = facts is not None and facts.state.in_flight and self._context.index in facts.committee
        return CONCERNS + CONCERNS_OF_A_SEAT if seated else CONCERNS
