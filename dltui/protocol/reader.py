"""A client's view of the chain: new logs since the last look, and waiting for those that concern it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol

from dltui.chain.contracts.binding import Caller
from dltui.chain.contracts.logs import topics_of
from dltui.chain.contracts.ranges import SPAN, piece_of
from dltui.chain.rpc_errors import METHOD_NOT_FOUND, RpcError
from dltui.chain.types import Log
from dltui.core.events import RECORDED, record
from dltui.core.ledger import Ledger
from dltui.errors import ChainError

POLL_SECONDS = 0.1
WAIT_LIMIT_MS = 5000


class Rewound(ChainError):
    """The chain lost blocks that were already read: what was concluded from them does not hold."""


class Node(Caller, Protocol):
    """The part of a JSON-RPC client that a reader needs."""

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Return the results of several calls in one request; raises RpcError."""


class ChainReader:
    """Reads the federation's logs in order and folds them into `ledger`.

    A node of our own is asked with one long poll (`dltui_waitLogs`). Elsewhere the newest block and the last one that
    was read are asked for in one batch every `pause` seconds, and then the logs between them; a query that the node
    refuses is asked again for half of the blocks. Blocks up to `after` are passed over; the last `confirmations` blocks
    do not count yet.
    """

    def __init__(
        self,
        rpc: Node,
        addresses: Sequence[str],
        decode: Callable[[dict[str, Any]], Log | None],
        *,
        after: int = -1,
        confirmations: int = 0,
        pause: float = POLL_SECONDS,
    ) -> None:
        self._rpc = rpc
        self._addresses = list(addresses)
        self._topics = [topics_of(RECORDED)]
        self._decode = decode
        self._long_poll = not confirmations
        self._root: str | None = None
        self._confirmations = confirmations
        self._pause = pause
        self._span = SPAN
        self.block = after
        self.ledger = Ledger()

    def poll(self) -> list[Log]:
        """Return the decoded logs of the blocks since the last call, already folded into the ledger.

        Raises `Rewound` if the last block that was read is not the chain's any more.
        """
        return self.wait(0.0)

    def wait(self, seconds: float, wake: Collection[str] = ()) -> list[Log]:
        """Do as `poll`, but if nothing is new, return when something is, or after `seconds` (a long poll's at most).

        With `wake`, a node of our own lets only events of these names end the wait; what else came is folded then.
        """
        end = time.monotonic() + seconds
        while True:
            logs = self._long_look(seconds, wake)
            if logs is None:
                logs = self._look()
            left = end - time.monotonic()
            if logs is not None or left <= 0:
                return logs or []
            time.sleep(min(self._pause, left))

    def _long_look(self, seconds: float, wake: Collection[str]) -> list[Log] | None:
        """Return the new logs as one long poll gives them; None if it cannot be used."""
        if not self._long_poll or self._root is None:
            return None
        wait_ms = min(int(seconds * 1000), WAIT_LIMIT_MS)
        asked = [hex(self.block), self._addresses, self._topics, hex(wait_ms), topics_of(wake)]
        try:
            news = self._rpc.call("dltui_waitLogs", *asked)
        except RpcError as error:
            self._long_poll = error.code not in METHOD_NOT_FOUND
            return None
        self._check(news["known"])
        return self._fold(int(news["head"], 16), news["stateRoot"], news["logs"])

    def _look(self) -> list[Log] | None:
        """Return the new logs, in as many queries as the node's limits ask for; None if there is no new block."""
        calls = [("eth_getBlockByNumber", [tag, False]) for tag in ("latest", hex(max(self.block, 0)))]
        newest, known = self._rpc.batch(calls)
        if self._root is not None:
            self._check(None if known is None else known["stateRoot"])
        head = int(newest["number"], 16)
        roots = {head: newest["stateRoot"]}
        head -= self._confirmations
        if head <= self.block:
            return None
        logs: list[Log] = []
        while self.block < head:
            last, raws, span = piece_of(self._rpc, self._addresses, self.block + 1, head, self._span, self._topics)
            self._span = min(SPAN, 2 * span)
            # Everything is asked before anything is folded: a node lost in between is asked for the same again.
            root = roots.get(last) or self._rpc.call("eth_getBlockByNumber", hex(last), False)["stateRoot"]
            logs += self._fold(last, root, raws)
        return logs

    def _check(self, root: str | None) -> None:
        # The state, not the hash: a node that was rebuilt from its log has the same state under other hashes.
        if root != self._root:
            raise Rewound(f"block {self.block} was lost", where="chain")

    def _fold(self, block: int, root: str, raws: Sequence[dict[str, Any]]) -> list[Log]:
        logs = [log for raw in raws if (log := self._decode(raw)) is not None]
        self.block, self._root = block, root
        for log in logs:
            record(self.ledger, log.event, log.args)
        return logs
