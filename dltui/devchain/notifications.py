"""How threads wait for what the chain brings: for anything new, or for certain logs."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from dltui.devchain.evm import LogEntry


class Notifier:
    """Tells threads that something happened: go and look. Counts, so that none misses what came while it looked."""

    def __init__(self) -> None:
        self.count = 0
        self._changed = threading.Condition()

    def notify(self) -> None:
        """Wake the threads that wait."""
        with self._changed:
            self.count += 1
            self._changed.notify_all()

    def wait(self, seen: int, timeout: float) -> int:
        """Wait until the count is not `seen` any more, `timeout` seconds at most; returns the count."""
        with self._changed:
            self._changed.wait_for(lambda: self.count != seen, timeout)
            return self.count


@dataclass(frozen=True, eq=False)
class LogWaiter:
    """Waits for a log of one of `addresses` with one of `topics` as its first; an empty set stands for any."""

    addresses: frozenset[bytes]
    topics: frozenset[bytes]
    woken: threading.Event = field(default_factory=threading.Event)

    def wants(self, address: bytes, topic: bytes | None) -> bool:
        """Return whether it waits for a log of this address with this first topic."""
        return (not self.addresses or address in self.addresses) and (not self.topics or topic in self.topics)


class LogWaiters(set[LogWaiter]):
    """The ones that wait at present: a block wakes the ones that it concerns. The caller holds the chain's lock."""

    def wake(self, logs: Iterable[LogEntry]) -> None:
        """Wake those that wait for one of these logs of a new block."""
        fresh = {(log.address, log.topics[0] if log.topics else None) for log in logs}
        for waiter in self:
            if any(waiter.wants(address, topic) for address, topic in fresh):
                waiter.woken.set()
