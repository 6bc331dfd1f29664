"""The long poll for logs: who is concerned wakes, who is not sleeps on, and the answer is what eth_getLogs says."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from eth_utils import keccak

from dltui.devchain import index
from dltui.devchain.params import RpcFault
from tests.kits.chain import LocalNode, calldata, sign

PING = "0x" + keccak(b"Ping(address,uint256,bytes)").hex()
OTHER = "0x" + "77" * 32
LIMIT = 10.0
"""Seconds after which a test that waits has failed."""


def ping(node: LocalNode, probe: str, nonce: int) -> None:
    node.send(sign(1, nonce, probe, data=calldata("ping(uint256,bytes)", nonce, b""), gas=200_000))


def waits(node: LocalNode, count: int = 1) -> None:
    """Return when `count` callers wait."""
    end = time.monotonic() + LIMIT
    while len(node.chain.log_waiters) != count:
        assert time.monotonic() < end, f"{len(node.chain.log_waiters)} callers wait"


def awake(node: LocalNode) -> int:
    with node.chain.lock:
        return sum(waiter.woken.is_set() for waiter in node.chain.log_waiters)


def test_the_answer_holds_the_logs_and_both_state_roots(node: LocalNode) -> None:
    probe = node.deploy()
    for nonce in range(3):
        ping(node, probe, nonce)
    found = node.call("dltui_waitLogs", 2, [probe], [[PING]], 0)
    assert found["logs"] == node.call("eth_getLogs", {"fromBlock": "0x3", "address": probe, "topics": [[PING]]})
    assert len(found["logs"]) == 2 and found["head"] == "0x4"
    assert found["stateRoot"] == node.call("eth_getBlockByNumber", "0x4", False)["stateRoot"]
    assert found["known"] == node.call("eth_getBlockByNumber", "0x2", False)["stateRoot"]
    assert node.call("dltui_waitLogs", "0x4", [probe], [[PING]], 0)["logs"] == []


def test_a_caller_with_blocks_that_the_chain_lacks_is_told_at_once(node: LocalNode) -> None:
    assert node.call("dltui_waitLogs", 7, [], [], 5000) == {
        "head": "0x0",
        "stateRoot": node.call("eth_getBlockByNumber", "0x0", False)["stateRoot"],
        "known": None,
        "logs": [],
    }


def test_a_wait_ends_with_the_time_and_leaves_nothing_behind(node: LocalNode) -> None:
    assert node.call("dltui_waitLogs", 0, [], [[PING]], 1)["logs"] == []
    assert not node.chain.log_waiters


@pytest.mark.parametrize(("topics", "wake"), [([[PING]], None), ([[PING, OTHER]], [PING]), ([], [PING])])
def test_a_block_wakes_whom_it_concerns_and_nobody_else(node: LocalNode, topics: list[Any], wake: Any) -> None:
    probe = node.deploy()
    with ThreadPoolExecutor(3) as pool:
        concerned = pool.submit(node.call, "dltui_waitLogs", 1, [probe], topics, 5000, wake)
        elsewhere = pool.submit(node.call, "dltui_waitLogs", 1, ["0x" + "55" * 20], topics, 5000, wake)
        otherwise = pool.submit(node.call, "dltui_waitLogs", 1, [probe], [[PING, OTHER]], 5000, [OTHER])
        waits(node, 3)
        node.send(sign(2, 0, value=1))
        assert awake(node) == 0
        ping(node, probe, 0)
        found = concerned.result(LIMIT)
        assert found["head"] == "0x3" and found["logs"][0]["topics"][0] == PING
        waits(node, 2)
        assert awake(node) == 0
        with node.chain.lock:
            for waiter in node.chain.log_waiters:
                waiter.woken.set()
        assert elsewhere.result(LIMIT)["logs"] == []
        slept = otherwise.result(LIMIT)["logs"]
        assert slept == found["logs"][:1], "what it slept through is in its answer"
    assert not node.chain.log_waiters


def test_a_log_that_is_there_already_ends_the_wait_at_once(node: LocalNode) -> None:
    probe = node.deploy()
    ping(node, probe, 0)
    assert len(node.call("dltui_waitLogs", 0, [probe], [[PING]], 5000)["logs"]) == 1
    assert not node.chain.log_waiters


@pytest.mark.parametrize(
    "given",
    [
        [],
        [0, [], []],
        [0, [], [], 0, [], 0],
        [-1, [], [], 0],
        ["0x" + "f" * 16, [], [], 0],
        [0, ["0x11"], [], 0],
        [0, ["0x" + "11" * 20] * 1001, [], 0],
        [0, [], [[], [], [], [], []], 0],
        [0, [], [[OTHER] * 1001], 0],
        [0, [], [], 5001],
        [0, [], [], -1],
        [0, [], [], "soon"],
        [0, [], [], 0, ["0x11"]],
        [0, [], [], 0, [OTHER] * 1001],
        [0, [], [], 0, [[OTHER]]],
        [0, {}, [], 0],
    ],
)
def test_parameters_are_checked_at_the_door(node: LocalNode, given: list[Any]) -> None:
    with pytest.raises(RpcFault) as refused:
        node.call("dltui_waitLogs", *given)
    assert refused.value.code == -32602
    assert not node.chain.log_waiters


def test_more_logs_than_one_answer_holds_are_refused(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    probe = node.deploy()
    for nonce in range(3):
        ping(node, probe, nonce)
    monkeypatch.setattr(index, "MAX_LOGS", 2)
    with pytest.raises(RpcFault) as refused:
        node.call("dltui_waitLogs", 0, [probe], [[PING]], 0)
    assert refused.value.code == -32005
