"""The duty of a selected client: train, submit the digest while the blob stays at home, publish once they closed."""

from __future__ import annotations

import hashlib
import math
import time

from dltui.chain.backoff import Backoff
from dltui.client.context import ClientContext, log
from dltui.client.spec import ClientSpec
from dltui.client.training_slots import turn
from dltui.core.chain_states import RoundState
from dltui.core.ledger import RoundFacts
from dltui.errors import BlobError, DltuiError


class TrainingDuty:
    """One client's part in one round.

    Training is a function of the seed, so a client that was restarted makes the same bytes again. One whose training
    fails need not try again: it stays away from this round and goes on with its other duties.
    """

    def __init__(self, context: ClientContext, spec: ClientSpec, facts: RoundFacts) -> None:
        self._context = context
        self._spec = spec
        self.round = facts.number
        self._blob: bytes | None = None
        self._published = False
        self._failed = False
        self._backoff = Backoff()
        self._offer_at = 0.0

    def due_at(self) -> float:
        """Return when a blob that the store refused is offered again, in unix seconds."""
        return math.inf if self._published or not self._offer_at else self._offer_at

    def step(self, facts: RoundFacts) -> bool:
        """Do what is due now; return True if the chain should be read again before anything else."""
        me = self._context.index
        if not self._context.agrees(facts):
            return False
        if facts.state == RoundState.OPEN and me in facts.selected and me not in facts.submissions:
            return self._submit(facts)
        closed = facts.state in (RoundState.REPORTING, RoundState.ATTESTING)
        if closed and me in facts.submissions and not self._published:
            self._publish(facts)
        return False

    def _submit(self, facts: RoundFacts) -> bool:
        """Train and submit; before its deadline no round closes without this update, so nothing is read in between."""
        trained = self._blob is None and self._train(facts)
        if self._blob is None or time.time() >= facts.deadline + 1:
            return trained
        digest = hashlib.sha256(self._blob).digest()
        return self._context.send(self._context.contract.submit(facts.number, digest, 0, 0), facts)

    def _train(self, facts: RoundFacts) -> bool:
        """Train if that still serves the phase; return whether there is an update now."""
        if self._failed or time.time() > facts.deadline:
            return False
        spec, telemetry = self._spec, self._context.telemetry
        log.info("round %d: selected, waits for a turn to train from %s", facts.number, facts.base_digest[:12])
        telemetry.progress("wait", facts.number)
        came = time.monotonic()
        with turn(spec.gate, spec.slots, self._context.learner.rank, facts.deadline, telemetry.alive) as going_on:
            if going_on is None:
                log.warning("round %d: no turn to train before the deadline", facts.number)
                return False
            telemetry.timing(facts.number, "queue", time.monotonic() - came)
            telemetry.progress("train", facts.number)
            started = time.monotonic()
            try:
                self._blob = self._context.learner.train(facts.number, self._context.index, facts.base_digest, going_on)
            except DltuiError as error:
                log.warning("round %d: %s", facts.number, error)
                telemetry.trouble(facts.number, error.message, error.hint)
                self._failed = True
        if self._blob is not None:
            log.info("round %d: trained in %.1f s", facts.number, time.monotonic() - started)
        return self._blob is not None

    def _publish(self, facts: RoundFacts) -> None:
        """Publish the update; a store that refuses it is asked again, ever later, and other duties go on meanwhile."""
        if time.time() < self._offer_at:
            return
        try:
            self._offer(facts)
        except BlobError as error:
            log.warning("round %d: %s", facts.number, error)
            if not self._offer_at:
                self._context.telemetry.trouble(facts.number, error.message, error.hint)
            self._offer_at = time.time() + self._backoff.failed()
            return
        log.info("round %d: submissions are closed, its update is published", facts.number)
        self._blob, self._published = None, True

    def _offer(self, facts: RoundFacts) -> None:
        digest = facts.submissions[self._context.index].digest
        if self._blob is None and not self._context.store.has(digest):
            self._train(facts)
        if self._blob is not None:
            self._context.telemetry.progress("publish", facts.number)
            stored = self._context.store.put(self._blob)
            if stored != digest:
                log.warning("round %d: trained %s, but %s was submitted", facts.number, stored, digest)
