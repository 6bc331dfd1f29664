"""When the engine looks at the chain: at a node that is played, over a real socket."""

from __future__ import annotations

import json
import selectors
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from dltui.engine import block_watch as module
from dltui.engine.block_watch import BUSY_MS, BUSY_PAUSE, GRACE_SECONDS, IDLE_MS, IDLE_PAUSE, BlockWatch


class Played:
    """A node that takes one connection and answers when the test says so."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self._connection: socket.socket | None = None

    def takes(self) -> dict[str, Any]:
        """The next request."""
        if self._connection is None:
            self._connection, _ = self.listener.accept()
            self._connection.settimeout(5)
        data = b""
        while b"\r\n\r\n" not in data or not data.endswith(b"}"):
            data += self._connection.recv(4096)
        return dict(json.loads(data.partition(b"\r\n\r\n")[2]))

    def answers(self, request: dict[str, Any], **outcome: Any) -> None:
        assert self._connection is not None
        body = json.dumps({"jsonrpc": "2.0", "id": request["id"], **outcome}).encode()
        self._connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Bench:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(module.time, "monotonic", lambda: self.now)
        self.node = Played()
        self.selector = selectors.DefaultSelector()
        self.watch = BlockWatch(self.selector, self.node.url, "", True)

    def serves(self) -> int:
        """One turn of the loop; how many descriptors had something."""
        ready = self.selector.select(5)
        for key, _ in ready:
            key.data()
        return len(ready)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    bench = Bench(monkeypatch)
    yield bench
    bench.watch.forget()
    bench.node.close()
    bench.node.listener.close()


def test_the_chain_is_looked_at_when_the_node_says_so_and_not_before(bench: Bench) -> None:
    assert bench.watch.due
    for block, busy, wait in ((7, True, BUSY_MS), (8, False, IDLE_MS)):
        bench.watch.looked(block, busy)
        request = bench.node.takes()
        assert (request["method"], request["params"]) == ("dltui_waitBlock", [hex(block), hex(wait)])
        bench.watch.looked(block, busy)
        assert not bench.watch.due and bench.watch.silent_since is None
        bench.node.answers(request, result=hex(block + 1))
        assert bench.serves() == 1 and bench.watch.due


def test_a_node_that_does_not_answer_is_looked_at_all_the_same_and_its_silence_has_a_beginning(bench: Bench) -> None:
    bench.watch.looked(7, busy=True)
    bench.now += BUSY_MS / 1_000
    assert not bench.watch.due
    bench.now += GRACE_SECONDS
    assert bench.watch.due and bench.watch.silent_since == 100.0 + BUSY_MS / 1_000
    bench.watch.looked(7, busy=True)
    assert bench.watch.due, "what was asked is still not answered"


def test_an_answer_that_the_loop_was_too_busy_to_read_is_no_silence(bench: Bench) -> None:
    bench.watch.looked(7, busy=True)
    request = bench.node.takes()
    bench.now += BUSY_MS / 1_000 + GRACE_SECONDS
    assert bench.watch.silent_since is not None
    bench.node.answers(request, result="0x8")
    assert bench.selector.select(5) and bench.watch.silent_since is None
    bench.serves()
    assert bench.watch.due and bench.watch.silent_since is None


def test_a_node_without_long_polls_is_asked_now_and_then(bench: Bench) -> None:
    bench.watch.looked(1, busy=True)
    request = bench.node.takes()
    bench.node.answers(request, error={"code": -32601, "message": "no such method"})
    bench.serves()
    assert bench.watch.due
    for busy, pause in ((True, BUSY_PAUSE), (False, IDLE_PAUSE)):
        bench.watch.looked(1, busy)
        assert not bench.watch.due and bench.watch.silent_since is None
        assert bench.watch.turn(busy) == pause
        bench.now += pause
        assert bench.watch.due
    assert not bench.selector.get_map(), "nothing is waited for"


def test_a_node_that_hangs_up_is_looked_at_and_asked_again(bench: Bench) -> None:
    bench.watch.looked(1, busy=False)
    bench.node.takes()
    bench.node.close()
    bench.serves()
    assert bench.watch.due
    bench.watch.looked(1, busy=False)
    assert bench.node.takes()["method"] == "dltui_waitBlock"


def test_a_node_that_was_lost_is_forgotten(bench: Bench) -> None:
    bench.watch.looked(1, busy=False)
    bench.watch.forget()
    assert bench.watch.due and not bench.selector.get_map()
    bench.node.listener.close()
    bench.watch.looked(1, busy=False)
    assert not bench.watch.due and bench.watch.silent_since is None
