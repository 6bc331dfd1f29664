"""JSON-RPC over HTTP and WebSocket on one loopback port, with every request and connection bounded."""

from __future__ import annotations

import hmac
import logging
import socket
import socketserver
import time
from contextlib import ExitStack
from http import HTTPStatus
from typing import Any, cast

from dltui.devchain import params
from dltui.devchain.connections import MAX_BYTES, MAX_STRANGERS, SMALL, ByteBudget, ConnectionSlots, Full
from dltui.devchain.http1 import MAX_HEAD, BadHead, Head, may_ask, parse_head, response
from dltui.devchain.incoming import Incoming
from dltui.devchain.jsonrpc import MAX_BODY, answer, refusal
from dltui.devchain.methods import Methods
from dltui.devchain.params import RpcFault
from dltui.devchain.websocket import WebSockets

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
"""The only interface that the node listens on."""
SEND_TIMEOUT = 10.0
"""Seconds that a client may take to read an answer."""
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_NOT_HTTP = HTTPStatus.BAD_REQUEST, "the request is not HTTP/1.1"
_BUSY = HTTPStatus.SERVICE_UNAVAILABLE, "the node answers too many others now; try again"


class RpcServer(socketserver.ThreadingTCPServer):
    """Serves `methods` on `port` (0: a free one, then in `server_port`); a thread for each connection.

    Who shows `word` is of the run; everyone is a stranger if it is empty.
    """

    daemon_threads = True
    request_queue_size = 1024
    allow_reuse_address = True

    def __init__(self, methods: Methods, port: int = 0, word: str = "", max_connections: int = MAX_STRANGERS) -> None:
        self.methods = methods
        self.queue = methods.chain.queue
        self.slots = ConnectionSlots(max_connections)
        self.budget = ByteBudget(MAX_BYTES)
        self.websockets = WebSockets(methods, self.budget)
        self._expected = f"Bearer {word}" if word else ""
        super().__init__((LOOPBACK, port), _Handler)
        self.server_port: int = self.server_address[1]

    def is_of_the_run(self, head: Head) -> bool:
        """Return whether a request with this head shows the word."""
        shown = head.headers.get("authorization", "")
        return bool(self._expected) and hmac.compare_digest(shown.encode("latin-1"), self._expected.encode())

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own; new ones take turns with the run."""
        began, begun = time.monotonic(), self.queue.begun
        self.slots.enter(request)
        super().process_request(request, client_address)
        time.sleep(self.queue.rest(began, begun))

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, then give its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.slots.leave(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say in one line that a connection broke."""
        log.debug("a connection from %s broke", client_address, exc_info=True)

    def server_close(self) -> None:
        """Stop listening and say goodbye to the WebSocket clients."""
        super().server_close()
        self.websockets.close()


class _Handler(socketserver.BaseRequestHandler):
    """One connection."""

    def setup(self) -> None:
        self._server = cast(RpcServer, self.server)
        self._incoming = Incoming(self.request)
        self._of_the_run = False
        self._close = False
        self._origin: str | None = None
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def handle(self) -> None:
        """Answer one request after the other."""
        while not self._close and (raw := self._incoming.head(MAX_HEAD)):
            try:
                head = parse_head(raw)
            except BadHead:
                self._refuse(*_NOT_HTTP)
                return
            self._origin = head.headers.get("origin")
            self._close = head.close
            self._recognise(head)
            self._answer(head)
            self._server.slots.wait(self.request)

    def _recognise(self, head: Head) -> None:
        """Note whether the connection is of the run, and then give its place back."""
        self._of_the_run = self._server.is_of_the_run(head)
        if self._of_the_run:
            self._server.slots.leave(self.request)

    def _answer(self, head: Head) -> None:
        if not may_ask(head.headers.get("host", ""), self._origin):
            self._refuse(HTTPStatus.FORBIDDEN, "only requests to and from this machine are answered")
        elif head.method in ("POST", "GET"):
            try:
                self._post(head) if head.method == "POST" else self._get(head)
            except Full:
                self._refuse(*_BUSY)
        elif head.method == "OPTIONS":
            # The preflight of CORS: a page of this machine may ask, when it is its turn.
            with self._server.queue.stranger():
                allowed = {"Access-Control-Allow-Headers": "content-type"}
            self._reply(HTTPStatus.NO_CONTENT, b"", allowed)
        else:
            self._refuse(HTTPStatus.NOT_IMPLEMENTED, "JSON-RPC is asked by POST or over a WebSocket")

    def _post(self, head: Head) -> None:
        """Answer one JSON-RPC request; raises `Full`."""
        reason = _wrong_length(head)
        if reason is not None:
            self._refuse(*reason)
            return
        if head.headers.get("expect", "").lower() == "100-continue":
            self.request.sendall(_CONTINUE)
        with ExitStack() as held:
            size = int(head.headers["content-length"])
            if not self._of_the_run:
                held.enter_context(self._server.budget.hold(size))
            body = self._body(size)
            self._work()
            with self._server.queue.run() if self._of_the_run else self._server.queue.stranger():
                reply = answer(self._server.methods, body)
            if not self._of_the_run:
                held.enter_context(self._server.budget.hold(len(reply)))
            self._reply(HTTPStatus.OK, reply)

    def _work(self) -> None:
        """Count the request among those of strangers that are being answered; raises `Full`."""
        if not self._of_the_run:
            self._server.slots.work(self.request)

    def _body(self, size: int) -> bytearray:
        """Return the body of a request; large ones of strangers take turns with the run. Raises `Full`."""
        if size <= SMALL or self._of_the_run:
            return self._incoming.body(size)
        with self._server.budget.reader():
            began, begun = time.monotonic(), self._server.queue.begun
            body = self._incoming.body(size)
            time.sleep(self._server.queue.rest(began, begun))
            return body

    def _get(self, head: Head) -> None:
        """Turn the connection into a WebSocket, for the rest of its life; raises `Full`."""
        self._close = True
        self._work()
        if "websocket" not in head.headers.get("upgrade", "").lower():
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "JSON-RPC is asked by POST or over a WebSocket")
        elif not self._server.websockets.serve(self.request, head.raw, self._incoming.some):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "there are too many WebSocket connections")

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._close = True
        code = params.LIMIT_EXCEEDED if status == HTTPStatus.SERVICE_UNAVAILABLE else params.INVALID_REQUEST
        self._reply(status, refusal(RpcFault(code, reason)))
        self._incoming.drain()

    def _reply(self, status: HTTPStatus, body: bytes, more: dict[str, str] | None = None) -> None:
        headers = dict(more or {})
        if self._origin is not None and may_ask("localhost", self._origin):
            headers |= {"Access-Control-Allow-Origin": self._origin, "Vary": "Origin"}
        if self._close:
            headers["Connection"] = "close"
        self.request.settimeout(SEND_TIMEOUT)
        self.request.sendall(response(status, body, headers))


def _wrong_length(head: Head) -> tuple[HTTPStatus, str] | None:
    length = head.headers.get("content-length", "")
    if "transfer-encoding" in head.headers or not (length.isascii() and length.isdigit()):
        return HTTPStatus.LENGTH_REQUIRED, "a Content-Length is needed"
    if len(length) > 10 or int(length) > MAX_BODY:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is larger than 4 MiB"
    return None
