from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_utils import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dltui.devchain import index
from dltui.devchain.api import logs as api_logs
from dltui.devchain.params import RpcFault
from tests.kits.chain import ADDRESSES, LocalNode, calldata, deploy, local_node, sign

PING = "0x" + keccak(b"Ping(address,uint256,bytes)").hex()
PONG = "0x" + keccak(b"Pong(uint256)").hex()


def word(value: int) -> str:
    return f"0x{value:064x}"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNode]:
    """Two Probe contracts with pings from two senders over seven blocks."""
    with local_node(tmp_path_factory.mktemp("logs")) as (node, _):
        probes = [node.deploy(0, 0), str(node.send(deploy(0, 1))["contractAddress"])]
        for nonce, number in enumerate((1, 2, 3, 4, 2)):
            call = calldata("ping(uint256,bytes)", number, bytes([number]) * number)
            node.send(sign(1 + nonce % 2, nonce // 2, probes[number % 2], data=call, gas=200_000))
        yield node


def everything(node: LocalNode) -> list[dict[str, Any]]:
    """All logs, from the receipts: an independent way to them."""
    receipts = [node.call("eth_getBlockReceipts", hex(n)) for n in range(node.chain.head.block_number + 1)]
    return [log for block in receipts for receipt in block for log in receipt["logs"]]


def matches(log: dict[str, Any], wanted: dict[str, Any]) -> bool:
    if not int(wanted["fromBlock"], 16) <= int(log["blockNumber"], 16) <= int(wanted["toBlock"], 16):
        return False
    addresses = wanted.get("address")
    if addresses and log["address"] not in ([addresses] if isinstance(addresses, str) else addresses):
        return False
    topics = wanted.get("topics", [])
    if len(topics) > len(log["topics"]):
        return False
    choices = [[t] if isinstance(t, str) else t for t in topics]
    return all(not choice or log["topics"][i] in choice for i, choice in enumerate(choices))


def test_the_logs_are_those_of_the_transactions(node: LocalNode) -> None:
    logs = everything(node)
    pings = [log for log in logs if log["topics"][0] == PING]
    assert [int(log["topics"][2], 16) for log in pings] == [1, 2, 3, 4, 2]
    assert [log["topics"][1] for log in pings[:2]] == [word(int(a, 16)) for a in ADDRESSES[1:3]]
    assert [log["logIndex"] for log in logs if log["blockNumber"] == "0x4"] == ["0x0", "0x1"]
    assert len([log for log in logs if log["topics"][0] == PONG]) == 3
    assert all(log["removed"] is False for log in logs)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_filter_finds_what_reading_all_logs_finds(node: LocalNode, data: st.DataObject) -> None:
    logs = everything(node)
    seen = [*sorted({topic for log in logs for topic in log["topics"]}), word(99)]
    addresses = [*sorted({log["address"] for log in logs}), "0x" + "99" * 20]
    one = st.sampled_from(seen)
    position = st.none() | one | st.lists(one, max_size=3)
    wanted: dict[str, Any] = {
        "fromBlock": hex(data.draw(st.integers(0, 9))),
        "topics": data.draw(st.lists(position, max_size=4)),
    }
    wanted["toBlock"] = hex(data.draw(st.integers(int(wanted["fromBlock"], 16), 10)))
    choice = data.draw(st.none() | st.sampled_from(addresses) | st.lists(st.sampled_from(addresses), max_size=3))
    if choice is not None:
        wanted["address"] = choice
    assert node.call("eth_getLogs", wanted) == [log for log in logs if matches(log, wanted)]


def test_ranges_by_tag_and_by_block_hash(node: LocalNode) -> None:
    logs = everything(node)
    assert node.call("eth_getLogs", {"fromBlock": "earliest", "toBlock": "latest"}) == logs
    newest = node.call("eth_getBlockByNumber", "latest", False)
    last = [log for log in logs if log["blockHash"] == newest["hash"]]
    assert node.call("eth_getLogs", {}) == last != []
    assert node.call("eth_getLogs", {"blockHash": newest["hash"]}) == last


@pytest.mark.parametrize(
    "wanted",
    [
        {"fromBlock": "0x5", "toBlock": "0x4"},
        {"blockHash": "0x" + "11" * 32, "fromBlock": "0x1"},
        {"topics": [None] * 5},
        {"topics": PING},
        {"topics": ["0x12"]},
        {"address": ["0x12"]},
        {"address": ["0x" + "11" * 20] * 1001},
        {"fromBlock": 1},
        [],
    ],
)
def test_malformed_filters_are_invalid_params(node: LocalNode, wanted: Any) -> None:
    with pytest.raises(RpcFault) as caught:
        node.call("eth_getLogs", wanted)
    assert caught.value.code == -32602


def test_a_block_hash_that_nobody_knows(node: LocalNode) -> None:
    with pytest.raises(RpcFault, match="header not found"):
        node.call("eth_getLogs", {"blockHash": "0x" + "11" * 32})


def test_too_many_logs_are_an_error_and_not_a_cut_list(
    node: LocalNode, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(index, "MAX_LOGS", 3)
    with pytest.raises(RpcFault) as caught:
        node.call("eth_getLogs", {"fromBlock": "0x0"})
    assert caught.value.code == -32005
    assert len(node.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x4"})) == 3


def test_too_much_log_data_is_an_error(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    total = sum(len(log["data"]) // 2 - 1 for log in everything(node))
    monkeypatch.setattr(index, "MAX_LOG_BYTES", total)
    assert node.call("eth_getLogs", {"fromBlock": "0x0"}) == everything(node)
    monkeypatch.setattr(index, "MAX_LOG_BYTES", total - 1)
    with pytest.raises(RpcFault, match="bytes of data") as caught:
        node.call("eth_getLogs", {"fromBlock": "0x0"})
    assert caught.value.code == -32005


def test_a_range_of_too_many_blocks_is_refused_and_counted_to_the_head_only(
    node: LocalNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = int(node.call("eth_blockNumber"), 16) + 1
    monkeypatch.setattr(api_logs, "MAX_RANGE", blocks)
    assert node.call("eth_getLogs", {"fromBlock": "0x0", "toBlock": "0xffffffff"}) == everything(node)
    monkeypatch.setattr(api_logs, "MAX_RANGE", blocks - 1)
    with pytest.raises(RpcFault, match=f"more than {blocks - 1} blocks") as caught:
        node.call("eth_getLogs", {"fromBlock": "0x0"})
    assert caught.value.code == -32005
    assert node.call("eth_getLogs", {"fromBlock": "0x1"}) == everything(node)


@pytest.mark.parametrize("topics", [{}, {"topics": [[PING, PONG]]}])
def test_the_logs_of_the_last_block_cost_the_same_after_a_long_run(tmp_path: Path, topics: dict[str, Any]) -> None:
    """Counted in steps of sqlite's machine: what is asked of each block must not grow with the blocks before it."""

    def steps(node: LocalNode, probe: str) -> int:
        counted = [0]

        def step() -> int:
            counted[0] += 1
            return 0

        connection = node.chain.store.connection
        connection.set_progress_handler(step, 1)
        try:
            newest = hex(node.chain.head.block_number)
            asked = {"fromBlock": newest, "toBlock": newest, "address": [probe, "0x" + "55" * 20], **topics}
            assert len(node.call("eth_getLogs", asked)) == 1
        finally:
            connection.set_progress_handler(None, 1)
        return counted[0]

    with local_node(tmp_path) as (node, _):
        probe = node.deploy()
        taken = []
        for nonce in range(40):
            node.send(sign(1, nonce, probe, data=calldata("ping(uint256,bytes)", 1, b""), gas=200_000))
            taken.append(steps(node, probe))
    assert max(taken) == taken[0], taken
