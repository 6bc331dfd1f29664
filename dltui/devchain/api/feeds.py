"""What has happened since the last look: the common ground of filters and subscriptions.

A feed keeps a position in the chain and no queue, so a client that never looks costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Protocol

from dltui.devchain.formats import data
from dltui.devchain.index import LogFilter
from dltui.devchain.miner import Miner
from dltui.devchain.stored_chain import StoredChain

MAX_BLOCKS = 1_000
"""Most blocks that one look covers; the next look goes on from there."""
_NOT_IN_HEADERS = ("size", "totalDifficulty", "transactions", "uncles", "withdrawals")


class Feed(Protocol):
    """Something that grows with the chain."""

    def changes(self) -> list[Any]:
        """What came since the last call, oldest first."""


class _BlockFeed:
    """Renders the blocks that were made since the last look."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain
        self._seen = int(chain.head.block_number)

    def changes(self) -> list[Any]:
        with self._chain.lock:
            first = self._seen + 1
            last = min(int(self._chain.head.block_number), self._seen + MAX_BLOCKS)
            found = self._render(first, last) if last >= first else []
            self._seen = max(last, self._seen)
        return found

    def _render(self, first: int, last: int) -> list[Any]:
        raise NotImplementedError


class BlockHashes(_BlockFeed):
    """Hashes of new blocks."""

    def _render(self, first: int, last: int) -> list[Any]:
        return [data(block_hash) for block_hash in self._chain.index.block_hashes(first, last)]


class Heads(_BlockFeed):
    """Headers of new blocks."""

    def _render(self, first: int, last: int) -> list[Any]:
        blocks = [self._chain.index.block(number) or {} for number in range(first, last + 1)]
        return [{key: value for key, value in block.items() if key not in _NOT_IN_HEADERS} for block in blocks]


class Logs(_BlockFeed):
    """Logs of new blocks that match `wanted`. Raises `TooManyLogs`."""

    def __init__(self, chain: StoredChain, wanted: LogFilter) -> None:
        super().__init__(chain)
        self._wanted = wanted

    def _render(self, first: int, last: int) -> list[Any]:
        first, last = max(first, self._wanted.first), min(last, self._wanted.last)
        return self._chain.index.logs(replace(self._wanted, first=first, last=last)) if first <= last else []


class PendingHashes:
    """Hashes of the transactions that were taken, whether they are in a block by now or not."""

    def __init__(self, miner: Miner) -> None:
        self._look: Callable[[int], tuple[int, list[bytes]]] = miner.taken_since
        self._seen, _ = self._look(0)

    def changes(self) -> list[Any]:
        self._seen, hashes = self._look(self._seen)
        return [data(tx_hash) for tx_hash in hashes]
