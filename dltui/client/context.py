"""A client's place in the federation: its key, its view of the chain, and how it sends transactions."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any

from dltui.chain import merkle
from dltui.chain.contracts.bound import DataRegistry, FLContract
from dltui.chain.types import Call, Reverted
from dltui.chain.wallet import Wallet
from dltui.client.local_learner import LocalLearner
from dltui.client.telemetry import Telemetry
from dltui.core.ledger import Ledger, Member, RoundFacts
from dltui.protocol.result import OtherPlan, check_plan
from dltui.store import BlobStore

log = logging.getLogger("dltui.client")

MOST_TRIES = 3
"""A transaction that reverted this often in one phase is not sent again: the phase moves on without it."""


@dataclass
class ClientContext:
    """What the duties of one client share."""

    wallet: Wallet
    contract: FLContract
    registry: DataRegistry
    federation_id: bytes
    chain_id: int
    ledger: Ledger
    learner: LocalLearner
    store: BlobStore
    telemetry: Telemetry
    sent: bool = False
    """Set with each transaction that was mined and did not revert."""
    _refused: int = -1
    """The last round that this client refused."""
    _reverts: dict[tuple[str, int, int], int] = field(default_factory=dict)

    @property
    def member(self) -> Member | None:
        """This client on chain; None before it joined."""
        return self.ledger.members.get(self.wallet.address)

    @property
    def index(self) -> int:
        """This client's index on chain, -1 before it was approved."""
        member = self.member
        return -1 if member is None or member.index is None else member.index

    def enforced(self, facts: RoundFacts) -> dict[str, Any]:
        """Return the part of a round's plan that the contract enforces."""
        return self.ledger.plan_of(facts)

    def agrees(self, facts: RoundFacts) -> bool:
        """Return whether the round runs under this client's plan; under another one it neither trains nor votes.

        The reason is in the log and goes to the engine once a round.
        """
        try:
            check_plan(self.learner.plan, facts)
        except OtherPlan as error:
            if facts.number != self._refused:
                self._refused = facts.number
                log.warning("%s", error)
                self.telemetry.trouble(facts.number, error.message, error.hint)
            return False
        return True

    def seal(self, facts: RoundFacts, digest: str, root: bytes) -> bytes:
        """Return the seal that binds a result to this member: worthless to another member."""
        return merkle.seal(
            self.chain_id,
            self.contract.address,
            self.federation_id,
            facts.number,
            facts.attempt,
            self.wallet.address,
            bytes.fromhex(digest),
            root,
        )

    def send(self, call: Call, facts: RoundFacts | None = None) -> bool:
        """Send one transaction and wait for its receipt; return whether something was sent.

        A revert is no error of the process: the state moved on in between. It is logged, and tried three times at most.
        """
        key = (call.function, facts.number if facts else 0, facts.attempt if facts else 0)
        if self._reverts.get(key, 0) >= MOST_TRIES:
            return False
        started = time.monotonic()
        try:
            receipt = self.wallet.send(call)
            self.sent = True
            log.info("%s: mined in block %d, %d gas (%s)", call.function, receipt.block, receipt.gas_used, receipt.hash)
        except Reverted as error:
            self._reverts[key] = self._reverts.get(key, 0) + 1
            log.warning("%s reverted: %s", call.function, error)
        if facts is not None:
            self.telemetry.timing(facts.number, "chain", time.monotonic() - started)
        return True
