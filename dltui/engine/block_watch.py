"""When the engine looks at the chain: as soon as its node says that there is a block, else every so often."""

from __future__ import annotations

import math
import selectors
import time

from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import RpcError
from dltui.errors import ChainError

BUSY_MS, IDLE_MS = 1_000, 5_000
"""How long the node may hold a question back while a round is open, and while none is."""
GRACE_SECONDS = 1.0
"""An answer that is later than this is not waited for: the chain is looked at, and the silence counted."""
BUSY_PAUSE, IDLE_PAUSE = 0.1, 1.0
"""Seconds between two looks at a node that does not say when there is a block."""
BUSY_TURN, IDLE_TURN = 0.25, 1.0
"""The longest turn of the loop, in seconds, while a round is open and while none is."""


class BlockWatch:
    """One long poll (`dltui_waitBlock`) on a connection of its own, on which the loop's `selector` waits too.

    `word` names the engine to its node, `long_poll` is false for a node that cannot have it. Nothing here waits.
    """

    def __init__(self, selector: selectors.BaseSelector, url: str, word: str, long_poll: bool) -> None:
        self._selector = selector
        self._rpc = Rpc(url, word=word)
        self._long_poll = long_poll
        self._descriptor: int | None = None
        self._due, self._next = math.inf, 0.0

    @property
    def due(self) -> bool:
        """Whether the chain should be looked at now."""
        return time.monotonic() >= self._next

    @property
    def silent_since(self) -> float | None:
        """When the answer was due (monotonic seconds) that has not come yet; None if nothing is overdue.

        An answer that lies unread is no silence: the loop was busy itself.
        """
        if time.monotonic() < self._due + GRACE_SECONDS:
            return None
        return None if any(key.fd == self._descriptor for key, _ in self._selector.select(0)) else self._due

    def turn(self, busy: bool) -> float:
        """The longest time in seconds that the loop may sleep."""
        if self._long_poll:
            return BUSY_TURN if busy else IDLE_TURN
        return BUSY_PAUSE if busy else IDLE_PAUSE

    def looked(self, block: int, busy: bool) -> None:
        """The chain was read up to `block`: have the node say when there is another one."""
        now = time.monotonic()
        if self._long_poll and self._descriptor is None:
            wait = BUSY_MS if busy else IDLE_MS
            try:
                self._descriptor = self._rpc.ask("dltui_waitBlock", hex(block), hex(wait))
            except ChainError:
                self._next = now + BUSY_PAUSE
                return
            self._due = now + wait / 1_000
            self._selector.register(self._descriptor, selectors.EVENT_READ, self._answered)
        self._next = self._due + GRACE_SECONDS if self._long_poll else now + (BUSY_PAUSE if busy else IDLE_PAUSE)

    def forget(self) -> None:
        """The node was lost: look at once, and ask its successor."""
        self._unhook()
        self._rpc.close()
        self._next = 0.0

    def _answered(self) -> None:
        self._unhook()
        try:
            self._rpc.answer()
        except RpcError:
            self._long_poll = False
        except ChainError:
            self._rpc.close()
        self._next = 0.0

    def _unhook(self) -> None:
        if self._descriptor is not None:
            self._selector.unregister(self._descriptor)
            self._descriptor = None
        self._due = math.inf
