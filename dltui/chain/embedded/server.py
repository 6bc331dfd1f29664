"""JSON-RPC over HTTP and WebSocket on one loopback port, with every request and connection bounded."""

from __future__ import annotations

import logging
import socketserver
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from dltui.chain.embedded import params
from dltui.chain.embedded.jsonrpc import MAX_BODY, answer, refusal
from dltui.chain.embedded.methods import Methods
from dltui.chain.embedded.origins import may_ask
from dltui.chain.embedded.params import RpcFault
from dltui.chain.embedded.websocket import WebSockets

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
"""The only interface that the node listens on."""
MAX_CONNECTIONS = 512
"""Most connections at a time; a further one is told so and closed."""
READ_TIMEOUT = 10.0
"""Seconds that the rest of a begun request may take to come, piece by piece."""
_FULL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class RpcServer(ThreadingHTTPServer):
    """Serves `methods` on `port` (0: a free one, then in `server_port`); a thread for each connection."""

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, methods: Methods, port: int = 0, max_connections: int = MAX_CONNECTIONS) -> None:
        self.methods = methods
        self.websockets = WebSockets(methods)
        self._places = threading.BoundedSemaphore(max_connections)
        super().__init__((LOOPBACK, port), _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse name look-up of HTTPServer."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own while there is a place for it."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
            return
        request.setblocking(False)
        try:
            request.send(_FULL)
        except OSError:
            log.debug("a connection beyond the limit was gone already")
        self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, then give its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is not worth a traceback."""
        log.debug("a connection from %s broke", client_address, exc_info=True)

    def server_close(self) -> None:
        """Stop listening and say goodbye to the WebSocket clients."""
        super().server_close()
        self.websockets.close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        # An idle kept connection may wait for ever; once a request has begun, the rest of it may not.
        self.connection.settimeout(READ_TIMEOUT)
        return super().parse_request()

    def do_POST(self) -> None:
        """Answer one JSON-RPC request."""
        reason = self._refusal() or self._wrong_length()
        if reason is not None:
            self._refuse(*reason)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._reply(HTTPStatus.OK, answer(self._server.methods, body))
        self.connection.settimeout(None)

    def do_GET(self) -> None:
        """Turn the connection into a WebSocket, for the rest of its life."""
        self.close_connection = True
        reason = self._refusal()
        if reason is not None:
            self._refuse(*reason)
        elif "websocket" not in self.headers.get("Upgrade", "").lower():
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, "JSON-RPC is asked by POST or over a WebSocket")
        elif not self._server.websockets.serve(self.connection, self._head(), self.rfile.read1):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "there are too many WebSocket connections")

    def do_OPTIONS(self) -> None:
        """Tell a page of this machine that it may ask (the preflight of CORS)."""
        reason = self._refusal()
        if reason is not None:
            self._refuse(*reason)
            return
        self._reply(HTTPStatus.NO_CONTENT, b"", {"Access-Control-Allow-Headers": "content-type"})
        self.connection.settimeout(None)

    @property
    def _server(self) -> RpcServer:
        return cast(RpcServer, self.server)

    def _head(self) -> bytes:
        """The request line and headers as they came."""
        lines = [f"{name}: {value}\r\n".encode("latin-1") for name, value in self.headers.items()]
        return b"".join([f"{self.requestline}\r\n".encode("latin-1"), *lines, b"\r\n"])

    def _refusal(self) -> tuple[HTTPStatus, str] | None:
        if may_ask(self.headers.get("Host", ""), self.headers.get("Origin")):
            return None
        return HTTPStatus.FORBIDDEN, "only requests to and from this machine are answered"

    def _wrong_length(self) -> tuple[HTTPStatus, str] | None:
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") is not None or not (length.isascii() and length.isdigit()):
            return HTTPStatus.LENGTH_REQUIRED, "a Content-Length is needed"
        if len(length) > 10 or int(length) > MAX_BODY:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is larger than 4 MiB"
        return None

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self.close_connection = True
        self._reply(status, refusal(RpcFault(params.INVALID_REQUEST, reason)))

    def _reply(self, status: HTTPStatus, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        origin = self.headers.get("Origin")
        if origin is not None and may_ask("localhost", origin):
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Vary", "Origin")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged."""
