"""A JSON-RPC client over one kept HTTP connection, strict about what a node answers."""

from __future__ import annotations

import http.client
import json
import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from dltui.chain.rpc_errors import NodeUnreachable, RpcError
from dltui.core.safe_json import decode_json
from dltui.errors import ChainError

MAX_RESPONSE = 64 * 1024 * 1024
"""Largest accepted answer in bytes."""
MAX_BATCH = 100
"""Calls in one HTTP request; longer batches are split."""
QUIET_SECONDS, MEANWHILE_SECONDS = 2.0, 0.25
"""How long an answer may take before its caller does other things, and how often it does them then."""
_SENDS = "eth_sendRawTransaction"
_TEXT_LIMIT = 500


class Rpc:
    """JSON-RPC 2.0 calls to the node at `url` (http or https), `timeout` in seconds for each answer.

    `word` shows a node of the run that one of its own processes asks.

    One connection is kept open and reopened when the node closed it while idle. A call that was interrupted
    is repeated once, except `eth_sendRawTransaction*`: the node may have taken the transaction, so the caller
    must look for its receipt first. Not shared between threads, and not carried across a fork: each process
    makes its own. `meanwhile` is called again and again if an answer takes long; what it raises ends the call.
    """

    def __init__(
        self, url: str, timeout: float = 10.0, word: str = "", meanwhile: Callable[[], None] | None = None
    ) -> None:
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = -1
        if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or parts.username is not None:
            raise ChainError("not an http:// or https:// address of a node", where=_clean(url))
        self.url = url
        self.timeout = timeout
        self._meanwhile = meanwhile
        self._https = parts.scheme == "https"
        self._host, self._port = parts.hostname, port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._where = f"{parts.scheme}://{parts.hostname}" + (f":{port}" if port else "")
        self._headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {word}"} if word else {})
        self._connection: http.client.HTTPConnection | None = None
        self._next_id = 1
        self._asked: dict[str, Any] = {}

    def call(self, method: str, *params: Any) -> Any:
        """Call `method` and return its result.

        Raises `RpcError` if the node answers with an error, `NodeUnreachable` if it does not answer,
        and `ChainError` if the answer is not JSON-RPC.
        """
        request = self._request(method, params)
        answer = self._exchange(request, may_repeat=not method.startswith(_SENDS))
        return self._result(request, answer)

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Call all of `calls` in one request (in steps of 100) and return their results in order.

        The first call that the node refused raises its `RpcError`.
        """
        results: list[Any] = []
        for start in range(0, len(calls), MAX_BATCH):
            requests = [self._request(method, params) for method, params in calls[start : start + MAX_BATCH]]
            may_repeat = not any(request["method"].startswith(_SENDS) for request in requests)
            answers = self._exchange(requests, may_repeat=may_repeat)
            if isinstance(answers, dict) and "error" in answers:
                self._result(requests[0], answers)
            if not isinstance(answers, list) or len(answers) != len(requests):
                raise ChainError("the answer to a batch is not a list of as many answers", where=self._where)
            by_id = {a.get("id"): a for a in answers if isinstance(a, dict) and isinstance(a.get("id"), int)}
            results += [self._result(request, by_id.get(request["id"])) for request in requests]
        return results

    def ask(self, method: str, *params: Any) -> int:
        """Send a call and do not wait: the descriptor that is readable when `answer` has something to take.

        Raises `NodeUnreachable` if the node cannot be reached.
        """
        self._asked = self._request(method, params)
        return self._send(json.dumps(self._asked, separators=(",", ":")).encode()).fileno()

    def answer(self) -> Any:
        """Return the result of what was asked last; raises as `call` does."""
        return self._result(self._asked, self._decode(*self._receive()))

    def close(self) -> None:
        """Close the connection; the next call opens a new one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Rpc:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _request(self, method: str, params: Sequence[Any]) -> dict[str, Any]:
        self._next_id += 1
        return {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": list(params)}

    def _exchange(self, request: Any, may_repeat: bool) -> Any:
        body = json.dumps(request, separators=(",", ":")).encode()
        try:
            status, data = self._post(body)
        except NodeUnreachable:
            if not may_repeat:
                raise
            status, data = self._post(body)
        return self._decode(status, data)

    def _decode(self, status: int, data: bytes) -> Any:
        try:
            return decode_json(data)
        except ValueError as error:
            if status != http.client.OK:
                raise NodeUnreachable(f"the node answered HTTP {status}", where=self._where) from error
            raise ChainError("the answer is not JSON", where=self._where) from error

    def _post(self, body: bytes) -> tuple[int, bytes]:
        self._send(body)
        return self._receive()

    def _send(self, body: bytes) -> socket.socket:
        try:
            connection = self._connect()
            connection.request("POST", self._path, body, self._headers)
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from error
        sock: socket.socket = connection.sock
        return sock

    def _receive(self) -> tuple[int, bytes]:
        connection = self._connection
        assert connection is not None
        try:
            self._wait(connection.sock)
            response = connection.getresponse()
            data = response.read(MAX_RESPONSE + 1)
        except (OSError, http.client.HTTPException) as error:
            raise self._lost(error) from error
        except BaseException:
            self.close()
            raise
        if len(data) > MAX_RESPONSE:
            self.close()
            raise ChainError("the answer is larger than 64 MiB", where=self._where)
        return response.status, data

    def _lost(self, error: Exception) -> NodeUnreachable:
        self.close()
        reason = "timed out" if isinstance(error, TimeoutError) else _clean(str(error)) or type(error).__name__
        return NodeUnreachable(f"the node does not answer: {reason}", where=self._where)

    def _wait(self, sock: socket.socket) -> None:
        """Wait until the answer begins, or raise TimeoutError."""
        if self._meanwhile is None:
            return
        poll = select.poll()
        poll.register(sock, select.POLLIN)
        end, pause = time.monotonic() + self.timeout, QUIET_SECONDS
        while not poll.poll(1000 * min(pause, self.timeout)):
            if time.monotonic() >= end:
                raise TimeoutError
            self._meanwhile()
            pause = MEANWHILE_SECONDS

    def _connect(self) -> http.client.HTTPConnection:
        if self._connection is not None and self._connection.sock is not None:
            # An idle kept connection has nothing to say: readable means that the node closed it.
            poll = select.poll()
            poll.register(self._connection.sock, select.POLLIN)
            if not poll.poll(0):
                return self._connection
            self.close()
        kind = http.client.HTTPSConnection if self._https else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self.timeout)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection = connection
        return connection

    def _result(self, request: dict[str, Any], answer: Any) -> Any:
        error = answer.get("error") if isinstance(answer, dict) else None
        if not isinstance(answer, dict) or (answer.get("id") != request["id"] and error is None):
            self.close()
            raise ChainError("the answer does not belong to the request", where=self._where)
        if error is not None:
            if not isinstance(error, dict):
                error = {"message": str(error)}
            code = error.get("code")
            message = _clean(str(error.get("message", ""))) or "the node gave no reason"
            raise RpcError(request["method"], code if isinstance(code, int) else 0, message, error.get("data"))
        if "result" not in answer:
            raise ChainError("the answer has neither result nor error", where=self._where)
        return answer["result"]


def _clean(text: str) -> str:
    """Text of a stranger in one harmless line: printable characters only, at most 500 of them."""
    line = " ".join(text[: 4 * _TEXT_LIMIT].split())
    return "".join(c if c.isprintable() else "?" for c in line)[:_TEXT_LIMIT]
