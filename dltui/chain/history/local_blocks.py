"""The blocks of a node of our own: each is in the transaction log before it is seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from dltui.chain.history.blocks import MinedBlock, block_calls, block_from, read_block
from dltui.chain.history.txlog import BlockRecord, TxLog, record_of
from dltui.chain.rpc import Rpc


class LocalBlocks:
    """Every block of a node of our own."""

    behind = False

    def __init__(self, rpc: Rpc, log: TxLog) -> None:
        self._rpc = rpc
        self._log = log

    def watch(self, contracts: Iterable[str]) -> None:
        """Do nothing: all transactions count here."""

    def history(self, last: int) -> Iterator[MinedBlock]:
        """Yield blocks 1 to `last`, read from the node."""
        return (read_block(self._rpc, number) for number in range(1, last + 1))

    def fresh(self, after: int, idle: bool = False) -> Iterator[MinedBlock]:
        """Yield what the node has after block `after`; new blocks are appended to the log first."""
        head = int(self._rpc.call("eth_blockNumber"), 16)
        for number in range(after + 1, head + 1):
            body, receipts = self._rpc.batch(block_calls(number))
            if number > self._log.last_block:
                self._log.append(record_of(body, number, self._log.engine))
            block = block_from(body, receipts)
            # A block that anvil made again from the log has another hash there: the first one is the block's name.
            if number == self._log.last_block:
                block = replace(block, hash=self._log.last_hash, state_root=self._log.last_state_root)
            yield block


def record_block(rpc: Rpc, number: int, engine: str = "embedded") -> BlockRecord:
    """Read block `number` from the node of an `engine`; raises `ChainError` as `record_of` does."""
    return record_of(rpc.call("eth_getBlockByNumber", hex(number), True), number, engine)
