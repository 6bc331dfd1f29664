"""Where calls are executed: a few places beside the chain, so that no call keeps a block waiting."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from dltui.devchain.bounded import Watch
from dltui.devchain.calls import CALL_SECONDS, Caller
from dltui.devchain.database import SqliteReader, SqliteStore

PLACES = 3
"""Calls that run at the same time; further ones wait their turn."""
STRANGERS = 2
"""Calls of strangers among them."""
PATIENCE = 4.0
"""Seconds that a call waits for its turn: with `CALL_SECONDS`, less than the 10 s that a client waits for an answer."""

Result = TypeVar("Result")


class Busy(Exception):
    """No place became free in time."""


class CallDesk:
    """`PLACES` callers on what `store` has committed. Safe to use from many threads."""

    def __init__(self, store: SqliteStore, chain_id: int) -> None:
        self._readers: list[SqliteReader] = [store.reader() for _ in range(PLACES)]
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
