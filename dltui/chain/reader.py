"""A client's view of the chain: new logs since the last look, and waiting for the next block."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from dltui.chain.binding import Caller
from dltui.chain.ledger import Ledger
from dltui.chain.ranges import SPAN, piece_of
from dltui.chain.types import Log, RpcError
from dltui.errors import ChainError

POLL_SECONDS = 0.1
WAIT_LIMIT_MS = 5000


class Rewound(ChainError):
    """The chain lost blocks that were already read: what was concluded from them does not hold."""


class ChainReader:
    """Reads the federation's logs in order and folds them into `ledger`.

    Waiting uses the node's long poll (`dltui_waitBlock`) where it has one, and asks for the block number every `pause`
    seconds elsewhere. Blocks up to `after` are passed over; the last `confirmations` blocks do not count yet. A query
    that the node refuses is asked again for half of the blocks.
    """

    def __init__(
        self,
        rpc: Caller,
        addresses: Sequence[str],
        decode: Callable[[dict[str, Any]], Log | None],
        *,
        after: int = -1,
        confirmations: int = 0,
        pause: float = POLL_SECONDS,
    ) -> None:
        self._rpc = rpc
        self._addresses = list(addresses)
        self._decode = decode
        self._long_poll = not confirmations
        self._root: str | None = None
        self._confirmations = confirmations
        self._pause = pause
        self._span = SPAN
        self.block = after
        self.ledger = Ledger()

    def poll(self) -> list[Log]:
        """The decoded logs of the blocks since the last call, already folded into the ledger.

        Raises `Rewound` where the last block that was read is not the chain's any more.
        """
        head = self._head()
        if head == self.block or (head < self.block and self._root is None):
            return []
        # The state, not the hash: a node that was rebuilt from its log has the same state under other hashes.
        if self._root is not None and self._root_of(self.block) != self._root:
            raise Rewound(f"block {self.block} was lost", where="chain")
        logs: list[Log] = []
        while self.block < head:
            last, raws, span = piece_of(self._rpc, self._addresses, self.block + 1, head, self._span)
            self._span = min(SPAN, 2 * span)
            found = [log for raw in raws if (log := self._decode(raw)) is not None]
            # Everything is asked before anything is folded: a node lost in between is asked for the same again.
            self.block, self._root = last, self._root_of(last)
            for log in found:
                self.ledger.apply(log)
            logs += found
        return logs

    def _head(self) -> int:
        return int(self._rpc.call("eth_blockNumber"), 16) - self._confirmations

    def _root_of(self, number: int) -> str | None:
        block = self._rpc.call("eth_getBlockByNumber", hex(number), False)
        return None if block is None else str(block["stateRoot"])

    def wait(self, seconds: float) -> None:
        """Return when there is a block that `poll` has not seen, or after `seconds`."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._long_poll:
                try:
                    wait_ms = max(1, min(int(left * 1000), WAIT_LIMIT_MS))
                    head = int(self._rpc.call("dltui_waitBlock", hex(max(self.block, 0)), hex(wait_ms)), 16)
                except RpcError:
                    self._long_poll = False
                    continue
            else:
                head = self._head()
                if head <= self.block:
                    time.sleep(min(self._pause, left))
            if head > self.block:
                return
