"""What comes in on one connection: heads and bodies of requests, each within its time."""

from __future__ import annotations

import re
import socket
import time

READ_TIMEOUT = 10.0
"""Seconds in which a begun head, and then its body, must be there as a whole."""
_END = re.compile(rb"\r?\n\r?\n")
_CHUNK = 16 * 1024


class Incoming:
    """Reads from `connection`. A request that takes too long raises `TimeoutError`, one that ends early `EOFError`."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = bytearray()

    def head(self, most: int) -> bytes:
        """The next head with its empty line, or the first `most` bytes without one; empty where the client is done.

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

    def body(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = time.monotonic() + READ_TIMEOUT
        while len(self._buffer) < size:
            self._more(end)
        return self._take(size)

    def some(self) -> bytes:
        """What comes next; empty where the client is done."""
        if not self._buffer:
            self._receive()
        return self._take(len(self._buffer))

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _more(self, end: float) -> None:
        left = end - time.monotonic()
        if left <= 0:
            raise TimeoutError("the rest of the request did not come")
        self._socket.settimeout(left)
        if not self._receive():
            raise EOFError("the request ended early")

    def _receive(self) -> bool:
        piece = self._socket.recv(_CHUNK)
        self._buffer += piece
        return bool(piece)
