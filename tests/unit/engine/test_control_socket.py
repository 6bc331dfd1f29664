"""The control socket: whoever does not read its answers holds nobody up."""

from __future__ import annotations

import json
import selectors
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dltui.core.commands import encode, new_command
from dltui.engine.control_socket import ControlSocket


class Bench:
    """A control socket that answers everything with `answer`."""

    def __init__(self, folder: Path) -> None:
        self.answer = "fine"
        self.selector = selectors.DefaultSelector()
        self.path = folder / "s"
        self.control = ControlSocket(self.path, self.selector, lambda command: self.answer)

    def serves(self, turns: int = 3) -> None:
        for _ in range(turns):
            for key, _ in self.selector.select(0.05):
                key.data()

    def connects(self) -> socket.socket:
        peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        peer.settimeout(5)
        peer.connect(str(self.path))
        return peer


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.control.close()


PAUSE = encode(new_command("run.pause", "cli"))


def test_a_peer_that_does_not_read_is_dropped_and_others_are_answered(bench: Bench) -> None:
    bench.answer = "x" * 50_000
    with bench.connects() as silent, bench.connects() as other:
        silent.sendall(PAUSE * 100)
        signal.alarm(20)
        bench.serves()
        signal.alarm(0)
        bench.answer = "fine"
        other.sendall(PAUSE)
        bench.serves()
        assert json.loads(other.makefile().readline())["message"] == "fine"
        received = 0
        while data := silent.recv(1 << 16):
            received += len(data)
        assert received < 100 * 50_000, "the connection ends before all was answered"
