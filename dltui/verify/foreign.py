"""The chain part of `verify` where the chain is not the run's own: signatures and receipts, but no re-execution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dltui.chain.blocks import MinedBlock
from dltui.chain.foreign import block_of, short_receipt
from dltui.chain.rawtx import hash_of
from dltui.chain.rpc import Rpc
from dltui.chain.txlog import BlockRecord, TxLog
from dltui.chain.url_node import UrlNode
from dltui.config import Config
from dltui.core import events as ev
from dltui.core.events import Event
from dltui.errors import ChainError, MismatchError
from dltui.paths import RunPaths


class Recorded:
    """The run's part of a foreign chain, as its transaction log has it, compared with the node where that answers."""

    def __init__(self, paths: RunPaths, config: Config, events: Sequence[Event]) -> None:
        self._paths = paths
        try:
            self.log = TxLog(paths.txs)
        except ChainError as error:
            raise MismatchError(error.message, where=error.where) from error
        ready = [event.data for event in events if isinstance(event.data, ev.ChainReady)]
        if not ready:
            raise MismatchError("the journal does not say which chain it was", where=str(paths.journal))
        self._chain_id = ready[-1].chain_id
        self._transactions = 0
        self._node: UrlNode | None = None
        self._silence = ""
        try:
            node = UrlNode(config.chain.engine, self._chain_id)
            node.start()
            if node.fingerprint() == self.log.genesis_sha256:
                self._node = node
            else:
                self._silence = f"{node.shown} is on another chain by now"
        except ChainError as error:
            self._silence = str(error)

    def blocks(self) -> Iterator[MinedBlock]:
        """The blocks of the log: each transaction's signature is checked, and its receipt asked for again."""
        rpc = Rpc(self._node.url) if self._node is not None else None
        try:
            for record in self.log.read():
                block = block_of(record, self._chain_id)
                if rpc is not None:
                    self._compare(rpc, record)
                self._transactions += len(record.txs)
                yield block
        except ChainError as error:
            raise MismatchError(error.message, where=f"{self._paths.txs}, {error.where}") from error
        finally:
            if rpc is not None:
                rpc.close()

    def said(self) -> str:
        """What was checked, and plainly what was not."""
        checked = f"{self._transactions} signed transactions, NOT re-executed because the chain is not the run's own; "
        if self._node is None:
            return f"{checked}their receipts are as the run recorded them, the node was not asked: {self._silence}"
        return f"{checked}their receipts are what {self._node.shown} says now"

    def close(self) -> None:
        """Nothing is open."""

    def _compare(self, rpc: Rpc, record: BlockRecord) -> None:
        where = f"{self._paths.txs}, block {record.block}"
        found = rpc.call("eth_getBlockByNumber", hex(record.block), False)
        if not isinstance(found, dict) or found["hash"].lower() != record.hash:
            raise MismatchError("the node has another block", where=where)
        answers = rpc.batch([("eth_getTransactionReceipt", [hash_of(raw)]) for raw in record.txs])
        for answer, told in zip(answers, record.receipts, strict=True):
            if answer is None or short_receipt(answer) != told:
                raise MismatchError("the node has another receipt than the recorded one", where=where)
