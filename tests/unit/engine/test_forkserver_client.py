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

from dltui.engine.forkserver import PACKET
from dltui.engine.forkserver_client import Nursery, NurseryLost

MANY = 256


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Nursery, socket.socket]]:
    """A nursery whose process is played by the socket beside it."""
    nursery = Nursery(tmp_path)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.settimeout(5)
    nursery._listen(ours)
    nursery._process = cast(
        Any, SimpleNamespace(poll=lambda: None, wait=lambda timeout: 0, terminate=lambda: None, pid=1)
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
