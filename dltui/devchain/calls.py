"""Unsigned calls: what eth_call and eth_estimateGas execute, a few at a time, beside the chain.

No call keeps a block waiting: each reads what the chain has committed, through a connection of its own.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from dltui.chain.transactions import intrinsic_gas
from dltui.devchain.database import SqliteReader, SqliteStore
from dltui.devchain.deadline import Watch
from dltui.devchain.evm import CallResult, Message, States
from dltui.devchain.fair_queue import Busy

CALL_SECONDS = 5.0
"""How long one call, or all trials of one estimate, may take: as in geth."""
CALLERS = 3
"""Calls that run at the same time; further ones wait their turn."""
STRANGERS = 2
"""Calls of strangers among them."""
PATIENCE = 4.0
"""Seconds that a call waits for its turn: with `CALL_SECONDS`, less than the 10 s that a client waits for an answer."""
_CALL_STIPEND = 2_300
_ESTIMATE_SLACK = 0.015

Result = TypeVar("Result")


class Caller(States):
    """Executes messages on stored states, free of charge and without a trace."""

    def call(
        self, message: Message, number: int | None = None, timestamp: int | None = None, watch: Watch | None = None
    ) -> CallResult:
        """Execute on the state after block `number` (default: the head).

        The code sees that block's number and time; with `timestamp` it sees the block to come, at that time.
        Raises `OutOfTime` if `watch` (default: `CALL_SECONDS`) ends it.
        """
        floor = intrinsic_gas(message.to, message.data, message.access_list)
        if message.gas < floor:
            return CallResult(b"", 0, f"intrinsic gas too low: have {message.gas}, want {floor}")
        at = self.head if number is None else self.header(number)
        header = at if timestamp is None else self.next_header(timestamp).copy(state_root=at.state_root)
        return self.execute_unsigned(message, header, watch or Watch(CALL_SECONDS))

    def estimate(
        self, message: Message, number: int | None = None, timestamp: int | None = None, watch: Watch | None = None
    ) -> CallResult:
        """Find the gas limit that `message` needs, up to 1.5 % above the least: the result's `gas_used`.

        A message that fails even with `message.gas` gives the failed result. Raises `OutOfTime`.
        """
        watch = watch or Watch(CALL_SECONDS)
        first = self.call(message, number, timestamp, watch)
        if first.error:
            return first
        low, high = first.gas_used - 1, message.gas
        guess = min(high, (first.gas_used + _CALL_STIPEND) * 64 // 63)
        if message.to and not message.data and not self.code(message.to, number):
            guess = first.gas_used
        while high > low + 1:
            trial = self.call(replace(message, gas=guess), number, timestamp, watch)
            low, high = (guess, high) if trial.error else (low, guess)
            if high - low <= max(1, int(high * _ESTIMATE_SLACK)):
                break
            guess = (low + high) // 2
        return CallResult(first.output, high)


class CallPool:
    """`CALLERS` callers that read what `store` has committed. Safe to use from many threads."""

    def __init__(self, store: SqliteStore, chain_id: int) -> None:
        self._readers: list[SqliteReader] = [store.reader() for _ in range(CALLERS)]
        self._free: queue.SimpleQueue[Caller] = queue.SimpleQueue()
        self._strangers = threading.BoundedSemaphore(STRANGERS)
        self._running: set[Watch] = set()
        self._closing = False
        for reader in self._readers:
            self._free.put(Caller(reader, chain_id))

    def run(self, work: Callable[[Caller, Watch], Result], stranger: bool = False) -> Result:
        """Do `work` with a free caller and a watch of `CALL_SECONDS`; raises `Busy`, and `OutOfTime` from the call."""
        if not stranger:
            return self._run(work)
        if not self._strangers.acquire(timeout=PATIENCE):
            raise Busy
        try:
            return self._run(work)
        finally:
            self._strangers.release()

    def _run(self, work: Callable[[Caller, Watch], Result]) -> Result:
        try:
            caller = self._free.get(timeout=PATIENCE)
        except queue.Empty:
            raise Busy from None
        watch = Watch(CALL_SECONDS)
        self._running.add(watch)
        try:
            if self._closing:
                raise Busy
            return work(caller, watch)
        finally:
            self._running.discard(watch)
            self._free.put(caller)

    def close(self) -> None:
        """End the calls that run, let no other begin, and close the readers."""
        self._closing = True
        for watch in list(self._running):
            watch.cancel()
        callers = [self._free.get() for _ in self._readers]
        for reader in self._readers:
            reader.close()
        for caller in callers:
            self._free.put(caller)
