"""The duty of a committee member: fetch the updates, report, recompute the result, attest it, finalise the round."""

from __future__ import annotations

import math
import time

from dltui.aggregation.blobs.model import decode_model
from dltui.aggregation.errors import Overflow, Unavailable
from dltui.aggregation.round import RoundResult
from dltui.chain.backoff import Backoff
from dltui.client.context import ClientContext, log
from dltui.core.chain_states import RoundState
from dltui.core.client_set import ClientSet
from dltui.core.ledger import RoundFacts
from dltui.errors import BlobError
from dltui.protocol import keeper
from dltui.protocol.blob_kinds import UPDATE
from dltui.protocol.result import result_of, verdicts_root

PATIENCE = 0.5
"""Part of the reporting window after which a member reports what it holds."""
FINALISE_SPACING = 0.4
"""Seconds between the members' tries to finalise, in order of their index: one of them is enough."""


class CommitteeDuty:
    """One member's part in one attempt of one round. `step` is called again and again while the round is in flight."""

    def __init__(self, context: ClientContext, facts: RoundFacts) -> None:
        self._context = context
        self.round = facts.number
        self.attempt = facts.attempt
        self._held: set[str] = set()
        """Digests of the updates that were fetched and checked: memory holds none of them."""
        self._result: RoundResult | None = None
        self._root = b""
        self._published = False
        self._finalise_at = 0.0
        self._backoff = Backoff()

    def step(self, facts: RoundFacts) -> bool:
        """Do what is due now; return whether a transaction was sent."""
        me = self._context.index
        if not self._context.agrees(facts):
            return False
        if facts.state == RoundState.REPORTING and me in facts.committee and me not in facts.reports:
            return self._report(facts)
        if facts.state == RoundState.ATTESTING and me in facts.reports:
            return self._finalise(facts) if me in facts.attested else self._attest(facts)
        return False

    def due_at(self, facts: RoundFacts) -> float:
        """Return when `step` has something to do by the clock alone, in unix seconds: now while blobs are missing."""
        me = self._context.index
        if not self._context.agrees(facts):
            return math.inf
        if facts.state == RoundState.REPORTING and me in facts.committee and me not in facts.reports:
            return 0.0
        return self._finalise_at if facts.state == RoundState.ATTESTING and self._finalise_at else math.inf

    def _report(self, facts: RoundFacts) -> bool:
        started = time.monotonic()
        missing = self._fetch_missing(facts)
        window = self._context.enforced(facts)["reportWindow"]
        if missing and time.time() < facts.deadline - window * (1 - PATIENCE):
            self._context.telemetry.progress("fetch", facts.number)
            return False
        held = ClientSet.of(s.index for s in facts.submissions.values() if s.digest in self._held)
        self._context.telemetry.timing(facts.number, "store", time.monotonic() - started)
        self._context.telemetry.progress("report", facts.number)
        why = f", {missing} could not be fetched in half of the window" if missing else ""
        log.info("round %d: on the committee, reports %d updates%s", facts.number, len(self._held), why)
        return self._context.send(self._context.contract.report(facts.number, facts.attempt, held.bitmap, b""), facts)

    def _fetch_missing(self, facts: RoundFacts) -> int:
        """Fetch what is there by now, one at a time; return how many updates are still missing.

        The store that it is fetched from is the one that it is served from.
        """
        digests = {s.digest for s in facts.submissions.values()}
        for digest in digests - self._held:
            try:
                self._context.store.get(digest, UPDATE.limit)
            except BlobError:
                continue
            self._held.add(digest)
        return len(digests - self._held)

    def _compute(self, facts: RoundFacts) -> RoundResult | None:
        if self._result is None:
            self._context.telemetry.progress("aggregate", facts.number)
            started = time.monotonic()
            learner = self._context.learner
            try:
                result = result_of(
                    self._context.ledger,
                    facts,
                    learner.plan,
                    self._context.store.get,
                    learner.base(facts.base_digest),
                )
            except (Unavailable, Overflow, BlobError) as error:
                log.warning("round %d: %s", facts.number, error)
                return None
            self._tell(facts, result)
            self._root = verdicts_root(facts.number, result.verdicts)
            self._result = result
            self._context.telemetry.timing(facts.number, "aggregation", time.monotonic() - started)
        return self._result

    def _tell(self, facts: RoundFacts, result: RoundResult) -> None:
        """Log what was made of the updates, and why not of each."""
        refused = [f"client {v.client} {v.reason.name}" for v in result.verdicts if not v.included]
        counted = sum(verdict.included for verdict in result.verdicts)
        tail = f"; not: {', '.join(refused)}" if refused else ""
        log.info("round %d: %d updates give %s%s", facts.number, counted, result.digest[:12] or "nothing", tail)

    def _attest(self, facts: RoundFacts) -> bool:
        result = self._compute(facts)
        if result is None or time.time() > facts.deadline + 1:
            return False
        started = time.monotonic()
        accuracy = self._context.learner.accuracy_bp(decode_model(result.model)) if result.model else 0
        self._context.telemetry.timing(facts.number, "attestation", time.monotonic() - started)
        self._context.telemetry.progress("attest", facts.number, accuracy_bp=accuracy)
        log.info("round %d: attests it, accuracy %.4f on its held-out records", facts.number, accuracy / 10_000)
        sealed = self._context.seal(facts, result.digest, self._root)
        return self._context.send(self._context.contract.attest(facts.number, facts.attempt, sealed, accuracy), facts)

    def _finalise(self, facts: RoundFacts) -> bool:
        """Publish the result once every seal is in (before that a neighbour could copy it), then finalise in turn."""
        if not (set(facts.reports) <= set(facts.attested) or time.time() > facts.deadline + 1):
            return False
        # Who has the result already saw the last seal when the others did; the rest come back from somewhere.
        prompt = self._result is not None
        result = self._compute(facts)
        if result is None:
            return False
        if time.time() >= self._finalise_at and not self._published:
            self._publish(facts, result, prompt)
        now = time.time()
        if self._published and now >= self._finalise_at + FINALISE_SPACING / 2:
            self._finalise_at = self._late_turn(facts, now)
        if now < self._finalise_at:
            return False
        self._finalise_at = self._late_turn(facts, now + keeper.LATE)
        if not keeper.is_still(self._context.contract, facts):
            return False
        call = self._context.contract.finalise(facts.number, bytes.fromhex(result.digest), self._root)
        return self._context.send(call, facts)

    def _place(self, facts: RoundFacts) -> int:
        return sorted(facts.attested).index(self._context.index)

    def _late_turn(self, facts: RoundFacts, now: float) -> float:
        return keeper.late_turn(self._place(facts), len(facts.attested), now)

    def _publish(self, facts: RoundFacts, result: RoundResult, prompt: bool) -> None:
        """Store the result and say when to finalise; a store that refuses it is asked again, ever later."""
        try:
            for blob in (result.verdict_blob, result.model, result.manifest):
                if blob is not None:
                    self._context.store.put(blob)
        except BlobError as error:
            log.warning("round %d: %s", facts.number, error)
            self._finalise_at = time.time() + self._backoff.failed()
            return
        self._published = True
        now = time.time()
        self._finalise_at = now + self._place(facts) * FINALISE_SPACING if prompt else self._late_turn(facts, now)
