"""How a run's transactions fare on the embedded chain while a local program floods the node.

    python tools/floods.py [KIND …]                   measure beside each flood, and print a table
    python tools/floods.py --flood KIND PORT SECONDS  flood the node on that loopback port

The flood is a program of its own, so that it takes no time of the measuring interpreter. It is bounded in time, keeps a
few connections busy, and opens another one for each that the node closes.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
CONNECTIONS = 8
HALF_OPEN = 600
SOCKETS = 64
SECONDS = 5.0
CHAIN_ID = 31337
STRANGER = "0x" + "11" * 20
LOOP = {"data": "0x5b600056"}  # JUMPDEST PUSH1 0 JUMP
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def rpc(method: str, *params: Any) -> bytes:
    """Return the body of one call."""
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()


def batch(body: bytes, count: int) -> bytes:
    """Return the body of `count` equal calls."""
    return b"[" + b",".join([body] * count) + b"]"


def http(body: bytes) -> bytes:
    """Return a POST with `body`."""
    return b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def frame(body: bytes) -> bytes:
    """Return a masked text frame of a WebSocket (mask 0)."""
    size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2, "big")
    return b"\x81" + size + b"\0\0\0\0" + body


SLOTS = [hex(slot) for slot in range(1024)]
ADDRESSES = ["0x" + number.to_bytes(20, "big").hex() for number in range(1000)]
BODIES: dict[str, bytes] = {
    "broken json": b"{" * 40,
    "deep json": b"[" * 4_000_000,
    "wide json": b"[" + b"{}," * 1_300_000 + b"{}]",
    "long text": b'"' + b"a" * 4_000_000 + b'"',
    "fee history": rpc("eth_feeHistory", "0x400", "latest", list(range(100))),
    "proofs": rpc("eth_getProof", STRANGER, SLOTS, "latest"),
    "filters": rpc("eth_newFilter", {"address": ADDRESSES}),
    "block filters": batch(rpc("eth_newBlockFilter"), 200),
    "logs": rpc("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest"}),
    "batches": batch(rpc("eth_getBlockByNumber", "latest", True), 200),
    "old states": batch(rpc("eth_getBalance", STRANGER, "0x1"), 200),
    "calls": rpc("eth_call", LOOP, "latest"),
    "long polls": rpc("dltui_waitBlock", "0xffffffff", "0x1388"),
}


def ask_again_and_again(body: bytes, port: int, end: float) -> None:
    """Send `body` as soon as the last answer has come."""
    request = http(body)
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection((HOST, port), 10) as connection:
            while time.monotonic() < end:
                connection.sendall(request)
                answer = connection.recv(65536)
                if not answer:
                    break
                head, _, rest = answer.partition(b"\r\n\r\n")
                left = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) - len(rest)
                while left > 0 and (piece := connection.recv(65536)):
                    left -= len(piece)


def malformed(port: int, end: float) -> None:
    """Send bytes that are no HTTP, each on a connection of its own."""
    while time.monotonic() < end:
        with suppress(OSError), socket.create_connection((HOST, port), 10) as connection:
            connection.sendall(b"\x16\x03\x01 no http at all\r\n\r\n")
            while connection.recv(65536):
                pass


def half_open(port: int, end: float) -> None:
    """Open many connections whose requests never end, a byte at a time."""
    connections: list[socket.socket] = []
    while time.monotonic() < end:
        for connection in list(connections):
            try:
                connection.send(b"x")
            except OSError:
                connections.remove(connection)
                connection.close()
        while len(connections) < HALF_OPEN and time.monotonic() < end:
            with suppress(OSError):
                connection = socket.create_connection((HOST, port), 1)
                connection.setblocking(False)
                connection.send(b"POST / HTTP/1.1\r\nHost: local")
                connections.append(connection)
        time.sleep(0.05)


def unread_sockets(port: int, end: float) -> None:
    """Open WebSockets with subscriptions and requests, and never read from them."""
    asked = frame(rpc("eth_subscribe", "newHeads")) * 4 + frame(rpc("eth_subscribe", "newPendingTransactions")) * 4
    asked += frame(rpc("eth_getBlockByNumber", "latest", True)) * 20
    connections: list[socket.socket] = []
    while time.monotonic() < end:
        for connection in list(connections):
            try:
                connection.send(asked)
            except BlockingIOError:
                continue
            except OSError:
                connections.remove(connection)
                connection.close()
        while len(connections) < SOCKETS and time.monotonic() < end:
            with suppress(OSError):
                connection = socket.create_connection((HOST, port), 1)
                connection.setblocking(False)
                connection.send(HANDSHAKE)
                connections.append(connection)
        time.sleep(0.01)


OTHERS: dict[str, Callable[[int, float], None]] = {
    "malformed": malformed,
    "half-open": half_open,
    "unread sockets": unread_sockets,
}
KINDS = (*OTHERS, *BODIES)


def flood(kind: str, port: int, seconds: float) -> None:
    """Flood the node on `port` for `seconds`."""
    work = OTHERS.get(kind) or partial(ask_again_and_again, BODIES[kind])
    count = 1 if kind in ("half-open", "unread sockets") else CONNECTIONS
    threads = [threading.Thread(target=work, args=(port, time.monotonic() + seconds)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@contextmanager
def flooded(kind: str, port: int, seconds: float = 60.0) -> Iterator[None]:
    """Have another process flood the node while the body runs, `seconds` at most."""
    process = subprocess.Popen([sys.executable, str(Path(__file__)), "--flood", kind, str(port), str(seconds)])
    try:
        yield
    finally:
        process.terminate()
        process.wait(10)


def resident(pid: int) -> int:
    """Memory of a process in MiB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


class Sender:
    """Sends transactions of the run to `node`, one after the other."""

    def __init__(self, node: Any, account: Any) -> None:
        self._node = node
        self._account = account
        self._nonce = 0

    def send(self, rpc: Any) -> Any:
        """Send one more; its receipt."""
        fields = {"type": 2, "chainId": CHAIN_ID, "nonce": self._nonce, "to": STRANGER, "value": 1, "gas": 21_000}
        fees = {"maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9}
        self._nonce += 1
        raw = self._account.sign_transaction(fields | fees).raw_transaction
        return rpc.call("eth_sendRawTransactionSync", "0x" + bytes(raw).hex())

    def rate(self, rpc: Any, seconds: float) -> tuple[float, float]:
        """Return the transactions a second during `seconds`, and the longest wait for one in seconds."""
        began = time.monotonic()
        times = [began]
        while times[-1] - began < seconds:
            self.send(rpc)
            times.append(time.monotonic())
        waits = [after - before for before, after in pairwise(times)]
        return len(waits) / sum(waits), max(waits)


@contextmanager
def running(folder: Path) -> Iterator[tuple[Any, Any, Sender]]:
    """A node with some blocks, a client of the run, and a sender with ether."""
    from eth_account import Account

    from dltui.chain.nodes.embedded_node import EmbeddedNode
    from dltui.chain.nodes.genesis import Genesis
    from dltui.chain.rpc import Rpc

    account = Account.create()
    node = EmbeddedNode(folder, Genesis(CHAIN_ID, int(time.time()), {account.address: 10**21}))
    node.start()
    try:
        with Rpc(node.url, timeout=60.0, word=node.word) as rpc:
            sender = Sender(node, account)
            for _ in range(100):
                sender.send(rpc)
            yield node, rpc, sender
    finally:
        node.stop()


def main(kinds: list[str]) -> None:
    """Measure beside each of `kinds`, before and after without a flood, and print."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as (node, rpc, sender):
        port = int(node.url.rpartition(":")[2])
        print(f"| flood | transactions a second | without | ratio | longest wait | memory ({resident(node.pid)} MiB) |")
        print("|---|---|---|---|---|---|")
        before, _ = sender.rate(rpc, SECONDS / 2)
        for kind in kinds:
            with flooded(kind, port):
                time.sleep(1.0)
                rate, longest = sender.rate(rpc, SECONDS)
                most = resident(node.pid)
            time.sleep(1.0)
            after, _ = sender.rate(rpc, SECONDS / 2)
            without = (before + after) / 2
            row = f"| {kind} | {rate:.1f} | {without:.1f} | {rate / without:.2f} | {longest:.2f} s |"
            print(f"{row} {most}, then {resident(node.pid)} |", flush=True)
            before = after


if __name__ == "__main__":
    if sys.argv[1:2] == ["--flood"]:
        flood(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
    else:
        main(sys.argv[1:] or list(KINDS))
