"""The deadline of an unsigned call: it ends the call, and lets other threads go first.

py-evm is Python, and one thread runs Python at a time. A call that never paused would keep the miner waiting for the
interpreter at every step of a block; so a call steps aside each millisecond, which costs it a few per cent.
"""

from __future__ import annotations

import time

_TURN = 0.001
_PAUSE = 0.00005


class OutOfTime(Exception):
    """The call ran into its deadline; the message says which."""


class Watch:
    """Ends a call `seconds` after its start, or as soon as `cancel` was called."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._cancelled = False
        self._end = time.monotonic() + seconds
        self._turn = 0.0

    def cancel(self) -> None:
        """End the call at its next step; for another thread."""
        self._cancelled = True

    def step(self) -> None:
        """Raise `OutOfTime` if the call must end; called at each of its steps."""
        now = time.monotonic()
        if now < self._turn:
            return
        if self._cancelled:
            raise OutOfTime("execution aborted (the node is stopping)")
        if now >= self._end:
            raise OutOfTime(f"execution aborted (timeout = {self.seconds:g}s)")
        time.sleep(_PAUSE)
        self._turn = time.monotonic() + _TURN
