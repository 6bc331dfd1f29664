"""What goes over the nursery's socket, whose other end is the test."""

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
from dltui.engine.forkserver_client import LOST_SECONDS, SILENT_SECONDS, Nursery, NurseryLost

MANY = 256


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Nursery, socket.socket]]:
    """A nursery whose process is played by the socket beside it."""
    nursery = Nursery(tmp_path)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.settimeout(5)
    nursery._listen(ours)
    nursery._process = cast(
        Any,
        SimpleNamespace(
            poll=lambda: None, wait=lambda timeout: 0, terminate=lambda: None, send_signal=lambda number: None, pid=1
        ),
    )
    yield nursery, theirs
    theirs.close()
    nursery.stop()


def taken(theirs: socket.socket) -> tuple[str, list[int]]:
    """The next request as the nursery takes it: whose it is, and its descriptors."""
    data, descriptors, _, _ = socket.recv_fds(theirs, PACKET, 2)
    return json.loads(data)["id"], descriptors


def test_more_children_than_the_socket_holds_are_forked_all_the_same(pair: tuple[Nursery, socket.socket]) -> None:
    nursery, theirs = pair
    for number in range(MANY):
        nursery.spawn(f"c{number}", "client", {"x": "y" * 1_000})
    for number in range(MANY):
        name, (telemetry, log) = taken(theirs)
        assert name == f"c{number}"
        os.write(telemetry, b'{"kind": "hello"}\n')
        os.close(telemetry)
        os.close(log)
        theirs.send(json.dumps({"event": "started", "id": name, "pid": 1_000 + number}).encode())
        assert [child.id for _, child in nursery.handle()] == [name]
        assert nursery.messages(nursery.children[name]) == [{"kind": "hello"}]


def test_whoever_waits_to_be_forked_when_all_is_stopped_has_ended(pair: tuple[Nursery, socket.socket]) -> None:
    nursery, theirs = pair
    children = [nursery.spawn(f"c{number}", "client", {"x": "y" * 1_000}) for number in range(MANY)]
    nursery.forget_waiting()
    waited = [child for child in children if child.code is not None]
    assert 0 < len(waited) < MANY and waited == children[-len(waited) :]
    name, descriptors = taken(theirs)
    for descriptor in descriptors:
        os.close(descriptor)
    assert name == "c0"


def test_a_nursery_that_dies_under_a_request_is_noticed_when_it_is_heard(pair: tuple[Nursery, socket.socket]) -> None:
    nursery, theirs = pair
    theirs.close()
    child = nursery.spawn("c0", "client", {})
    assert nursery.children == {"c0": child} and child.code is None
    with pytest.raises(NurseryLost):
        nursery.handle()


class Clock:
    """A clock that only `passes` moves, with one look at the nursery at each step."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, nursery: Nursery) -> None:
        self.now = 1_000.0
        monkeypatch.setattr(pulse.time, "monotonic", lambda: self.now)
        self.nursery = nursery
        nursery.warm = True
        nursery.handle()

    def passes(self, seconds: float, step: float = 0.5) -> None:
        for _ in range(round(seconds / step)):
            self.now += step
            self.nursery.handle()


@pytest.fixture
def clock(pair: tuple[Nursery, socket.socket], monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch, pair[0])


def test_a_nursery_that_does_not_answer_is_hung_and_then_lost(clock: Clock) -> None:
    clock.passes(SILENT_SECONDS - 0.5)
    assert not clock.nursery.hung
    clock.passes(0.5)
    assert clock.nursery.hung
    clock.passes(LOST_SECONDS - SILENT_SECONDS - 0.5)
    with pytest.raises(NurseryLost, match="the nursery did not answer for 30 s"):
        clock.passes(0.5)


def test_a_nursery_that_answers_late_is_hung_no_more(clock: Clock, pair: tuple[Nursery, socket.socket]) -> None:
    clock.passes(LOST_SECONDS - 1)
    assert clock.nursery.hung and pair[1].recv(PACKET) == b"{}"
    pair[1].send(json.dumps({"event": "alive"}).encode())
    assert clock.nursery.handle() == [] and not clock.nursery.hung
    clock.passes(SILENT_SECONDS - 0.5)
    assert not clock.nursery.hung


def test_time_in_which_the_engine_itself_was_stopped_is_no_silence(clock: Clock) -> None:
    clock.passes(600.0, step=200.0)
    assert not clock.nursery.hung


def test_a_nursery_that_still_imports_is_not_asked(clock: Clock) -> None:
    clock.nursery.warm = False
    clock.passes(120.0)
    assert not clock.nursery.hung


def test_an_empty_request_is_answered_and_forks_nobody() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.settimeout(5)
        ours.send(b"{}")
        assert other_end._serve(theirs, (-1, -1))
        assert json.loads(ours.recv(PACKET)) == {"event": "alive"}
