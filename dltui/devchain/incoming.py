"""What comes in on one connection: heads and bodies of requests, each within its time."""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress

READ_TIMEOUT = 10.0
"""Seconds in which a begun head, and then its body, must be there as a whole."""
_DRAIN_SECONDS = 0.1
_DRAIN_BYTES = 1024 * 1024
_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = 16 * 1024


class Incoming:
    """Reads from `connection`. A request that takes too long raises `TimeoutError`, one that ends early `EOFError`."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = bytearray()

    def head(self, most: int) -> bytes:
        """Return the next head with its empty line, or the first `most` bytes without one; empty if the client is done.

        The first byte may take for ever: a kept connection has nothing to say.
        """
        del self._buffer[: len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))]
        if not self._buffer:
            self._socket.settimeout(None)
            if not self._receive():
                return b""
        end, looked = time.monotonic() + READ_TIMEOUT, 0
        while (found := _END.search(self._buffer, looked)) is None and len(self._buffer) < most:
            looked = max(0, len(self._buffer) - 3)
            self._more(end)
        return self._take(most if found is None else found.end())

    def body(self, size: int) -> bytearray:
        """Return the next `size` bytes."""
        end, begun = time.monotonic() + READ_TIMEOUT, self._take(min(size, len(self._buffer)))
        whole = bytearray(size)
        whole[: len(begun)] = begun
        rest = memoryview(whole)[len(begun) :]
        while rest:
            self._limit(end)
            rest = rest[self._came(self._socket.recv_into(rest)) :]
        return whole

    def some(self) -> bytes:
        """Return what comes next; empty if the client is done."""
        if not self._buffer:
            self._receive()
        return self._take(len(self._buffer))

    def drain(self) -> None:
        """Say that nothing more will be answered, and read what is under way: unread bytes would reset the connection,
        and the last answer with it."""
        end, left = time.monotonic() + _DRAIN_SECONDS, _DRAIN_BYTES
        with suppress(OSError, EOFError):
            self._socket.shutdown(socket.SHUT_WR)
            while left > 0:
                self._limit(end)
                left -= self._came(self._receive())
                self._buffer.clear()

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _more(self, end: float) -> None:
        self._limit(end)
        self._came(self._receive())

    def _limit(self, end: float) -> None:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the rest of the request did not come")
        self._socket.settimeout(left)

    def _came(self, count: int) -> int:
        if not count:
            raise EOFError("the request ended early")
        return count

    def _receive(self) -> int:
        piece = self._socket.recv(_CHUNK)
        self._buffer += piece
        return len(piece)
