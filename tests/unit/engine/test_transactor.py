"""The operator's transactions: sent in order, read back once, and excused if the node is silent meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, cast

import pytest

from dltui.chain.rpc_errors import NodeUnreachable
from dltui.chain.types import Revert, Reverted
from dltui.engine.transactor import Transactor
from dltui.errors import RunError


class World:
    """Wallet, indexer and excused rounds in one."""

    def __init__(self) -> None:
        self.did: list[str] = []
        self.fails: dict[str, Exception] = {}
        role = cast(Any, self)
        self.transactor = Transactor(role, role, role)

    def send(self, call: str) -> str:
        self.did.append(f"send {call}")
        if call in self.fails:
            raise self.fails[call]
        return f"receipt of {call}"

    def poll(self) -> None:
        self.did.append("poll")

    def forget(self) -> None:
        self.did.append("forget")

    @contextlib.contextmanager
    def asking(self) -> Iterator[None]:
        self.did.append("ask")
        yield
        self.did.append("answered")

    def sends(self, *calls: str) -> Any:
        return self.transactor.send(*cast(Any, calls))


def test_transactions_are_sent_in_order_and_the_chain_is_read_once() -> None:
    world = World()
    assert world.sends("a", "b") == "receipt of b"
    assert world.did == ["ask", "send a", "send b", "poll", "answered"]


def test_a_reverted_transaction_ends_the_row_and_is_read_back_before_it_is_told() -> None:
    world = World()
    world.fails["a"] = Reverted("a", Revert("No", "no"))
    with pytest.raises(Reverted):
        world.sends("a", "b")
    assert world.did == ["ask", "send a", "poll"]


def test_a_node_that_is_lost_is_not_asked_again() -> None:
    world = World()
    world.fails["a"] = NodeUnreachable("gone", where="node")
    with pytest.raises(NodeUnreachable):
        world.sends("a")
    assert world.did == ["ask", "send a"]


def test_there_is_something_to_send() -> None:
    with pytest.raises(RunError, match="nothing to send"):
        World().sends()


def test_what_the_wallet_knew_is_forgotten() -> None:
    world = World()
    world.transactor.forget()
    assert world.did == ["forget"]
