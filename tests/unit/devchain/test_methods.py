from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils import keccak

from dltui.devchain.params import RpcFault
from tests.kits.chain import (
    ADDRESSES,
    CHAIN_ID,
    KEYS,
    RICH,
    START,
    STRANGER,
    TIP,
    LocalNode,
    calldata,
    legacy,
    local_node,
    raw_address,
    sign,
)

UNKNOWN = "0x" + "77" * 32


def fault(node: LocalNode, method: str, *params: Any) -> RpcFault:
    with pytest.raises(RpcFault) as caught:
        node.call(method, *params)
    return caught.value


def hexed(raw: bytes) -> str:
    return "0x" + raw.hex()


def test_a_new_node_describes_itself(node: LocalNode) -> None:
    assert node.call("eth_chainId") == hex(CHAIN_ID)
    assert node.call("net_version") == str(CHAIN_ID)
    assert node.call("web3_clientVersion").startswith("dltui-embedded/")
    assert node.call("eth_blockNumber") == "0x0"
    assert node.call("eth_accounts") == []
    assert node.call("eth_syncing") is False
    assert node.call("net_listening") is True
    assert int(node.call("eth_gasPrice"), 16) == 875_000_000 + TIP
    assert node.call("eth_maxPriorityFeePerGas") == hex(TIP)


def test_the_sync_send_answers_with_the_mined_receipt(node: LocalNode) -> None:
    receipt = node.send(sign(0, 0, value=5))
    assert receipt == node.call("eth_getTransactionReceipt", receipt["transactionHash"])
    assert (receipt["status"], receipt["gasUsed"], receipt["blockNumber"]) == ("0x1", "0x5208", "0x1")
    assert receipt["from"] == ADDRESSES[0].lower() and receipt["to"] == STRANGER
    assert receipt["logs"] == [] and receipt["contractAddress"] is None
    assert node.call("eth_getBalance", STRANGER) == "0x5"
    assert node.call("eth_getBalance", STRANGER, "0x0") == "0x0"
    assert node.call("eth_getTransactionCount", ADDRESSES[0], "latest") == "0x1"


def test_a_plain_send_answers_with_the_hash_and_is_mined(node: LocalNode) -> None:
    raw = sign(0, 0, value=5)
    assert node.call("eth_sendRawTransaction", hexed(raw)) == hexed(keccak(raw))
    assert node.call("dltui_waitBlock", 0, 5000) == "0x1"
    assert node.call("eth_getTransactionReceipt", hexed(keccak(raw)))["blockNumber"] == "0x1"


def test_what_arrives_together_shares_blocks_in_order_of_nonces(tmp_path: Path) -> None:
    with local_node(tmp_path, batch_ms=300) as (node, _):
        with ThreadPoolExecutor(10) as pool:
            receipts = list(pool.map(lambda key: node.send(sign(key, 0, value=1)), range(10)))
        blocks = {receipt["blockNumber"] for receipt in receipts}
        # The window begins with the first arrival; ten threads need far less than 300 ms.
        assert len(blocks) <= 2
        assert node.call("eth_getBalance", STRANGER) == "0xa"
        for nonce in (1, 2, 3):
            node.call("eth_sendRawTransaction", hexed(sign(0, nonce, value=1)))
        assert node.call("eth_getTransactionCount", ADDRESSES[0], "pending") == "0x4"
        assert node.call("eth_getTransactionCount", ADDRESSES[0], "latest") == "0x1"
        node.send(sign(1, 1))
        newest = node.call("eth_getBlockByNumber", "latest", True)["transactions"]
        assert [tx["nonce"] for tx in newest if tx["from"] == ADDRESSES[0].lower()] == ["0x1", "0x2", "0x3"]


def test_a_batch_beyond_the_block_gas_limit_fills_the_next_block(tmp_path: Path) -> None:
    with local_node(tmp_path, batch_ms=300) as (node, _):
        raws = [sign(key, 0, gas=12_000_000) for key in range(5)]
        hashes = [node.call("eth_sendRawTransaction", hexed(raw)) for raw in raws]
        while int(node.call("dltui_waitBlock", 2, 5000), 16) < 3:
            pass
        counts = [len(node.call("eth_getBlockByNumber", hex(n), False)["transactions"]) for n in (1, 2, 3)]
        assert counts == [2, 2, 1]
        assert all(node.call("eth_getTransactionReceipt", tx)["status"] == "0x1" for tx in hashes)


@pytest.mark.parametrize("method", ["eth_sendRawTransaction", "eth_sendRawTransactionSync"])
def test_bad_transactions_are_refused_at_the_door_in_geths_words(node: LocalNode, method: str) -> None:
    node.send(sign(0, 0))
    for raw, text in (
        (sign(0, 0), "already known"),
        (sign(0, 0, value=1), "nonce too low: address"),
        (sign(0, 2), "nonce too high: address"),
        (sign(1, 0, value=RICH), "insufficient funds for gas * price + value"),
        (sign(1, 0, chainId=1), "invalid chain id for signer: have 1 want 31337"),
        (sign(1, 0, gas=20_000), "intrinsic gas too low"),
        (sign(1, 0, maxFeePerGas=1, maxPriorityFeePerGas=0), "max fee per gas less than block base fee"),
        (b"\x04" + sign(1, 0)[1:], "transaction type not supported"),
    ):
        error = fault(node, method, hexed(raw))
        assert error.code == -32000 and text in error.message
    assert node.call("eth_blockNumber") == "0x1"


def test_waiting_transactions_count_against_nonce_and_balance(tmp_path: Path) -> None:
    with local_node(tmp_path, batch_ms=60_000) as (node, _):
        raw = sign(0, 0, value=RICH // 2)
        node.call("eth_sendRawTransaction", hexed(raw))
        assert fault(node, "eth_sendRawTransaction", hexed(raw)).message == "already known"
        assert "nonce too low" in fault(node, "eth_sendRawTransaction", hexed(sign(0, 0))).message
        assert "insufficient" in fault(node, "eth_sendRawTransaction", hexed(sign(0, 1, value=RICH // 2))).message
        late = fault(node, "eth_sendRawTransactionSync", hexed(sign(0, 1)), 1)
        assert late.code == 4 and late.data == hexed(keccak(sign(0, 1)))
        assert node.call("eth_blockNumber") == "0x0"


def test_calls_and_reverts_carry_code_message_and_data(node: LocalNode) -> None:
    to = node.deploy()
    assert node.call("eth_call", {"to": to, "data": hexed(calldata("total()"))}) == hexed(bytes(32))
    reason = fault(node, "eth_call", {"to": to, "input": hexed(calldata("fail(string)", "no way"))}, "latest")
    assert (reason.code, reason.message) == (3, "execution reverted: no way")
    custom = fault(
        node, "eth_call", {"from": ADDRESSES[1], "to": to, "data": hexed(calldata("failCustom(uint256)", 9))}
    )
    expected = keccak(b"Custom(uint256,address)")[:4] + (9).to_bytes(32, "big") + bytes(12) + raw_address(1)
    assert (custom.code, custom.message, custom.data) == (3, "execution reverted", hexed(expected))
    silent = fault(node, "eth_estimateGas", {"to": to, "data": hexed(calldata("silent()"))})
    assert (silent.code, silent.data) == (3, "0x")
    burnt = fault(node, "eth_call", {"to": to, "data": hexed(calldata("burn()")), "gas": "0x9c40"})
    assert (burnt.code, burnt.message) == (-32000, "out of gas")


def test_pending_calls_see_the_clock_and_latest_ones_the_head(node: LocalNode) -> None:
    to = node.deploy()
    poke = {"to": to, "data": hexed(calldata("notBefore(uint256)", START + 100))}
    node.clock.now = START + 100
    assert fault(node, "eth_call", poke, "latest").message == "execution reverted: too early"
    assert node.call("eth_call", poke, "pending") == "0x"
    assert int(node.call("eth_estimateGas", poke), 16) > 21_000


def test_state_of_older_blocks_and_of_blocks_by_hash(node: LocalNode) -> None:
    to = node.deploy()
    node.send(sign(0, 1, to, data=calldata("ping(uint256,bytes)", 5, b""), gas=100_000))
    ask = {"to": to, "data": hexed(calldata("total()"))}
    first = node.call("eth_getBlockByNumber", "0x1", False)["hash"]
    assert [int(node.call("eth_call", ask, tag), 16) for tag in ("0x1", "0x2", "latest")] == [0, 5, 5]
    assert int(node.call("eth_call", ask, {"blockHash": first}), 16) == 0
    assert int(node.call("eth_getStorageAt", to, "0x1", "0x2"), 16) == 5
    assert node.call("eth_getCode", to, "earliest") == "0x"
    assert len(node.call("eth_getCode", to)) > 1000
    for tag in ("0x3", {"blockHash": UNKNOWN}):
        assert fault(node, "eth_getBalance", to, tag).message == "header not found"


def test_blocks_transactions_and_receipts_agree(node: LocalNode) -> None:
    receipt = node.send(legacy(0, 0))
    access = {"type": 1, "gasPrice": 10**11, "accessList": [{"address": STRANGER, "storageKeys": [UNKNOWN]}]}
    fields = {"chainId": CHAIN_ID, "nonce": 1, "gas": 40_000, "to": STRANGER, "value": 1, "data": b""}
    node.send(bytes(Account.sign_transaction(fields | access, KEYS[0]).raw_transaction))
    for number, kind in ((1, "0x0"), (2, "0x1")):
        block = node.call("eth_getBlockByNumber", hex(number), True)
        (tx,) = block["transactions"]
        assert tx["type"] == kind and tx["blockHash"] == block["hash"]
        assert node.call("eth_getBlockByHash", block["hash"], False)["transactions"] == [tx["hash"]]
        assert node.call("eth_getTransactionByHash", tx["hash"]) == tx
        (stored,) = node.call("eth_getBlockReceipts", hex(number))
        assert stored["blockHash"] == block["hash"] and stored["gasUsed"] == block["gasUsed"]
    assert node.call("eth_getBlockReceipts", "0x1") == [receipt]
    parent = node.call("eth_getBlockByNumber", "0x2", False)["parentHash"]
    assert parent == node.call("eth_getBlockByNumber", "0x1", False)["hash"]


def test_what_does_not_exist_is_null(node: LocalNode) -> None:
    assert node.call("eth_getBlockByNumber", "0x9", False) is None
    assert node.call("eth_getBlockByHash", UNKNOWN, True) is None
    assert node.call("eth_getTransactionByHash", UNKNOWN) is None
    assert node.call("eth_getTransactionReceipt", UNKNOWN) is None
    assert node.call("eth_getBlockReceipts", "0x9") is None


def test_fee_history(node: LocalNode) -> None:
    node.send(sign(0, 0))
    node.send(sign(0, 1, maxPriorityFeePerGas=2 * TIP))
    history = node.call("eth_feeHistory", "0x2", "latest", [0, 100])
    bases = [int(fee, 16) for fee in history["baseFeePerGas"]]
    assert history["oldestBlock"] == "0x1" and len(bases) == 3
    blocks = [node.call("eth_getBlockByNumber", tag, False) for tag in ("0x1", "0x2")]
    assert bases[:2] == [int(block["baseFeePerGas"], 16) for block in blocks]
    assert history["gasUsedRatio"] == [21_000 / 30_000_000] * 2
    assert history["reward"] == [[hex(TIP)] * 2, [hex(2 * TIP)] * 2]
    assert "reward" not in node.call("eth_feeHistory", 5, "0x0")
    assert node.call("eth_feeHistory", 1024, "0x1", [])["oldestBlock"] == "0x0"
    for refused in (
        ["0x2", "latest", [50, 10]],
        ["0x2", "latest", [1] * 101],
        ["0x2", "latest", [101]],
        [1025, "latest"],
    ):
        assert fault(node, "eth_feeHistory", *refused).code == -32602


def test_waiting_for_a_block_ends_with_the_block_or_the_time(node: LocalNode) -> None:
    assert node.call("dltui_waitBlock", 0, 0) == "0x0"
    assert node.call("dltui_waitBlock", "0x0", 1) == "0x0"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(node.call, "dltui_waitBlock", 0, 5000)
        node.send(sign(0, 0))
        assert waiting.result(5) == "0x1"
    assert fault(node, "dltui_waitBlock", 0, 5001).code == -32602


def test_the_clock_of_a_restored_chain_never_goes_back(node: LocalNode) -> None:
    node.chain.mine([], START + 500)
    node.clock.now = START + 20
    receipt = node.send(sign(0, 0))
    assert node.call("eth_getBlockByNumber", receipt["blockNumber"], False)["timestamp"] == hex(START + 500)


def test_a_block_that_cannot_be_stored_fails_its_transactions_and_leaves_the_chain(node: LocalNode) -> None:
    node.send(sign(0, 0))
    head = node.call("eth_getBlockByNumber", "latest", False)
    original = node.chain.index.add

    def full(block: Any) -> None:
        original(block)
        raise sqlite3.OperationalError("database or disk is full")

    node.chain.index.add = full  # type: ignore[method-assign]
    error = fault(node, "eth_sendRawTransactionSync", hexed(sign(0, 1, value=5)))
    assert error.code == -32000 and "disk is full" in error.message
    assert node.call("eth_getBlockByNumber", "latest", False) == head
    assert node.call("eth_getBalance", STRANGER) == "0x0"
    node.chain.index.add = original  # type: ignore[method-assign]
    assert node.send(sign(0, 1, value=5))["blockNumber"] == "0x2"
    assert node.call("eth_getBalance", STRANGER) == "0x5"
