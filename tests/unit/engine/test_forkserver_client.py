"""What goes over the fork server's socket, whose other end is the test."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.engine import forkserver as other_end
from dltui.engine import pulse
from dltui.engine.forkserver import PACKET
from dltui.engine.forkserver_client import LOST_SECONDS, SILENT_SECONDS, ForkServerClient, ForkServerLost

MANY = 256


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[ForkServerClient, socket.socket]]:
    """A fork server whose process is played by the socket beside it."""
    fork_server = ForkServerClient(tmp_path)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.settimeout(5)
    fork_server._listen(ours)
    fork_server._process = cast(
        Any,
        SimpleNamespace(
            poll=lambda: None, wait=lambda timeout: 0, terminate=lambda: None, send_signal=lambda number: None, pid=1
        ),
    )
    yield fork_server, theirs
    theirs.close()
    fork_server.stop()


def taken(theirs: socket.socket) -> tuple[str, list[int]]:
    """The next request as the fork server takes it: whose it is, and its descriptors."""
    data, descriptors, _, _ = socket.recv_fds(theirs, PACKET, 2)
    return json.loads(data)["id"], descriptors


def test_more_children_than_the_socket_holds_are_forked_all_the_same(
    pair: tuple[ForkServerClient, socket.socket],
) -> None:
    fork_server, theirs = pair
    for number in range(MANY):
        fork_server.spawn(f"c{number}", "client", {"x": "y" * 1_000})
    for number in range(MANY):
        name, (telemetry, log) = taken(theirs)
        assert name == f"c{number}"
        os.write(telemetry, b'{"kind": "hello"}\n')
        os.close(telemetry)
        os.close(log)
        theirs.send(json.dumps({"event": "started", "id": name, "pid": 1_000 + number}).encode())
        assert [child.id for _, child in fork_server.handle()] == [name]
        assert fork_server.messages(fork_server.children[name]) == [{"kind": "hello"}]


def test_whoever_waits_to_be_forked_when_all_is_stopped_has_ended(pair: tuple[ForkServerClient, socket.socket]) -> None:
    fork_server, theirs = pair
    children = [fork_server.spawn(f"c{number}", "client", {"x": "y" * 1_000}) for number in range(MANY)]
    fork_server.forget_waiting()
    waited = [child for child in children if child.code is not None]
    assert 0 < len(waited) < MANY and waited == children[-len(waited) :]
    name, descriptors = taken(theirs)
    for descriptor in descriptors:
        os.close(descriptor)
    assert name == "c0"


def test_a_fork_server_that_dies_under_a_request_is_noticed_when_it_is_heard(
    pair: tuple[ForkServerClient, socket.socket],
) -> None:
    fork_server, theirs = pair
    theirs.close()
    child = fork_server.spawn("c0", "client", {})
    assert fork_server.children == {"c0": child} and child.code is None
    with pytest.raises(ForkServerLost):
        fork_server.handle()


class Clock:
    """A clock that only `passes` moves, with one look at the fork server at each step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fork_server: ForkServerClient) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(pulse.time, "monotonic", lambda: self.now)
        self.fork_server = fork_server
        fork_server.warm = True
        fork_server.handle()

    def passes(self, seconds: float, step: float = 0.5) -> None:
        for _ in range(round(seconds / step)):
            self.now += step
            self.fork_server.handle()


@pytest.fixture
def clock(pair: tuple[ForkServerClient, socket.socket], monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch, pair[0])


def test_a_fork_server_that_does_not_answer_is_hung_and_then_lost(clock: Clock) -> None:
    clock.passes(SILENT_SECONDS - 0.5)
    assert not clock.fork_server.hung
    clock.passes(0.5)
    assert clock.fork_server.hung
    clock.passes(LOST_SECONDS - SILENT_SECONDS - 0.5)
    with pytest.raises(ForkServerLost, match="the fork server did not answer for 30 s"):
        clock.passes(0.5)


def test_a_fork_server_that_answers_late_is_hung_no_more(
    clock: Clock, pair: tuple[ForkServerClient, socket.socket]
) -> None:
    clock.passes(LOST_SECONDS - 1)
    assert clock.fork_server.hung and pair[1].recv(PACKET) == b"{}"
    pair[1].send(json.dumps({"event": "alive"}).encode())
    assert clock.fork_server.handle() == [] and not clock.fork_server.hung
    clock.passes(SILENT_SECONDS - 0.5)
    assert not clock.fork_server.hung


def test_time_in_which_the_engine_itself_was_stopped_is_no_silence(clock: Clock) -> None:
    clock.passes(600.0, step=200.0)
    assert not clock.fork_server.hung


def test_a_fork_server_that_still_imports_is_not_asked(clock: Clock) -> None:
    clock.fork_server.warm = False
    clock.passes(120.0)
    assert not clock.fork_server.hung


def test_an_empty_request_is_answered_and_forks_nobody() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.settimeout(5)
        ours.send(b"{}")
        assert other_end._serve(theirs, (-1, -1))
        assert json.loads(ours.recv(PACKET)) == {"event": "alive"}
