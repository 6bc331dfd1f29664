"""Raw HTTP to a node: requests as a stranger would send them, and waiting for what they cause."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.kits.chain import LocalNode


def post(node: LocalNode, body: bytes, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", node.server.server_port, timeout=10)
    try:
        connection.request("POST", "/", body, {"Content-Type": "application/json"} | headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def dial(port: int) -> socket.socket:
    """A connection to the node on this port that waits 10 seconds at most."""
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def raw_exchange(node: LocalNode, request: bytes) -> bytes:
    """What the server answers to these bytes on a connection of their own."""
    with dial(node.server.server_port) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
        return b"".join(pieces)


def still_answers(node: LocalNode) -> bool:
    body = b'{"jsonrpc":"2.0","id":7,"method":"eth_blockNumber","params":[]}'
    return post(node, body) == (200, {"jsonrpc": "2.0", "id": 7, "result": "0x1"})


def until(holds: Callable[[], bool]) -> None:
    """Wait until `holds`, 10 seconds at most."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.001)
