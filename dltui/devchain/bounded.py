"""The Cancun EVM for calls that nobody pays for: it stops at a deadline and lets other threads go first.

py-evm is Python, and one thread runs Python at a time. A call that never paused would keep the miner waiting for the
interpreter at every step of a block; so a call steps aside each millisecond, which costs it a few per cent.
"""

from __future__ import annotations

import time
from typing import Any, cast

from eth.vm.forks import CancunVM
from eth.vm.forks.cancun.computation import CancunComputation
from eth.vm.forks.cancun.state import CancunState

from dltui.chain.nodes.genesis import GAS_LIMIT

_TURN = 0.001
_PAUSE = 0.00005
_MODEXP, _PAIRING, _BLAKE2 = (number.to_bytes(20, "big") for number in (5, 8, 9))
_MOST_GAS = {_MODEXP: 2_000_000, _PAIRING: 45_000 + 8 * 34_000, _BLAKE2: 20_000}
"""Gas that one use of a precompile may cost in a call. These three are Python without a pause: for 30 million gas they
would run for minutes (a pairing takes 0.6 s a pair, BLAKE2 18 µs a round)."""


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
        """Called at every step of the call; raises `OutOfTime`."""
        now = time.monotonic()
        if now < self._turn:
            return
        if self._cancelled:
            raise OutOfTime("execution aborted (the node is stopping)")
        if now >= self._end:
            raise OutOfTime(f"execution aborted (timeout = {self.seconds:g}s)")
        time.sleep(_PAUSE)
        self._turn = time.monotonic() + _TURN


class _Computation(CancunComputation):
    """Every opcode and precompile charges gas before it works; here the charge is where a call can be ended."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._watch = cast(_State, self.state).watch
        self._most = _MOST_GAS.get(self.msg.code_address, GAS_LIMIT)

    def consume_gas(self, amount: int, reason: str) -> None:
        self._watch.step()
        if amount > self._most and amount <= self.get_gas_remaining():
            raise OutOfTime("execution aborted (this precompile call takes too long for a call without a transaction)")
        super().consume_gas(amount, reason)


class _State(CancunState):
    computation_class = _Computation
    watch: Watch


class BoundedVM(CancunVM):
    """Cancun whose states need a `watch` before they execute anything."""

    _state_class = _State
