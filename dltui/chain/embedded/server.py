"""JSON-RPC over HTTP on the loopback interface, from the standard library, with every request bounded."""

from __future__ import annotations

import logging
import socketserver
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import urlsplit

import msgspec

from dltui.chain.embedded import params
from dltui.chain.embedded.methods import Methods
from dltui.chain.embedded.params import RpcFault
from dltui.core.jsontext import decode_json

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
"""The only interface that the node listens on."""
MAX_BODY = 4 * 1024 * 1024
"""Largest request in bytes."""
MAX_BATCH = 200
"""Most calls in one request."""
_READ_TIMEOUT = 10.0
_NAMES = ("localhost", "127.0.0.1", "::1")


class RpcServer(ThreadingHTTPServer):
    """Serves `methods` on `port` (0: a free one, then in `server_port`); a thread for each connection."""

    daemon_threads = True
    request_queue_size = 256
    allow_reuse_address = True

    def __init__(self, methods: Methods, port: int = 0) -> None:
        self.methods = methods
        super().__init__((LOOPBACK, port), _Handler)

    def server_bind(self) -> None:
        """Bind without the reverse name look-up of HTTPServer."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke is not worth a traceback."""
        log.debug("a connection from %s broke", client_address, exc_info=True)


def answer(methods: Methods, body: bytes) -> bytes:
    """The JSON answer to one request body, a single call or a batch; never raises for what a stranger sent."""
    try:
        request = decode_json(body)
    except ValueError:
        return _encode(_error(None, RpcFault(params.PARSE_ERROR, "the request is not JSON")))
    if not isinstance(request, list):
        return _encode(_one(methods, request))
    if not request:
        return _encode(_error(None, RpcFault(params.INVALID_REQUEST, "empty batch")))
    if len(request) > MAX_BATCH:
        return _encode(_error(None, RpcFault(params.INVALID_REQUEST, f"batch of more than {MAX_BATCH} calls")))
    return _encode([_one(methods, item) for item in request])


def _one(methods: Methods, request: Any) -> dict[str, Any]:
    if not isinstance(request, dict):
        return _error(None, RpcFault(params.INVALID_REQUEST, "invalid request"))
    identity = request.get("id")
    if identity is not None and type(identity) not in (str, int):
        return _error(None, RpcFault(params.INVALID_REQUEST, "invalid request: id"))
    method = request.get("method")
    if request.get("jsonrpc") != "2.0" or not isinstance(method, str):
        return _error(identity, RpcFault(params.INVALID_REQUEST, "invalid request"))
    try:
        result = methods.call(method, request.get("params"))
    except RpcFault as fault:
        return _error(identity, fault)
    return {"jsonrpc": "2.0", "id": identity, "result": result}


def _error(identity: Any, fault: RpcFault) -> dict[str, Any]:
    error = {"code": fault.code, "message": fault.message}
    if fault.data is not None:
        error["data"] = fault.data
    return {"jsonrpc": "2.0", "id": identity, "error": error}


def _encode(value: Any) -> bytes:
    return msgspec.json.encode(value)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def parse_request(self) -> bool:
        # An idle kept connection may wait for ever; once a request has begun, the rest of it may not.
        self.connection.settimeout(_READ_TIMEOUT)
        return super().parse_request()

    def do_POST(self) -> None:
        """Answer one JSON-RPC request."""
        refusal = self._refusal()
        if refusal is not None:
            self._refuse(*refusal)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        reply = answer(cast(RpcServer, self.server).methods, body)
        self._reply(HTTPStatus.OK, reply)
        self.connection.settimeout(None)

    def _refusal(self) -> tuple[HTTPStatus, str] | None:
        """Why the request is not read: DNS rebinding and web pages are kept out, and bodies are bounded."""
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        if not _is_loopback(f"//{host}") or (origin is not None and not _is_loopback(origin)):
            return HTTPStatus.FORBIDDEN, "only requests to and from this machine are answered"
        length = self.headers.get("Content-Length", "")
        if self.headers.get("Transfer-Encoding") is not None or not (length.isascii() and length.isdigit()):
            return HTTPStatus.LENGTH_REQUIRED, "a Content-Length is needed"
        if len(length) > 10 or int(length) > MAX_BODY:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the request is larger than 4 MiB"
        return None

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self.close_connection = True
        self._reply(status, _encode(_error(None, RpcFault(params.INVALID_REQUEST, reason))))

    def _reply(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are not logged."""


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _NAMES
    except ValueError:
        return False
