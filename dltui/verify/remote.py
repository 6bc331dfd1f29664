"""The chain part of `verify` if the chain is not the run's own: signatures and receipts, but no re-execution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from dltui.chain.contracts.decode import decode_tx
from dltui.chain.contracts.logs import decode_log
from dltui.chain.contracts.ranges import logs_of
from dltui.chain.history.blocks import MinedBlock
from dltui.chain.history.rawtx import hash_of
from dltui.chain.history.remote_blocks import block_of, short_receipt
from dltui.chain.history.txlog import BlockRecord, TxLog
from dltui.chain.nodes.url_node import UrlNode
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable, RpcError
from dltui.config.sections import Config
from dltui.core import events as ev
from dltui.core import format as fmt
from dltui.core.events import LOGS, Event
from dltui.errors import ChainError, MismatchError
from dltui.rundir.paths import RunPaths
from dltui.verify.report import NOT_CHECKED, Step

LAG = 15.0
"""Seconds that a block may be older than its arrival at the run: the time of a block on the main chain, and more."""


class Recorded:
    """The run's part of a foreign chain, as its transaction log has it, compared with a node if that answers.

    The node is the one that the run names, or `node`.
    """

    doing = "reading blocks"

    def __init__(self, paths: RunPaths, config: Config, events: Sequence[Event], operator: str, node: str = "") -> None:
        self._paths = paths
        self._operator = operator
        self._confirmations = config.chain.confirmations
        self._began, self._ended = (fmt.unix(event.ts) or 0.0 for event in (events[0], events[-1]))
        try:
            self.log = TxLog(paths.txs)
        except ChainError as error:
            raise MismatchError(error.message, where=error.where) from error
        ready = [event.data for event in events if isinstance(event.data, ev.ChainReady)]
        if not ready:
            raise MismatchError("the journal does not say which chain it was", where=str(paths.journal))
        self.chain_id = ready[-1].chain_id
        self._hashes: set[str] = set()
        self._blocks = 0
        self._nonce: int | None = None
        self._last_time = 0
        self._went_on = ""
        self._node: UrlNode | None = None
        self._silence = ""
        self._ask(node, config.chain.engine)

    def _ask(self, chosen: str, named: str) -> None:
        """Reach the node: the `chosen` one, or the one that the run names."""
        if not chosen and "${" in named:
            # The author of the run would learn what is in the environment of its reader.
            self._silence = "its address has a variable of the environment, which only --node gets"
            return
        try:
            node = UrlNode(chosen or named, self.chain_id)
            node.start()
        except ChainError as error:
            self._silence = str(error)
            return
        if node.fingerprint() == self.log.genesis_sha256:
            self._node = node
        else:
            self._silence = f"{node.shown} is on another chain"

    def blocks(self) -> Iterator[MinedBlock]:
        """The blocks of the log: each transaction's signature is checked, and its receipt asked for again.

        Raises MismatchError at the first difference, ChainError if the node stops answering.
        """
        rpc = Rpc(self._node.url) if self._node is not None else None
        try:
            for record in self.log.read():
                block = block_of(record, self.chain_id)
                self._check_nonces(record, block)
                if rpc is not None:
                    self._compare(rpc, record)
                self._hashes |= {tx.hash for tx in block.txs}
                self._blocks += 1
                self._last_time = record.timestamp
                yield block
        except (NodeUnreachable, RpcError):
            raise
        except ChainError as error:
            raise MismatchError(error.message, where=f"{self._paths.txs}, {error.where}") from error
        finally:
            if rpc is not None:
                rpc.close()

    def compare_logs(self, contracts: Mapping[str, str]) -> None:
        """Compare the other way round: what the node has of `contracts` (address to name) must be in the log.

        What came after the run ended is nobody's omission: a federation may go on in another run. Call after `blocks`.
        """
        if self._node is None:
            return
        with Rpc(self._node.url) as rpc:
            live = self._last_time >= self._began  # else the run ended while it was still reading the past
            head = int(rpc.call("eth_blockNumber"), 16) if live else self.log.last_block
            for raw in logs_of(rpc, list(contracts), self.log.after + 1, head):
                log = decode_log(raw, contracts)
                if log is None or log.event not in LOGS or log.tx in self._hashes:
                    continue
                if log.block > self.log.last_block and self._is_later(rpc, log.block, head):
                    self._went_on = "; the federation went on after the run"
                    return
                raise MismatchError(
                    f"lacks transaction {log.tx} of block {log.block} ({log.event}), which the node has",
                    where=str(self._paths.txs),
                )

    def steps(self) -> Iterator[Step]:
        """What was checked, and plainly what was not."""
        yield Step(
            "signatures",
            f"{len(self._hashes)} transactions are signed by their senders, none of the operator is left out",
        )
        text = "the chain is not the run's own: what the transactions did is a node's word"
        yield Step("re-execution", text, NOT_CHECKED)
        if self._node is None:
            yield Step("receipts", f"they are as the run recorded them: {self._silence}", NOT_CHECKED)
            return
        text = (
            f"{self._node.shown} says the same now of {self._blocks} blocks (hash, time, state root) and of each "
            "transaction (status, gas, price, logs), and has no other logs of these contracts"
        )
        yield Step("receipts", text + self._went_on)

    def close(self) -> None:
        """Nothing is open."""

    def _check_nonces(self, record: BlockRecord, block: MinedBlock) -> None:
        """Every transaction of the operator is in the log, so none of its numbers may be left out."""
        for raw, tx in zip(record.txs, block.txs, strict=True):
            if tx.sender != self._operator:
                continue
            nonce = decode_tx(raw, {}).nonce
            if self._nonce is not None and nonce != self._nonce + 1:
                raise MismatchError(
                    f"the operator's transaction number {self._nonce + 1} is missing, {nonce} follows {self._nonce}",
                    where=f"{self._paths.txs}, block {record.block}",
                )
            self._nonce = nonce

    def _compare(self, rpc: Rpc, record: BlockRecord) -> None:
        where = f"{self._paths.txs}, block {record.block}"
        found = rpc.call("eth_getBlockByNumber", hex(record.block), False)
        if not isinstance(found, dict) or found["hash"].lower() != record.hash:
            raise MismatchError("the node has another block", where=where)
        if int(found["timestamp"], 16) != record.timestamp or found["stateRoot"].lower() != record.state_root:
            raise MismatchError("the node has the block with another timestamp or state root", where=where)
        answers = rpc.batch([("eth_getTransactionReceipt", [hash_of(raw)]) for raw in record.txs])
        for answer, told in zip(answers, record.receipts, strict=True):
            if answer is None or short_receipt(answer) != told:
                raise MismatchError("the node has another receipt than the recorded one", where=where)

    def _is_later(self, rpc: Rpc, number: int, head: int) -> bool:
        """Whether a block counted only when the run was over."""
        counts_at = number + self._confirmations
        if counts_at > head:
            return True
        block = rpc.call("eth_getBlockByNumber", hex(counts_at), False)
        return int(block["timestamp"], 16) + LAG > self._ended
