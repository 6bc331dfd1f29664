"""Blocks, transactions by place, proofs, and what the node says about itself, as wallets and explorers ask."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import rlp
from eth.rlp.accounts import Account
from eth_utils import keccak
from trie import HexaryTrie
from trie.exceptions import BadTrieProof

from dltui.devchain.params import RpcFault
from tests.kits.chain import ADDRESSES, RICH, STRANGER, LocalNode, calldata, local_node, raw_address, sign

UNKNOWN = "0x" + "77" * 32


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNode]:
    """A Probe contract (block 1), a ping (block 2), two transfers that share block 3."""
    with local_node(tmp_path_factory.mktemp("history"), batch_ms=300) as (node, _):
        to = node.deploy()
        node.send(sign(0, 1, to, data=calldata("ping(uint256,bytes)", 5, b""), gas=100_000))
        node.call("eth_sendRawTransaction", "0x" + sign(0, 2, value=1).hex())
        node.send(sign(0, 3, value=1))
        assert node.call("eth_blockNumber") == "0x3"
        yield node


def test_transactions_by_their_place_in_a_block(node: LocalNode) -> None:
    block = node.call("eth_getBlockByNumber", "0x3", True)
    for position, tx in enumerate(block["transactions"]):
        assert node.call("eth_getTransactionByBlockNumberAndIndex", "0x3", hex(position)) == tx
        assert node.call("eth_getTransactionByBlockHashAndIndex", block["hash"], hex(position)) == tx
    assert [tx["nonce"] for tx in block["transactions"]] == ["0x2", "0x3"]
    assert node.call("eth_getTransactionByBlockNumberAndIndex", "0x3", "0x2") is None
    assert node.call("eth_getTransactionByBlockNumberAndIndex", "0x9", "0x0") is None
    assert node.call("eth_getTransactionByBlockHashAndIndex", UNKNOWN, "0x0") is None


def test_counts_of_transactions_and_uncles(node: LocalNode) -> None:
    block = node.call("eth_getBlockByNumber", "latest", False)
    assert node.call("eth_getBlockTransactionCountByNumber", "latest") == "0x2"
    assert node.call("eth_getBlockTransactionCountByHash", block["hash"]) == "0x2"
    assert node.call("eth_getBlockTransactionCountByNumber", "earliest") == "0x0"
    assert node.call("eth_getUncleCountByBlockNumber", "0x3") == "0x0"
    assert node.call("eth_getUncleCountByBlockHash", block["hash"]) == "0x0"
    assert node.call("eth_getUncleByBlockNumberAndIndex", "0x3", "0x0") is None
    assert node.call("eth_getUncleByBlockHashAndIndex", block["hash"], "0x0") is None
    for method in ("eth_getBlockTransactionCount", "eth_getUncleCount"):
        kind = "Block" if "Uncle" in method else ""
        assert node.call(f"{method}By{kind}Number", "0x9") is None
        assert node.call(f"{method}By{kind}Hash", UNKNOWN) is None


@pytest.mark.parametrize("tag", ["latest", "pending", "safe", "finalized", "0x3"])
def test_every_tag_of_the_newest_block_means_it(node: LocalNode, tag: str) -> None:
    assert node.call("eth_getBlockByNumber", tag, False)["number"] == "0x3"
    assert node.call("eth_getTransactionCount", ADDRESSES[0], tag) == "0x4"
    assert len(node.call("eth_getBlockReceipts", tag)) == 2


def test_receipts_of_a_block_by_its_hash(node: LocalNode) -> None:
    block = node.call("eth_getBlockByNumber", "0x2", False)
    assert node.call("eth_getBlockReceipts", block["hash"]) == node.call("eth_getBlockReceipts", "0x2")
    (receipt,) = node.call("eth_getBlockReceipts", {"blockHash": block["hash"]})
    assert receipt["logs"][0]["blockTimestamp"] == block["timestamp"]


@pytest.mark.parametrize(("tag", "total", "balance"), [("0x1", 0, 0), ("0x2", 5, 0), ("latest", 5, 2)])
def test_a_proof_holds_against_the_state_root_of_its_block(node: LocalNode, tag: str, total: int, balance: int) -> None:
    root = bytes.fromhex(node.call("eth_getBlockByNumber", tag, False)["stateRoot"][2:])
    to = node.call("eth_getBlockReceipts", "0x1")[0]["contractAddress"]
    proof = node.call("eth_getProof", to, ["0x1", "0x99"], tag)
    account = rlp.decode(proven(root, to, proof["accountProof"]), Account)
    assert proof["storageHash"] == "0x" + account.storage_root.hex()
    assert proof["codeHash"] == "0x" + keccak(bytes.fromhex(node.call("eth_getCode", to, tag)[2:])).hex()
    one, none = proof["storageProof"]
    stored = proven(account.storage_root, "0x" + (1).to_bytes(32, "big").hex(), one["proof"])
    assert (one["key"], int(one["value"], 16)) == ("0x1", total)
    assert stored == (rlp.encode(total) if total else b"")
    assert none["value"] == "0x0" and proven(account.storage_root, "0x" + f"{0x99:064x}", none["proof"]) == b""
    absent = node.call("eth_getProof", STRANGER, [], tag)
    there = proven(root, STRANGER, absent["accountProof"])
    assert int(absent["balance"], 16) == balance
    assert there == (rlp.encode(Account(balance=balance)) if balance else b"")


def test_a_proof_of_another_account_does_not_hold(node: LocalNode) -> None:
    root = bytes.fromhex(node.call("eth_getBlockByNumber", "latest", False)["stateRoot"][2:])
    proof = node.call("eth_getProof", ADDRESSES[0], [], "latest")["accountProof"]
    assert rlp.decode(proven(root, ADDRESSES[0], proof), Account).nonce == 4
    with pytest.raises(BadTrieProof):
        proven(bytes(32), ADDRESSES[0], proof)


def proven(root: bytes, key: str, nodes: list[str]) -> bytes:
    """What the proof `nodes` says under `root` at the hash of `key`; raises where it does not hold."""
    decoded = [rlp.decode(bytes.fromhex(node[2:])) for node in nodes]
    return bytes(HexaryTrie.get_from_proof(root, keccak(bytes.fromhex(key[2:])), decoded))


def test_a_proof_of_too_many_slots_is_refused(node: LocalNode) -> None:
    with pytest.raises(RpcFault, match="at most 1024") as caught:
        node.call("eth_getProof", STRANGER, ["0x1"] * 1025)
    assert caught.value.code == -32602


def test_what_the_node_says_about_itself(node: LocalNode) -> None:
    assert node.call("web3_sha3", "0x68656c6c6f") == "0x" + keccak(b"hello").hex()
    assert node.call("net_peerCount") == node.call("eth_hashrate") == "0x0"
    assert node.call("eth_coinbase") == "0x" + "00" * 20
    assert node.call("eth_blobBaseFee") == "0x1"
    for method in ("eth_mining", "eth_protocolVersion", "eth_getWork", "eth_sendTransaction", "personal_sign"):
        with pytest.raises(RpcFault) as caught:
            node.call(method)
        assert caught.value.code == -32601


def test_fee_history_has_a_row_for_each_block_and_one_more_base_fee(node: LocalNode) -> None:
    history = node.call("eth_feeHistory", "0x4", "latest", [50])
    assert history["oldestBlock"] == "0x0"
    assert len(history["baseFeePerGas"]) == len(history["baseFeePerBlobGas"]) == 5
    assert len(history["gasUsedRatio"]) == len(history["blobGasUsedRatio"]) == len(history["reward"]) == 4
    assert [row[0] for row in history["reward"]] == ["0x0", "0x3b9aca00", "0x3b9aca00", "0x3b9aca00"]


def test_balances_of_older_blocks_are_kept(node: LocalNode) -> None:
    assert node.call("eth_getBalance", ADDRESSES[0], "earliest") == hex(RICH)
    spent = [int(node.call("eth_getBalance", "0x" + raw_address(0).hex(), hex(n)), 16) for n in range(4)]
    assert spent == sorted(spent, reverse=True) and len(set(spent)) == 4
