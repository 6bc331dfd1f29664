"""What strangers may hold of the node: connections, and bytes in memory."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

MAX_STRANGERS = 256
"""Most connections of strangers at a time."""
MAX_BYTES = 32 * 1024 * 1024
"""Most bytes of large requests and answers that the node holds for strangers, all together."""
SMALL = 64 * 1024
"""Requests and answers up to this size are not counted."""
READERS = 2
"""Large requests of strangers that are read at a time."""
PATIENCE = 10.0
"""Seconds that a large request waits until it is read."""


class Full(Exception):
    """There is no room now."""


class ConnectionSlots:
    """At most `most` connections; a newcomer takes the place of the one that has been waiting longest for a request.

    So half-open connections keep no other out. Nor do requests that are being answered: a newcomer always gets in,
    since only its first request shows whether it is of the run. Safe to use from many threads.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._spare = max(1, most // 16)
        """Newcomers beyond the places, if every place is taken by a request that is being answered."""
        self._lock = threading.Lock()
        self._all: set[socket.socket] = set()
        self._waiting: dict[socket.socket, None] = {}

    def __len__(self) -> int:
        return len(self._all)

    def idle(self) -> int:
        """Return how many of the connections wait for a request."""
        return len(self._waiting)

    def enter(self, connection: socket.socket) -> None:
        """Give `connection` a place."""
        with self._lock:
            if len(self._waiting) >= max(self._most - self._working, self._spare):
                self._give_up()
            self._all.add(connection)
            self._waiting[connection] = None

    def wait(self, connection: socket.socket) -> None:
        """Note that `connection` waits for a request."""
        with self._lock:
            if connection in self._all:
                self._waiting[connection] = None

    def work(self, connection: socket.socket) -> None:
        """Note that `connection` has a request that is being answered; raises `Full` if too many have one."""
        with self._lock:
            if connection not in self._waiting or self._working >= self._most:
                raise Full
            del self._waiting[connection]

    def leave(self, connection: socket.socket) -> None:
        """Forget `connection`: it has ended, or is of the run."""
        with self._lock:
            self._all.discard(connection)
            self._waiting.pop(connection, None)

    @property
    def _working(self) -> int:
        return len(self._all) - len(self._waiting)

    def _give_up(self) -> None:
        """End the connection that has waited longest."""
        oldest = next(iter(self._waiting))
        del self._waiting[oldest]
        self._all.discard(oldest)
        with suppress(OSError):
            oldest.shutdown(socket.SHUT_RDWR)


class ByteBudget:
    """`size` bytes for large requests and answers, and a few readers. Safe to use from many threads."""

    def __init__(self, size: int) -> None:
        self._lock = threading.Lock()
        self._left = size
        self._readers = threading.BoundedSemaphore(READERS)

    @contextmanager
    def reader(self) -> Iterator[None]:
        """Read a large request; raises `Full` if others are read for too long."""
        if not self._readers.acquire(timeout=PATIENCE):
            raise Full
        try:
            yield
        finally:
            self._readers.release()

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Hold `size` bytes; raises `Full` if there is no room for them."""
        counted = size if size > SMALL else 0
        with self._lock:
            if counted > self._left:
                raise Full
            self._left -= counted
        try:
            yield
        finally:
            with self._lock:
                self._left += counted
