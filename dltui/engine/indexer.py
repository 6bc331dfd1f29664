"""From blocks to the journal: every block is on disk as raw transactions before its events are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dltui.aggregation.blobs.verdicts import Verdict
from dltui.aggregation.errors import Malformed, Unavailable
from dltui.chain.contracts.bound import explain
from dltui.chain.history.blocks import Blocks, MinedTx
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable, RpcError
from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.events import Event, Payload
from dltui.core.ledger import RoundFacts
from dltui.core.state.state import State
from dltui.errors import BlobError
from dltui.learning.plan import LearningPlan
from dltui.protocol.blob_kinds import MANIFEST, VERDICTS
from dltui.protocol.facts import FACTS, FactStream, included
from dltui.protocol.result import result_of, verdicts_root
from dltui.store import BlobStore, cid


class ChainIndexer:
    """Follows the chain: `poll` takes the new `blocks`, each of which is in the log by then, and emits what they say.

    `emit` writes one event to the journal. Verdicts are read from the blob that the version's manifest names, and where
    a round was aborted for too few valid updates, recomputed.
    """

    def __init__(
        self,
        rpc: Rpc,
        blocks: Blocks,
        operator: str,
        store: BlobStore,
        plan: LearningPlan,
        emit: Callable[[Payload], None],
    ) -> None:
        self._rpc = rpc
        self._blocks = blocks
        self._store = store
        self._plan = plan
        self._emit = emit
        self._verdicts: dict[int, tuple[Verdict, ...]] = {}
        """Of the round that was asked for last."""
        self.facts = FactStream(operator, self._why, cid)
        self.block = 0
        """The last block that was read."""

    @property
    def behind(self) -> bool:
        """Whether `poll` ended before the chain's head, which it does if there is much to read."""
        return self._blocks.behind

    def watch(self, contracts: Mapping[str, str]) -> None:
        """Count contracts (name to address) that were deployed before the run."""
        self.facts.contracts.update({address: name for name, address in contracts.items()})
        self._blocks.watch(contracts.values())

    def resume(self, state: State, written: int) -> None:
        """Fold the blocks that an earlier engine journaled, and emit what it did not get to.

        An engine can die between two events of one block: `written` of the last one's are in the journal (see
        `facts_of_last_block`), and the rest is emitted. Where the node is lost meanwhile, call it again.
        """
        last = state.chain.block
        for block in self._blocks.history(last):
            if block.number <= self.block:
                continue
            self.block = block.number
            payloads = list(self.facts.of_block(block))
            if self.block == last:
                for payload in payloads[written:]:
                    self._emit(payload)
        for number, facts in self.facts.ledger.rounds.items():
            if facts.has_verdicts and not state.rounds[number].verdicts:
                self._tell(facts)

    def poll(self, idle: bool = False) -> bool:
        """Read what is new; return True if there was something. `idle`: nothing is expected."""
        before = self.block
        for block in self._blocks.fresh(before, idle):
            self.block = block.number
            for payload in self.facts.of_block(block):
                self._emit(payload)
                if isinstance(payload, (ev.RoundFinalised, ev.RoundAborted)):
                    facts = self.facts.ledger.rounds[payload.round]
                    if facts.has_verdicts:
                        self._tell(facts)
        return self.block > before

    def verdicts_of(self, facts: RoundFacts) -> tuple[Verdict, ...]:
        """Return the verdicts of a closed round: those that its version's manifest names, or recomputed if it has none.

        Raises BlobError, Malformed or Unavailable if they cannot be read.
        """
        if facts.number not in self._verdicts:
            self._verdicts = {facts.number: self._read(facts)}
        return self._verdicts[facts.number]

    def _read(self, facts: RoundFacts) -> tuple[Verdict, ...]:
        ledger = self.facts.ledger
        if facts.version is None:
            verdicts = result_of(ledger, facts, self._plan, self._store.get).verdicts
            if verdicts_root(facts.number, verdicts) != facts.verdicts_root:
                raise Unavailable("the round ran under another plan than this run's")
            return verdicts
        manifest = MANIFEST.read(self._store.get, ledger.versions[facts.version].digest)
        return VERDICTS.read(self._store.get, manifest.verdicts)[1]

    def _tell(self, facts: RoundFacts) -> None:
        try:
            self._emit(included(self.facts, facts.number, self.verdicts_of(facts)))
        except (BlobError, Malformed, Unavailable) as error:
            text = f"the verdicts of round {facts.number} cannot be read: {error}"
            self._emit(
                ev.RunAlert(id=alerts.VERDICTS.id(facts.number), severity="error", text=text, hint="run dltui verify")
            )

    def _why(self, tx: MinedTx, block: int) -> str:
        """Repeat a reverted transaction as a call on the state after its block, and say why it fails.

        A node that is lost just now must not interrupt the fold of its block.
        """
        request = {"from": tx.sender, "to": tx.to, "data": "0x" + tx.data.hex()}
        try:
            self._rpc.call("eth_call", request, hex(block))
        except RpcError as error:
            return explain(error.data).text if error.data else str(error.message)
        except NodeUnreachable:
            return "the node was lost before it could say why"
        return "it would succeed on the state after its block"


def facts_of_last_block(journal: Iterable[Event]) -> int:
    """How many events of the last block a journal holds, the block's own included."""
    count = 0
    for event in journal:
        kind = type(event.data)
        count = (0 if kind is ev.ChainBlock else count) + (kind in FACTS)
    return count
