"""WebSocket connections (RFC 6455): JSON-RPC requests come in, answers and notifications go out."""

from __future__ import annotations

import logging
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from dltui.devchain.connections import ByteBudget
from dltui.devchain.jsonrpc import answer
from dltui.devchain.methods import Methods
from dltui.devchain.subscriptions import Subscriber

log = logging.getLogger(__name__)

MAX_WEBSOCKETS = 64
"""Most WebSocket connections at a time."""
MAX_MESSAGE = 1024 * 1024
"""Largest message from a client in bytes."""
SEND_TIMEOUT = 10
"""Seconds that a client may leave what is sent to it unread."""
_LOOK_AGAIN = 1.0

Read = Callable[[], bytes]


class WebSockets:
    """All WebSocket connections of the node."""

    def __init__(self, methods: Methods, budget: ByteBudget) -> None:
        self._methods = methods
        self._budget = budget
        self._lock = threading.Lock()
        self._sessions: set[_Session] = set()

    def serve(self, connection: socket.socket, head: bytes, read: Read) -> bool:
        """Serve `connection` until it ends; `head` is its HTTP request, `read` gives the bytes after it.

        Returns False, and does nothing, where there are `MAX_WEBSOCKETS` already.
        """
        session = _Session(connection, self._methods, self._budget)
        with self._lock:
            if len(self._sessions) >= MAX_WEBSOCKETS:
                return False
            self._sessions.add(session)
        try:
            session.run(head, read)
        finally:
            session.end()
            with self._lock:
                self._sessions.discard(session)
        return True

    def close(self) -> None:
        """Tell every client that the node goes away."""
        with self._lock:
            sessions = list(self._sessions)
        for session in sessions:
            session.end(CloseCode.GOING_AWAY)


class _Session:
    """One connection: the thread that reads and answers, and one more that sends what subscriptions give."""

    def __init__(self, connection: socket.socket, methods: Methods, budget: ByteBudget) -> None:
        self._socket = connection
        self._budget = budget
        self._queue = methods.chain.queue
        self._news = methods.chain.news
        self._subscriber = Subscriber(methods)
        self._protocol = ServerProtocol(max_size=MAX_MESSAGE)
        self._lock = threading.Lock()
        self._message = bytearray()
        self._pusher: threading.Thread | None = None
        # Reading may take for ever; a client that does not read is given up.
        connection.settimeout(None)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", SEND_TIMEOUT, 0))

    def run(self, head: bytes, read: Read) -> None:
        """Answer what comes until the connection ends."""
        data = head
        while data:
            with self._queue.stranger():
                requests = self._receive(data)
            self._send()
            for request in requests:
                with self._queue.stranger():
                    reply = answer(self._subscriber, request)
                if reply:
                    self._send(reply)
                if self._subscriber.answered() and self._pusher is None:
                    self._pusher = threading.Thread(target=self._push, name="subscriptions", daemon=True)
                    self._pusher.start()
            if self._protocol.state is not State.OPEN:
                return
            data = read()

    def end(self, code: CloseCode = CloseCode.NORMAL_CLOSURE) -> None:
        """Close the connection, with a farewell if it is open; for any thread."""
        try:
            with self._lock:
                if self._protocol.state is State.OPEN:
                    self._protocol.send_close(code)
                    self._flush(())
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            log.debug("a WebSocket was gone already")

    def _receive(self, data: bytes) -> list[bytearray]:
        """Return the messages that `data` completes; answers to handshake and control frames go out with the next."""
        with self._lock:
            self._protocol.receive_data(data)
            events = self._protocol.events_received()
            for event in events:
                if isinstance(event, Request):
                    self._protocol.send_response(self._protocol.accept(event))
        return [message for event in events if isinstance(event, Frame) for message in self._messages(event)]

    def _messages(self, frame: Frame) -> list[bytearray]:
        """Return the message that `frame` completes, if any."""
        if frame.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            return []
        self._message += frame.data
        if not frame.fin:
            return []
        message, self._message = self._message, bytearray()
        return [message]

    def _send(self, *texts: bytes) -> None:
        """Send what is due and `texts`; raises `Full` if the node holds too much for clients that do not read."""
        with self._budget.hold(sum(map(len, texts))), self._lock:
            self._flush(texts)

    def _flush(self, texts: Sequence[bytes]) -> None:
        for text in texts:
            if self._protocol.state is State.OPEN:
                self._protocol.send_text(text)
        for data in self._protocol.data_to_send():
            if data:
                self._socket.sendall(data)

    def _push(self) -> None:
        """Send notifications when something happened; a subscription that cannot be served ends the connection."""
        seen = self._news.count
        try:
            while self._protocol.state is State.OPEN:
                due = self._subscriber.due()
                while (texts := self._next(due)) is not None and self._protocol.state is State.OPEN:
                    self._send(*texts)
                seen = self._news.wait(seen, _LOOK_AGAIN)
        except Exception:
            log.debug("subscriptions ended", exc_info=True)
            self.end(CloseCode.INTERNAL_ERROR)

    def _next(self, due: Iterator[list[bytes]]) -> list[bytes] | None:
        """Have the next piece of what is due made, when it is this client's turn; None if there is no more."""
        with self._queue.stranger():
            return next(due, None)
