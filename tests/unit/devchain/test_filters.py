"""Filters that clients poll: what they give, when they end, and how many there may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from eth_utils import keccak

from dltui.devchain import index
from dltui.devchain.api import filters
from dltui.devchain.api.filters import EXPIRY, MAX_FILTERS, FilterMethods
from dltui.devchain.params import RpcFault
from tests.kits.chain import STRANGER, Clock, LocalNode, calldata, deploy, local_node, sign

PING = "0x" + keccak(b"Ping(address,uint256,bytes)").hex()


def ping(node: LocalNode, nonce: int, to: str, number: int = 1) -> str:
    data = calldata("ping(uint256,bytes)", number, b"")
    return str(node.send(sign(0, nonce, to, data=data, gas=200_000))["transactionHash"])


def test_a_block_filter_gives_the_hashes_since_the_last_poll(node: LocalNode) -> None:
    node.send(sign(0, 0))
    name = node.call("eth_newBlockFilter")
    assert node.call("eth_getFilterChanges", name) == []
    hashes = [node.send(sign(0, nonce))["blockHash"] for nonce in (1, 2)]
    assert node.call("eth_getFilterChanges", name) == hashes
    assert node.call("eth_getFilterChanges", name) == []


def test_a_log_filter_gives_new_logs_that_match_and_all_of_them_on_request(node: LocalNode) -> None:
    to = node.deploy()
    ping(node, 1, to)
    name = node.call("eth_newFilter", {"fromBlock": "0x0", "address": to, "topics": [PING]})
    other = node.call("eth_newFilter", {"address": STRANGER})
    bounded = node.call("eth_newFilter", {"toBlock": "0x3"})
    txs = [ping(node, nonce, to) for nonce in (2, 3)]
    assert [log["transactionHash"] for log in node.call("eth_getFilterChanges", name)] == txs
    assert node.call("eth_getFilterChanges", name) == node.call("eth_getFilterChanges", other) == []
    assert [log["blockNumber"] for log in node.call("eth_getFilterChanges", bounded)] == ["0x3"]
    query = {"fromBlock": "0x0", "address": to, "topics": [PING]}
    assert node.call("eth_getFilterLogs", name) == node.call("eth_getLogs", query)
    assert len(node.call("eth_getFilterLogs", name)) == 3


def test_a_pending_filter_gives_hashes_before_the_block_is_made(tmp_path: Path) -> None:
    with local_node(tmp_path, batch_ms=60_000) as (node, _):
        name = node.call("eth_newPendingTransactionFilter")
        sent = [node.call("eth_sendRawTransaction", "0x" + sign(0, nonce).hex()) for nonce in range(3)]
        assert node.call("eth_getFilterChanges", name) == sent
        assert node.call("eth_getFilterChanges", name) == []
        waiting = node.call("eth_getTransactionByHash", sent[1])
        assert waiting["blockHash"] is waiting["blockNumber"] is waiting["transactionIndex"] is None
        assert (waiting["hash"], waiting["nonce"]) == (sent[1], "0x1")
        assert node.call("eth_blockNumber") == "0x0"


def test_an_unknown_or_uninstalled_filter_is_not_found(node: LocalNode) -> None:
    name = node.call("eth_newBlockFilter")
    with pytest.raises(RpcFault, match="filter not found"):
        node.call("eth_getFilterLogs", name)
    assert node.call("eth_uninstallFilter", name) is True
    assert node.call("eth_uninstallFilter", name) is False
    for gone in (name, "0x1"):
        with pytest.raises(RpcFault, match="filter not found") as caught:
            node.call("eth_getFilterChanges", gone)
        assert caught.value.code == -32000


def test_a_filter_that_nobody_polls_expires_and_a_polled_one_stays(node: LocalNode) -> None:
    clock = Clock(0.0)
    filters = FilterMethods(node.chain, node.miner, clock)
    polled, forgotten = filters.eth_newBlockFilter([]), filters.eth_newBlockFilter([])
    clock.now = EXPIRY - 1
    assert filters.eth_getFilterChanges([polled]) == []
    clock.now = EXPIRY + 1
    assert filters.eth_getFilterChanges([polled]) == []
    with pytest.raises(RpcFault, match="filter not found"):
        filters.eth_getFilterChanges([forgotten])


def test_there_is_a_limit_to_filters_and_expired_ones_make_room(node: LocalNode) -> None:
    clock = Clock(0.0)
    filters = FilterMethods(node.chain, node.miner, clock)
    names = {filters.eth_newBlockFilter([]) for _ in range(MAX_FILTERS)}
    assert len(names) == MAX_FILTERS
    with pytest.raises(RpcFault, match="filters already") as caught:
        filters.eth_newPendingTransactionFilter([])
    assert caught.value.code == -32005
    clock.now = EXPIRY + 1
    assert filters.eth_newBlockFilter([]) not in names


@pytest.mark.parametrize("wanted", [{"blockHash": "0x" + "11" * 32}, {"fromBlock": "0x5", "toBlock": "0x4"}, [], "x"])
def test_a_filter_that_makes_no_sense_is_refused(node: LocalNode, wanted: object) -> None:
    with pytest.raises(RpcFault) as caught:
        node.call("eth_newFilter", wanted)
    assert caught.value.code == -32602


def test_a_long_absence_is_caught_up_in_steps(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "MOST_AT_ONCE", 2)
    name = node.call("eth_newBlockFilter")
    hashes = [node.send(sign(0, nonce))["blockHash"] for nonce in range(5)]
    looks = [node.call("eth_getFilterChanges", name) for _ in range(4)]
    assert [len(look) for look in looks] == [2, 2, 1, 0]
    assert [found for look in looks for found in look] == hashes


def test_too_many_new_logs_are_an_error_and_no_loss(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    to = str(node.send(deploy(0, 0))["contractAddress"])
    name = node.call("eth_newFilter", {"address": to})
    for nonce in (1, 2):
        ping(node, nonce, to)
    with monkeypatch.context() as patch:
        patch.setattr(index, "MAX_LOGS", 1)
        with pytest.raises(RpcFault) as caught:
            node.call("eth_getFilterChanges", name)
        assert caught.value.code == -32005
    assert len(node.call("eth_getFilterChanges", name)) == 2
