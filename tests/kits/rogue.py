"""A participant that does as it pleases: it speaks to the chain with a client's key and writes to the store itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from dltui.aggregation.blobs import blob
from dltui.aggregation.fixed import Tensors
from dltui.chain.contracts.bound import NO_LIMIT, DataRegistry, FLContract, decode_log, explain
from dltui.chain.rpc import Rpc
from dltui.chain.types import Call, Log, Reverted
from dltui.chain.wallet import Wallet
from dltui.config.sections import load
from dltui.core import events as ev
from dltui.core.chain_states import RoundState
from dltui.core.ledger import RoundFacts
from dltui.learning.plan import LearningPlan
from dltui.protocol.reader import ChainReader
from dltui.protocol.result import load_version
from dltui.store import Store
from tests.kits.runs import Run

SCALE_BITS = 24


class Rogue:
    """One key against a running federation. `logs` holds every contract log that it has read."""

    def __init__(self, run: Run, key: bytes) -> None:
        ready = run.of(ev.ChainReady)[-1]
        addresses = json.loads(run.paths.run_json.read_bytes())["addresses"]
        self._rpc = Rpc(ready.url)
        self.wallet = Wallet(self._rpc, key, ready.chain_id, explain, patience=20.0)
        self.contract = FLContract(self._rpc, addresses["FLContract"])
        self.registry = DataRegistry(self._rpc, addresses["DataRegistry"])
        self._reader = ChainReader(self._rpc, list(addresses.values()), decode_log)
        self.store = Store(str(run.paths.blobs))
        self.plan_hash = LearningPlan.of(load(run.paths.config)).hash
        self.logs: list[Log] = []

    @property
    def ledger(self) -> Any:
        """What the chain says."""
        return self._reader.ledger

    @property
    def index(self) -> int:
        """This key's client index."""
        found = self.ledger.members[self.wallet.address].index
        assert found is not None
        return int(found)

    def until(self, ready: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
        """Read the chain until `ready` gives something; fails where it does not in time."""
        end = time.monotonic() + seconds
        while True:
            self.logs += self._reader.poll()
            if found := ready():
                return found
            assert time.monotonic() < end, f"no {what} within {seconds} s"
            self.logs += self._reader.wait(0.2)

    def join(self, name: str) -> None:
        """Ask to join and commit to data, as far as that has not been done with this key."""
        self.logs += self._reader.poll()
        if self.wallet.address not in self.ledger.members:
            self.wallet.send(self.contract.join(name))
        if self.wallet.address not in self.ledger.data:
            self.wallet.send(self.registry.commit(b"\1" * 32, 1440, b"\2" * 32, NO_LIMIT))

    def opened(self, number: int) -> RoundFacts:
        """Round `number`, once it is open."""
        return self.until(
            lambda: self.ledger.rounds.get(number) if self._is(number, RoundState.OPEN) else None,
            f"open round {number}",
        )

    def ended(self, number: int) -> RoundFacts:
        """Round `number`, once it is final; it must have given a version."""
        facts: RoundFacts = self.ledger.rounds[number]
        self.until(lambda: facts.state not in ("open", "reporting", "attesting"), f"end of round {number}", 30)
        assert facts.state == RoundState.FINALISED, facts
        return facts

    def submit(self, facts: RoundFacts, data: bytes) -> str:
        """Publish any bytes and submit their digest."""
        digest = self.store.put(data)
        self.submit_digest(facts, digest)
        return digest

    def submit_digest(self, facts: RoundFacts, digest: str) -> None:
        """Submit any digest."""
        self.wallet.send(self.contract.submit(facts.number, bytes.fromhex(digest), 0, 0))

    def update(self, facts: RoundFacts, change: Callable[[str, Tensors], None] | None = None, **meta: Any) -> bytes:
        """An update of zeros that would be valid, after `change` has had each tensor by name, and with other `meta`."""
        base = load_version(facts.base_digest, self.store.get)
        tensors: Tensors = {f"delta.{name}": np.zeros(t.shape, np.int32) for name, t in base.items()}
        for name in list(tensors):
            if change is not None:
                change(name, tensors)
        true = {
            "kind": "update",
            "client": self.index,
            "round": facts.number,
            "base": facts.base_digest,
            "plan": self.plan_hash,
            "scale": SCALE_BITS,
        }
        return blob.encode(tensors, {**true, **meta})

    def refused(self, call: Call) -> str:
        """The name of the error with which the contract refuses a call, mined or not."""
        try:
            self.wallet.send(call)
        except Reverted as error:
            return error.revert.name
        raise AssertionError(f"{call.function} was accepted")

    def _is(self, number: int, state: str) -> bool:
        return number in self.ledger.rounds and self.ledger.rounds[number].state == state
