"""The duty of a committee member: fetch the updates, report, recompute the result, attest it, finalise the round."""

from __future__ import annotations

import math
import time

from dltui.aggregation.errors import Overflow, Unavailable
from dltui.aggregation.model import decode_model
from dltui.aggregation.round import RoundResult
from dltui.chain.backoff import Backoff
from dltui.chain.ledger import ATTESTING, REPORTING, RoundFacts
from dltui.client.outcome import result_of, verdicts_root
from dltui.client.seat import Seat, log
from dltui.errors import BlobError

PATIENCE = 0.5
"""Part of the reporting window after which a member reports what it holds."""
FINALISE_SPACING = 0.4
"""Seconds between the members' tries to finalise, in order of their index: one of them is enough."""


class CommitteeDuty:
    """One member's part in one attempt of one round. `step` is called again and again while the round is in flight."""

    def __init__(self, seat: Seat, facts: RoundFacts) -> None:
        self._seat = seat
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
        """Do what is due now; True where a transaction was sent."""
        me = self._seat.index
        if facts.state == REPORTING and facts.committee >> me & 1 and me not in facts.reports:
            return self._report(facts)
        if facts.state == ATTESTING and me in facts.reports:
            return self._finalise(facts) if me in facts.attested else self._attest(facts)
        return False

    def due_at(self, facts: RoundFacts) -> float:
        """When `step` has something to do by the clock alone, in unix seconds: now while blobs are missing."""
        me = self._seat.index
        if facts.state == REPORTING and facts.committee >> me & 1 and me not in facts.reports:
            return 0.0
        return self._finalise_at if facts.state == ATTESTING and self._published else math.inf

    def _report(self, facts: RoundFacts) -> bool:
        started = time.monotonic()
        missing = self._fetch_missing(facts)
        window = self._seat.plan(facts)["reportWindow"]
        if missing and time.time() < facts.deadline - window * (1 - PATIENCE):
            self._seat.telemetry.progress("fetch", facts.number)
            return False
        held = sum(1 << s.index for s in facts.submissions.values() if s.digest in self._held)
        self._seat.telemetry.timing(facts.number, "store", time.monotonic() - started)
        self._seat.telemetry.progress("report", facts.number)
        return self._seat.send(self._seat.contract.report(facts.number, facts.attempt, held, b""), facts)

    def _fetch_missing(self, facts: RoundFacts) -> int:
        """Fetch what is there by now, one at a time; the number of updates that are still missing.

        The store that it is fetched from is the one that it is served from.
        """
        digests = {s.digest for s in facts.submissions.values()}
        for digest in digests - self._held:
            try:
                self._seat.store.get(digest)
            except BlobError:
                continue
            self._held.add(digest)
        return len(digests - self._held)

    def _compute(self, facts: RoundFacts) -> RoundResult | None:
        if self._result is None:
            self._seat.telemetry.progress("aggregate", facts.number)
            started = time.monotonic()
            home = self._seat.home
            try:
                result = result_of(
                    self._seat.ledger, facts, home.terms, self._seat.store.get, home.base(facts.base_digest)
                )
            except (Unavailable, Overflow, BlobError) as error:
                log.warning("round %d: %s", facts.number, error)
                return None
            self._root = verdicts_root(facts.number, result.verdicts)
            self._result = result
            self._seat.telemetry.timing(facts.number, "aggregation", time.monotonic() - started)
        return self._result

    def _attest(self, facts: RoundFacts) -> bool:
        result = self._compute(facts)
        if result is None or time.time() > facts.deadline + 1:
            return False
        started = time.monotonic()
        accuracy = self._seat.home.accuracy_bp(decode_model(result.model)) if result.model else 0
        self._seat.telemetry.timing(facts.number, "attestation", time.monotonic() - started)
        self._seat.telemetry.progress("attest", facts.number, accuracy_bp=accuracy)
        sealed = self._seat.seal(facts, result.digest, self._root)
        return self._seat.send(self._seat.contract.attest(facts.number, facts.attempt, sealed, accuracy), facts)

    def _finalise(self, facts: RoundFacts) -> bool:
        """Publish the result once every seal is in (before that a neighbour could copy it), then finalise in turn."""
        now = time.time()
        if not (set(facts.reports) <= set(facts.attested) or now > facts.deadline + 1):
            return False
        result = self._compute(facts)
        if result is None:
            return False
        if now >= self._finalise_at and not self._published:
            self._publish(facts, result, now)
        if now < self._finalise_at:
            return False
        self._finalise_at = now + len(facts.attested) * FINALISE_SPACING
        call = self._seat.contract.finalise(facts.number, bytes.fromhex(result.digest), self._root)
        return self._seat.send(call, facts)

    def _publish(self, facts: RoundFacts, result: RoundResult, now: float) -> None:
        """Store the result and say when to finalise; a store that refuses it is asked again, ever later."""
        try:
            for blob in (result.verdict_blob, result.model, result.manifest):
                if blob is not None:
                    self._seat.store.put(blob)
        except BlobError as error:
            log.warning("round %d: %s", facts.number, error)
            self._finalise_at = now + self._backoff.failed()
            return
        self._published = True
        self._finalise_at = now + sorted(facts.attested).index(self._seat.index) * FINALISE_SPACING
