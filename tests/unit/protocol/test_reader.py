"""A client's reader: as many queries as the node's limits ask for, and every log folded once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from dltui.chain.contracts import abi
from dltui.chain.contracts.logs import topics_of
from dltui.chain.rpc_errors import NodeUnreachable, RpcError
from dltui.chain.types import Log
from dltui.core.events import RECORDED
from dltui.protocol import reader as module
from dltui.protocol.reader import ChainReader, Rewound


class Node:
    """A node with one log a block, that gives at most `most_logs` logs and `most_blocks` blocks in one answer."""

    def __init__(self, head: int, most_logs: int = 10**9, most_blocks: int = 10**9) -> None:
        self.head = head
        self.most_logs, self.most_blocks = most_logs, most_blocks
        self.asked: list[tuple[int, int]] = []
        self.fails: list[str] = []
        self.fork = ""

    def call(self, method: str, *params: Any) -> Any:
        if method in self.fails:
            self.fails.remove(method)
            raise NodeUnreachable("gone", where="node")
        if method == "eth_getBlockByNumber":
            number = self.head if params[0] == "latest" else int(params[0], 16)
            return {"number": hex(number), "stateRoot": f"{self.fork}{number}"} if number <= self.head else None
        if method == "dltui_waitLogs":
            return self.long_poll(*params)
        assert method == "eth_getLogs"
        first, last = int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)
        self.asked.append((first, last))
        if last - first >= self.most_blocks:
            raise RpcError(method, -32000, "block range is too large")
        if last - first >= self.most_logs:
            raise RpcError(method, -32005, "query returned more results than allowed")
        return [{"block": number} for number in range(first, last + 1)]

    def long_poll(self, after: str, addresses: Any, topics: Any, wait: str, wake: Any) -> Any:
        raise RpcError("dltui_waitLogs", -32601, "the method does not exist")

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self.call(method, *params) for method, params in calls]


class Own(Node):
    """A node of our own, which never has to be waited for."""

    def __init__(self, head: int, **limits: int) -> None:
        super().__init__(head, **limits)
        self.polled: list[tuple[int, int, list[str]]] = []

    def long_poll(self, after: str, addresses: Any, topics: Any, wait: str, wake: Any) -> Any:
        block = int(after, 16)
        self.polled.append((block, int(wait, 16), wake))
        if self.head - block > self.most_logs:
            raise RpcError("dltui_waitLogs", -32005, "query returned more results than allowed")
        return {
            "head": hex(self.head),
            "stateRoot": f"{self.fork}{self.head}",
            "known": f"{self.fork}{block}" if block <= self.head else None,
            "logs": [{"block": number} for number in range(block + 1, self.head + 1)],
        }


def reader(node: Node, monkeypatch: pytest.MonkeyPatch) -> tuple[ChainReader, list[int]]:
    """A reader of `node`, and the blocks that its ledger was told of."""
    folded: list[int] = []
    made = ChainReader(node, ["0x00"], lambda raw: Log("C", "E", raw, raw["block"], "", 0), after=0)
    monkeypatch.setattr(module, "record", lambda ledger, event, args: folded.append(args["block"]))
    return made, folded


@pytest.mark.parametrize("limit", [{}, {"most_logs": 50}, {"most_blocks": 70}, {"most_blocks": 1}])
def test_a_history_beyond_the_nodes_limits_is_read_in_pieces(
    limit: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SPAN", 200)
    node = Node(1_000, **limit)
    read, folded = reader(node, monkeypatch)
    logs = read.poll()
    assert folded == [log.block for log in logs] == list(range(1, 1_001))
    assert max(last - first + 1 for first, last in node.asked) <= 200
    assert read.poll() == []
    node.head += 1
    assert [log.block for log in read.poll()] == [1_001]


def test_a_block_that_the_node_refuses_alone_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    read, folded = reader(Node(10, most_logs=0), monkeypatch)
    with pytest.raises(RpcError, match="more results"):
        read.poll()
    assert folded == []


@pytest.mark.parametrize("method", ["eth_getLogs", "eth_getBlockByNumber"])
def test_a_node_that_is_lost_between_two_answers_makes_no_log_count_twice(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node(10)
    node.fails = [method]
    read, folded = reader(node, monkeypatch)
    with pytest.raises(NodeUnreachable):
        read.poll()
    read.poll()
    assert folded == list(range(1, 11))


def test_blocks_that_were_read_and_are_gone_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Node(10)
    read, _ = reader(node, monkeypatch)
    read.poll()
    node.fork, node.head = "other ", 11
    with pytest.raises(Rewound, match="block 10 was lost"):
        read.poll()


def test_a_node_of_our_own_is_asked_once_for_all_that_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    node = Own(10)
    read, folded = reader(node, monkeypatch)
    read.poll()
    node.head = 12
    assert [log.block for log in read.wait(9.0, ["RoundOpened"])] == [11, 12]
    assert read.wait(0.5) == [] and folded == list(range(1, 13))
    opened = "0x" + abi.entries("FLContract", "event")["RoundOpened"].digest.hex()
    assert node.polled == [(10, 5000, [opened]), (12, 500, [])]
    assert node.asked == [(1, 10)], "after the first look no other query was sent"


def test_what_one_answer_cannot_hold_is_read_in_pieces_and_the_long_poll_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    node = Own(10, most_logs=20)
    read, folded = reader(node, monkeypatch)
    read.poll()
    node.head = 100
    read.poll()
    node.head = 101
    read.poll()
    assert folded == list(range(1, 102))
    assert [block for block, _, _ in node.polled] == [10, 100]


@pytest.mark.parametrize("head", [9, 10, 11])
def test_blocks_that_a_node_of_our_own_lost_are_noticed(head: int, monkeypatch: pytest.MonkeyPatch) -> None:
    node = Own(10)
    read, folded = reader(node, monkeypatch)
    read.poll()
    node.fork, node.head = "other ", head
    with pytest.raises(Rewound, match="block 10 was lost"):
        read.wait(5.0)
    assert folded == list(range(1, 11))


def test_only_what_the_ledger_folds_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted: list[Any] = []

    class Asked(Node):
        def call(self, method: str, *params: Any) -> Any:
            if method == "eth_getLogs":
                wanted.append(params[0]["topics"])
            return super().call(method, *params)

    reader(Asked(3), monkeypatch)[0].poll()
    assert wanted == [[topics_of(RECORDED)]]
