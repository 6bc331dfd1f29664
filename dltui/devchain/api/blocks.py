"""Which block a parameter means, and the methods about blocks and the transactions in them."""

from __future__ import annotations

from typing import Any

from dltui.devchain import params
from dltui.devchain.formats import Json, pending_json, quantity
from dltui.devchain.miner import Miner
from dltui.devchain.params import RpcFault, arguments
from dltui.devchain.stored_chain import StoredChain

MAX_WAIT_MS = 5_000
"""Longest long poll."""
MAX_NUMBER = 2**63 - 1
"""Highest number of a block: the last block of a query that has no end."""


class BlockFinder:
    """Finds blocks of `chain`; the caller holds its lock."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain

    def find(self, tag: Any) -> int | None:
        """Return the number of the block that `tag` (a tag, number or hash) means, or None if the chain has none."""
        which, head = params.block_tag(tag), int(self._chain.head.block_number)
        if isinstance(which, bytes):
            return self._chain.index.block_number(which)
        if isinstance(which, int):
            return which if which <= head else None
        return 0 if which == "earliest" else head

    def block(self, tag: Any) -> int:
        """Return what `find` does; raise `RpcFault` for a block that does not exist."""
        number = self.find(tag)
        if number is None:
            raise RpcFault(params.SERVER_ERROR, "header not found")
        return number

    def by_hash(self, given: Any) -> int | None:
        """Return the number of the block with this hash, or None."""
        return self._chain.index.block_number(params.data(given, "block hash", 32))

    def bound(self, tag: Any) -> int:
        """Return one end of a log range; a number above the head is allowed and finds nothing there."""
        which = params.block_tag(tag)
        return which if isinstance(which, int) else self.block(tag)


class BlockMethods:
    """What does not exist is null. The block `pending` is the newest one: a transaction waits milliseconds."""

    def __init__(self, chain: StoredChain, miner: Miner) -> None:
        self._chain = chain
        self._miner = miner
        self._finder = BlockFinder(chain)

    def eth_blockNumber(self, given: Any) -> str:
        arguments(given, 0, 0)
        return quantity(self._chain.head.block_number)

    def dltui_waitBlock(self, given: Any) -> str:
        """Answer with the head's number as soon as it is above the first parameter, or after `timeout_ms`."""
        after, timeout = arguments(given, 2, 2)
        number = params.count(after, "block number", MAX_NUMBER)
        return quantity(self._chain.wait(number, params.count(timeout, "timeout_ms", MAX_WAIT_MS) / 1000))

    def eth_getBlockByNumber(self, given: Any) -> Json | None:
        tag, full = arguments(given, 1, 2)
        with self._chain.lock:
            return self._block(self._finder.find(tag), full)

    def eth_getBlockByHash(self, given: Any) -> Json | None:
        block_hash, full = arguments(given, 1, 2)
        with self._chain.lock:
            return self._block(self._finder.by_hash(block_hash), full)

    def eth_getBlockTransactionCountByNumber(self, given: Any) -> str | None:
        (tag,) = arguments(given, 1, 1)
        with self._chain.lock:
            return self._count(self._finder.find(tag))

    def eth_getBlockTransactionCountByHash(self, given: Any) -> str | None:
        (block_hash,) = arguments(given, 1, 1)
        with self._chain.lock:
            return self._count(self._finder.by_hash(block_hash))

    def eth_getBlockReceipts(self, given: Any) -> list[Json] | None:
        (tag,) = arguments(given, 1, 1)
        with self._chain.lock:
            number = self._finder.find(tag)
            return None if number is None else self._chain.index.receipts(number)

    def eth_getTransactionByHash(self, given: Any) -> Json | None:
        (given_hash,) = arguments(given, 1, 1)
        tx_hash = params.data(given_hash, "transaction hash", 32)
        with self._chain.lock:
            waiting = self._miner.waiting(tx_hash)
            return self._chain.index.transaction(tx_hash) if waiting is None else pending_json(waiting)

    def eth_getTransactionByBlockNumberAndIndex(self, given: Any) -> Json | None:
        tag, position = arguments(given, 2, 2)
        with self._chain.lock:
            return self._transaction(self._finder.find(tag), position)

    def eth_getTransactionByBlockHashAndIndex(self, given: Any) -> Json | None:
        block_hash, position = arguments(given, 2, 2)
        with self._chain.lock:
            return self._transaction(self._finder.by_hash(block_hash), position)

    def eth_getTransactionReceipt(self, given: Any) -> Json | None:
        (tx_hash,) = arguments(given, 1, 1)
        with self._chain.lock:
            return self._chain.index.receipt(params.data(tx_hash, "transaction hash", 32))

    def eth_getUncleCountByBlockNumber(self, given: Any) -> str | None:
        (tag,) = arguments(given, 1, 1)
        with self._chain.lock:
            return None if self._finder.find(tag) is None else quantity(0)

    def eth_getUncleCountByBlockHash(self, given: Any) -> str | None:
        (block_hash,) = arguments(given, 1, 1)
        with self._chain.lock:
            return None if self._finder.by_hash(block_hash) is None else quantity(0)

    def eth_getUncleByBlockNumberAndIndex(self, given: Any) -> None:
        tag, position = arguments(given, 2, 2)
        params.block_tag(tag)
        params.count(position, "index", params.MAX_INDEX)

    def eth_getUncleByBlockHashAndIndex(self, given: Any) -> None:
        block_hash, position = arguments(given, 2, 2)
        params.data(block_hash, "block hash", 32)
        params.count(position, "index", params.MAX_INDEX)

    def _block(self, number: int | None, full: Any) -> Json | None:
        whole = params.flag(full, "the second parameter")
        return None if number is None else self._chain.index.block(number, whole)

    def _count(self, number: int | None) -> str | None:
        return None if number is None else quantity(self._chain.index.transaction_count(number))

    def _transaction(self, number: int | None, position: Any) -> Json | None:
        index = params.count(position, "index", params.MAX_INDEX)
        return None if number is None else self._chain.index.transaction_at(number, index)
