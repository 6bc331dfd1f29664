"""One thing of a live run, checked while it runs: what the journal says against the chain, asked again, and the blobs.

The registry and the rounds are read through eth_call rather than remembered, blobs are hashed again, and a closed
round's result is recomputed. `dltui verify` checks a whole run, and re-executes its chain, when the run is over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dltui.aggregation.errors import Malformed, Overflow, Unavailable
from dltui.chain.history.rawtx import raw_transaction
from dltui.chain.history.receipts import parse_receipt
from dltui.chain.rpc import Rpc
from dltui.core.answers import CheckResult
from dltui.core.chain_states import ClientStatus
from dltui.core.client_set import ClientSet
from dltui.core.ledger import RoundFacts
from dltui.core.state.state import State
from dltui.engine.deployment import Federation
from dltui.errors import BlobError, MismatchError, RunError
from dltui.learning.plan import LearningPlan
from dltui.protocol.blob_kinds import MANIFEST
from dltui.protocol.facts import FactStream
from dltui.protocol.result import load_version, result_of, verdicts_root
from dltui.store import BlobStore

_NO_PARENT = "0" * 64


class LiveVerify:
    """Checks one version, round, client or transaction. `state` is the fold of the journal.

    Each method returns what was found equal, step by step, and raises MismatchError at the first difference, RunError
    if the run has no such thing.
    """

    def __init__(
        self, rpc: Rpc, federation: Federation, facts: FactStream, plan: LearningPlan, store: BlobStore, state: State
    ) -> None:
        self._rpc = rpc
        self._federation = federation
        self._facts = facts
        self._plan = plan
        self._store = store
        self._state = state

    def check(self, name: str, args: dict[str, Any]) -> CheckResult:
        """Carry out the check of a command. Raises RunError if the run has no such thing."""
        try:
            return CheckResult(ok=True, steps=CHECKS[name](self, args))
        except MismatchError as error:
            return CheckResult(ok=False, steps=(str(error),))

    def version(self, number: int) -> tuple[str, ...]:
        """The registry's row, the manifest, the model's bytes, and the round that made it."""
        told = self._state.versions.get(number)
        if told is None:
            raise RunError(f"there is no version {number}")
        where = f"version {number}"
        row = self._federation.models.version_of(number)
        _same(where, "its digest", told.digest, row.digest.hex())
        _same(where, "its round", told.round, row.round)
        _same(where, "its state", told.state, row.state)
        released = self._federation.models.released()
        _same(where, "whether it is released", told.released, released == number)
        try:
            manifest = MANIFEST.read(self._store.get, told.digest)
            load_version(told.digest, self._store.get)
        except (BlobError, Malformed) as error:
            raise _mismatch(where, error.message) from error
        parent = _NO_PARENT if told.parent is None else self._federation.models.version_of(told.parent).digest.hex()
        _same(where, "its manifest's parent", manifest.parent, parent)
        found = f"{where} matches", "registry row asked of the chain", "manifest and model hash to their names"
        return (*found, self._recomputed(number, told.round)) if told.round else found

    def round(self, number: int) -> tuple[str, ...]:
        """The contract's row, and the result of one that is closed."""
        told, facts = self._state.rounds.get(number), self._facts.ledger.rounds.get(number)
        if told is None or facts is None:
            raise RunError(f"there is no round {number}")
        where = f"round {number}"
        row = self._federation.fl.round_of(number)
        _same(where, "its state", told.state, row.state)
        _same(where, "its base version", told.base, row.base_version)
        _same(where, "its attempt", told.attempt, row.attempt)
        _same(where, "who submitted", set(told.submitted), {self._name(index) for index in ClientSet(row.submitted)})
        asked = f"state, base, attempt and {len(told.submitted)} submissions asked of the chain"
        nothing = "it has no result to recompute" + ("" if told.closed_at else " yet")
        result = self._recomputed(told.version, number) if facts.has_verdicts else nothing
        return f"{where} matches", asked, result

    def client(self, client: str) -> tuple[str, ...]:
        """Its membership, and its commitment in the data registry."""
        told = self._state.clients.get(client)
        if told is None or not told.address or told.membership == ClientStatus.NONE:
            raise RunError(f"no client {client} has asked to join")
        row = self._federation.fl.client_by_address(told.address)
        status = ClientStatus.REJECTED if row.status == ClientStatus.NONE else row.status
        _same(client, "its membership", told.membership, status)
        if told.index is not None:
            _same(client, "its index", told.index, row.index if row.exists else None)
        commitment = self._federation.data.commitment_of(told.address)
        _same(client, "its approved records", told.records, commitment.count if commitment.approved else 0)
        _same(client, "its consent", told.granted, commitment.granted or not commitment.count)
        return f"{client} matches", f"membership {status} and {told.records:,} approved records asked of the chain"

    def transaction(self, hash: str) -> tuple[str, ...]:
        """Its signed bytes and its receipt."""
        told = next((tx for tx in self._state.txs if tx.hash == hash), None)
        if told is None:
            raise RunError("the journal tells of no such transaction", where=hash)
        found, answer = (
            self._rpc.call(method, hash) for method in ("eth_getTransactionByHash", "eth_getTransactionReceipt")
        )
        if found is None or answer is None:
            raise _mismatch(hash, "the chain has no such transaction")
        raw_transaction(found)
        receipt = parse_receipt(answer)
        for what, mine, chain in (
            ("its block", told.block, receipt.block),
            ("its gas", told.gas_used, receipt.gas_used),
            ("its fee", told.fee, receipt.fee),
            ("whether it succeeded", told.ok, receipt.status == 1),
        ):
            _same(hash, what, mine, chain)
        return f"{hash} matches", "signed bytes hash to it", "block, gas, fee and status asked of the chain"

    def _recomputed(self, version: int | None, number: int) -> str:
        facts = self._facts.ledger.rounds[number]
        where = f"round {number}"
        try:
            result = result_of(self._facts.ledger, facts, self._plan, self._store.get)
        except (BlobError, Malformed, Unavailable, Overflow) as error:
            raise _mismatch(where, f"it cannot be recomputed: {error.message}") from error
        if version is not None:
            _same(where, "its result", self._facts.ledger.versions[version].digest, result.digest)
        _same(where, "the root of its verdicts", self._root(facts), verdicts_root(number, result.verdicts).hex())
        return f"{where} recomputed from {len(facts.submissions)} updates to the same digest and verdicts"

    def _root(self, facts: RoundFacts) -> str:
        return self._federation.fl.round_of(facts.number).verdicts_root.hex()

    def _name(self, index: int) -> str:
        return self._facts.id_of(self._facts.ledger.by_index[index].address)


def _same(where: str, what: str, told: Any, found: Any) -> None:
    if told != found:
        raise _mismatch(where, f"{what} is {found} on the chain and in the blobs, the run tells {told}"[:300])


def _mismatch(where: str, text: str) -> MismatchError:
    return MismatchError(f"mismatch: {text}", where=where)


CHECKS: dict[str, Callable[[LiveVerify, dict[str, Any]], tuple[str, ...]]] = {
    "client.verify": lambda checks, args: checks.client(args["client"]),
    "model.verify": lambda checks, args: checks.version(args["version"]),
    "round.verify": lambda checks, args: checks.round(args["round"]),
    "tx.verify": lambda checks, args: checks.transaction(args["hash"]),
}
"""The checks by the name of their command."""
