"""A run's part of a chain that is not its own: only blocks with our transactions, and of them only ours."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from typing import Any

from eth_utils import to_checksum_address

from dltui.chain.contracts.binding import Caller
from dltui.chain.history.blocks import MinedBlock, block_from
from dltui.chain.history.rawtx import raw_transaction
from dltui.chain.history.receipts import parse_receipt
from dltui.chain.history.txlog import BlockRecord, TxLog
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import RpcError
from dltui.chain.transactions import Refused, Transaction, decode_transaction
from dltui.errors import ChainError, ConfigError

RECEIPT = ("status", "gasUsed", "effectiveGasPrice", "contractAddress")
"""What is kept of a receipt besides its logs, as the node wrote it."""
SLICE = 5.0
"""Seconds of one piece of a long history: the reader has other things to serve in between."""
_HEX = re.compile(r"0x[0-9a-f]*")


class RemoteBlocks:
    """Reads a foreign chain up to `confirmations` blocks below its head, every `pause` seconds while idle.

    Ours are the transactions of `operator`, and those to whatever it deploys and to what `watch` names.
    """

    def __init__(
        self,
        rpc: Rpc,
        log: TxLog,
        chain_id: int,
        operator: str,
        confirmations: int,
        pause: float,
    ) -> None:
        self._rpc = rpc
        self._log = log
        self._chain_id = chain_id
        self._operator = operator.lower()
        self._contracts: set[str] = set()
        self._confirmations = confirmations
        self._pause = pause
        self._looked = 0.0
        self._seen, self._hash = log.last_block, log.last_hash
        self.behind = False

    def watch(self, contracts: Iterable[str]) -> None:
        """Count transactions to these addresses too."""
        self._contracts |= {address.lower() for address in contracts}

    def history(self, last: int) -> Iterator[MinedBlock]:
        """Yield the blocks of the log, without a request to the node."""
        for record in self._log.read():
            if record.block <= last:
                yield self._told(record)

    def fresh(self, after: int, idle: bool = False) -> Iterator[MinedBlock]:
        """Yield the blocks of the log after block `after`, then the new ones of the node with transactions of ours.

        Returns after some `SLICE` seconds with `behind` set if there are more. Raises `ChainError` if the chain
        was reorganised below a block that is in the log.
        """
        if after < self._log.last_block:
            yield from (self._told(record) for record in self._log.read() if record.block > after)
        now = time.monotonic()
        if idle and not self.behind and now - self._looked < self._pause:
            return
        self._looked = now
        head = int(self._rpc.call("eth_blockNumber"), 16) - self._confirmations
        while self._seen < head:
            record = self._next()
            if record is not None:
                yield self._told(record)
            if time.monotonic() - now >= SLICE:
                break
        self.behind = self._seen < head

    def _next(self) -> BlockRecord | None:
        """Read the next block; its record, which is in the log by then, where it has transactions of ours."""
        number = self._seen + 1
        block = self._rpc.call("eth_getBlockByNumber", hex(number), True)
        where = f"block {number}"
        if not isinstance(block, dict):
            raise ChainError("the node has no such block", where=where)
        try:
            if self._hash and block["parentHash"].lower() != self._hash:
                self._reorganised()
                return None
            record, hash = self._record(number, block), block["hash"].lower()
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ChainError("the node's block cannot be read", where=where) from error
        if record is not None:
            self._log.append(record)
        self._seen, self._hash = number, hash
        return record

    def _reorganised(self) -> None:
        """Read again from the log's last block, since what was read is not the chain's any more.

        Raises ChainError if that block is not there either.
        """
        seen = self._seen
        self._seen, self._hash = self._log.last_block, self._log.last_hash
        if seen > self._seen and (not self._hash or self._is_there(self._seen, self._hash)):
            return
        lost = [record.block for record in self._log.read() if not self._is_there(record.block, record.hash)]
        depth = seen - min(lost, default=seen) + 1
        raise ChainError(
            f"the chain was reorganised, {depth} blocks deep or more: what the run has recorded is not there any more",
            where=f"block {min(lost, default=seen)}",
            hint=f"start a new run with [chain] confirmations above {max(depth, self._confirmations)}",
        )

    def _is_there(self, number: int, hash: str) -> bool:
        block = self._rpc.call("eth_getBlockByNumber", hex(number), False)
        return isinstance(block, dict) and str(block.get("hash")).lower() == hash

    def _told(self, record: BlockRecord) -> MinedBlock:
        block = block_of(record, self._chain_id)
        self._contracts |= {tx.created.lower() for tx in block.txs if tx.created is not None}
        return block

    def _record(self, number: int, block: dict[str, Any]) -> BlockRecord | None:
        ours = [tx for tx in block["transactions"] if self._is_ours(tx)]
        if not ours:
            return None
        answers = self._rpc.batch([("eth_getTransactionReceipt", [tx["hash"]]) for tx in ours])
        return BlockRecord(
            block=number,
            timestamp=int(block["timestamp"], 16),
            hash=block["hash"].lower(),
            state_root=block["stateRoot"].lower(),
            txs=tuple(raw_transaction(tx) for tx in ours),
            receipts=tuple(short_receipt(answer) for answer in answers),
        )

    def _is_ours(self, tx: dict[str, Any]) -> bool:
        return tx["from"].lower() == self._operator or (tx["to"] or "").lower() in self._contracts


def check_first_block(rpc: Caller, contract: str, first: int) -> None:
    """Raise `ConfigError` if block `first` is no place to begin the history of a `contract` that is there.

    What an old block held is not asked of a node that has forgotten it.
    """
    where, hint = "[chain] first_block", "set it to the block in which the FLContract was deployed, or to 0"
    head = int(rpc.call("eth_blockNumber"), 16)
    if first > head:
        raise ConfigError(f"is {first}, the chain stands at block {head}", where=where, hint=hint)
    try:
        before = rpc.call("eth_getCode", contract, hex(first - 1)) if first > 0 else "0x"
    except RpcError:
        return
    if before != "0x":
        raise ConfigError(f"is {first}, but the contract was there before", where=where, hint=hint)


def short_receipt(receipt: Any) -> dict[str, Any]:
    """Return what the log keeps of a node's receipt; raises `ChainError` if it is malformed."""
    parse_receipt(receipt)
    logs = [{"address": e["address"], "topics": e["topics"], "data": e["data"]} for e in receipt["logs"]]
    indices = [{"logIndex": e["logIndex"]} for e in receipt["logs"]]
    return {key: receipt.get(key) for key in RECEIPT} | {"logs": [a | b for a, b in zip(logs, indices, strict=True)]}


def block_of(record: BlockRecord, chain_id: int) -> MinedBlock:
    """Return the block behind a record: senders from the signatures, results from the receipts that the node gave.

    Raises `ChainError` if a transaction is not signed for `chain_id`, or a receipt is malformed.
    """
    where = f"block {record.block}"
    txs, receipts = [], []
    try:
        for raw, told in zip(record.txs, record.receipts, strict=True):
            tx = decode_transaction(raw, chain_id)
            name = "0x" + tx.hash.hex()
            txs.append({"hash": name, "input": "0x" + tx.data.hex()})
            receipts.append(_whole(tx, name, record, told))
        gas = sum(int(receipt["gasUsed"], 16) for receipt in receipts)
        names = {"number": record.block, "hash": record.hash, "stateRoot": record.state_root}
        head = names | {"timestamp": record.timestamp, "gasUsed": gas, "transactions": txs}
        return block_from(head, receipts)
    except Refused as error:
        raise ChainError(f"a transaction is not valid on this chain: {error.message}", where=where) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ChainError("a receipt cannot be read", where=where) from error


def _whole(tx: Transaction, name: str, record: BlockRecord, told: dict[str, Any]) -> dict[str, Any]:
    """Return the receipt as a node gives it, with what the transaction itself says."""
    common = {"transactionHash": name, "blockNumber": hex(record.block)}
    logs = [common | _log(log) for log in told["logs"]]
    sides = {"from": to_checksum_address(tx.sender), "to": to_checksum_address(tx.to) if tx.to else None}
    receipt = {key: told[key] for key in RECEIPT} | common | sides | {"logs": logs}
    parse_receipt(receipt)
    return receipt


def _log(log: dict[str, Any]) -> dict[str, Any]:
    for text in (log["address"], log["data"], *log["topics"]):
        if not _HEX.fullmatch(text.lower()):
            raise ValueError("log")
    return {key: log[key] for key in ("address", "topics", "data", "logIndex")}
