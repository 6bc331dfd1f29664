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

_NOT_IN_HEADERS = ("size", "totalDifficulty", "transactions", "uncles", "withdrawals")


class Feed(Protocol):
    """Something that grows with the chain."""

    behind: bool
    """Whether the last look left something out."""

    def changes(self, most: int) -> list[Any]:
        """Return what came since the last look, oldest first: that of `most` blocks, or `most` hashes."""


class _BlockFeed:
    """Renders the blocks that were made since the last look."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain
        self._seen = int(chain.head.block_number)
        self.behind = False

    def changes(self, most: int) -> list[Any]:
        with self._chain.lock:
            first, head = self._seen + 1, int(self._chain.head.block_number)
            last = min(head, self._seen + most)
            found = self._render(first, last) if last >= first else []
            self._seen = max(last, self._seen)
            self.behind = self._seen < head
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
        self.behind = False

    def changes(self, most: int) -> list[Any]:
        taken, hashes = self._look(self._seen)
        left = len(hashes[most:])
        self._seen, self.behind = taken - left, left > 0
        return [data(tx_hash) for tx_hash in hashes[:most]]
