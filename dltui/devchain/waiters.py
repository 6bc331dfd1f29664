"""Who waits for logs, and for which: a block wakes those whom it concerns, and nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from dltui.devchain.evm import LogEntry


@dataclass(frozen=True, eq=False)
class Waiter:
    """Waits for a log of one of `addresses` with one of `topics` as its first; an empty set stands for any."""

    addresses: frozenset[bytes]
    topics: frozenset[bytes]
    woken: threading.Event = field(default_factory=threading.Event)

    def wants(self, address: bytes, topic: bytes | None) -> bool:
        """Whether it waits for a log of this address with this first topic."""
        return (not self.addresses or address in self.addresses) and (not self.topics or topic in self.topics)


class Waiters(set[Waiter]):
    """Those who wait at present. The caller holds the chain's lock."""

    def tell(self, logs: Iterable[LogEntry]) -> None:
        """A new block has these logs."""
        fresh = {(log.address, log.topics[0] if log.topics else None) for log in logs}
        for waiter in self:
            if any(waiter.wants(address, topic) for address, topic in fresh):
                waiter.woken.set()
