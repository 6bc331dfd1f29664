"""The control socket: each line is answered, and a peer that misbehaves holds nobody up."""

from __future__ import annotations

import json
import selectors
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dltui.core.commands import Command, encode, new_command
from dltui.engine.control_socket import MAX_COMMAND, MAX_CONNECTIONS, ControlSocket
from dltui.errors import RunError


class Bench:
    """A control socket that answers everything with `answer`."""

    def __init__(self, folder: Path) -> None:
        self.answer = "fine"
        self.refusal: RunError | None = None
        self.selector = selectors.DefaultSelector()
        self.path = folder / "s"
        self.control = ControlSocket(self.path, self.selector, self.handle)

    def handle(self, command: Command) -> str:
        if self.refusal is not None:
            raise self.refusal
        return self.answer

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


def answer(bench: Bench, line: bytes) -> dict[str, object]:
    """The answer to one line."""
    with bench.connects() as peer:
        peer.sendall(line)
        bench.serves()
        return dict(json.loads(peer.makefile().readline()))


def test_a_command_is_answered_under_its_id(bench: Bench) -> None:
    command = new_command("run.pause", "cli")
    assert answer(bench, encode(command)) == {"id": command.id, "ok": True, "message": "fine"}


def test_a_refusal_is_answered_with_its_reason(bench: Bench) -> None:
    bench.refusal = RunError("the run is paused already", hint="resume it")
    command = new_command("run.pause", "cli")
    assert answer(bench, encode(command)) == {
        "id": command.id,
        "ok": False,
        "message": "the run is paused already - resume it",
    }


@pytest.mark.parametrize("line", [b"\n", b"{}\n", b"not json\n", b"[" * 5_000 + b"\n", b'{"name": "run.pause"}\n'])
def test_what_is_no_command_is_refused_and_the_connection_stays(bench: Bench, line: bytes) -> None:
    with bench.connects() as peer:
        peer.sendall(line + PAUSE)
        bench.serves()
        replies = peer.makefile()
        first, second = json.loads(replies.readline()), json.loads(replies.readline())
    assert first["ok"] is False and first["message"].startswith("control socket: not a command")
    assert second["ok"] is True


def test_a_line_that_comes_in_pieces_is_one_command(bench: Bench) -> None:
    with bench.connects() as peer:
        for part in (PAUSE[:10], PAUSE[10:-1], PAUSE[-1:]):
            peer.sendall(part)
            bench.serves(2)
        assert json.loads(peer.makefile().readline())["ok"] is True


def test_a_line_without_an_end_is_cut_off(bench: Bench) -> None:
    with bench.connects() as peer:
        peer.sendall(b"x" * (MAX_COMMAND + 1))
        bench.serves(6)
        assert peer.recv(10) == b"", "the connection is closed without an answer"


def test_the_number_of_connections_has_a_bound(bench: Bench) -> None:
    peers = []
    try:
        for _ in range(MAX_CONNECTIONS + 1):
            peers.append(bench.connects())
            bench.serves(1)
        assert peers[-1].recv(1) == b""
        peers[0].sendall(PAUSE)
        bench.serves()
        assert json.loads(peers[0].makefile().readline())["ok"] is True
    finally:
        for peer in peers:
            peer.close()


def test_only_the_owner_may_connect(bench: Bench) -> None:
    assert bench.path.stat().st_mode & 0o777 == 0o600


def test_a_socket_that_another_engine_serves_is_left_alone_and_a_dead_one_is_replaced(tmp_path: Path) -> None:
    path, selector = tmp_path / "t", selectors.DefaultSelector()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(path))
        other.listen(1)
        with pytest.raises(RunError, match="another engine listens here"):
            ControlSocket(path, selector, lambda command: "")
    made = ControlSocket(path, selector, lambda command: "")
    made.close()
    assert not path.exists()
