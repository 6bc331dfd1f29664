"""A chain that is not the run's own: which blocks count, who sent, what is paid, and when a transaction counts."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dltui.chain.history.remote_blocks import RemoteBlocks, block_of, check_first_block, short_receipt
from dltui.chain.history.txlog import BlockRecord, TxLog
from dltui.chain.nodes.ports import free_port
from dltui.chain.nodes.url_node import UrlNode, expand
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable, RpcError, in_words
from dltui.chain.types import Call
from dltui.chain.wallet import Wallet
from dltui.errors import ChainError, ConfigError
from dltui.protocol.reader import ChainReader, Rewound
from tests.kits.chain import (
    ADDRESSES,
    CHAIN_ID,
    KEYS,
    START,
    STRANGER,
    LocalNode,
    calldata,
    local_node,
    sign,
)

Net = tuple[LocalNode, Rpc]


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    with local_node(tmp_path) as pair:
        yield pair


@pytest.fixture
def branch(tmp_path: Path) -> Iterator[Net]:
    """Another chain from the same beginning."""
    (tmp_path / "branch").mkdir()
    with local_node(tmp_path / "branch") as pair:
        yield pair


def blocks(net: Net, tmp_path: Path, after: int = 0, confirmations: int = 0) -> RemoteBlocks:
    log = TxLog.create(tmp_path / "txs.jsonl", "a" * 64, "url", after)
    return RemoteBlocks(net[1], log, CHAIN_ID, ADDRESSES[0], confirmations, pause=0.0)


def busy_chain(node: LocalNode) -> str:
    """Strangers, the operator's contract, a stranger who calls it, and strangers again; the contract's address."""
    node.send(sign(5, 0))
    probe = node.deploy()
    node.send(sign(5, 1))
    node.send(sign(6, 0, probe, data=calldata("ping(uint256,bytes)", 2, b"x"), gas=100_000))
    node.send(sign(5, 2))
    return probe


def test_only_our_transactions_are_kept_and_read_back_without_the_node(net: Net, tmp_path: Path) -> None:
    probe = busy_chain(net[0])
    source = blocks(net, tmp_path)
    fresh = list(source.fresh(0))
    assert [block.number for block in fresh] == [2, 4]
    assert [tx.sender for block in fresh for tx in block.txs] == [ADDRESSES[0], ADDRESSES[6]]
    assert fresh[0].txs[0].created == fresh[1].txs[0].to and fresh[0].txs[0].created.lower() == probe
    assert [len(block.txs[0].logs) for block in fresh] == [0, 2]
    assert list(source.fresh(4)) == []
    log = TxLog(tmp_path / "txs.jsonl")
    assert (log.last_block, log.sparse, log.engine) == (4, True, "url")
    again = RemoteBlocks(net[1], log, CHAIN_ID, ADDRESSES[0], 0, 0.0)
    assert list(again.history(4)) == fresh
    net[0].send(sign(7, 0, probe, data=calldata("store(uint256,uint256)", 1, 2), gas=100_000))
    assert [block.number for block in again.fresh(4)] == [6]


def test_a_block_that_could_not_be_read_is_read_again(net: Net, tmp_path: Path) -> None:
    busy_chain(net[0])

    class Faltering:
        """An `Rpc` that loses a third of its calls."""

        chance = random.Random(4)

        def call(self, method: str, *params: Any) -> Any:
            if self.chance.random() < 1 / 3:
                raise NodeUnreachable("gone")
            return net[1].call(method, *params)

        def batch(self, calls: Any) -> Any:
            return [self.call(method, *params) for method, params in calls]

    log = TxLog.create(tmp_path / "txs.jsonl", "a" * 64, "url")
    source = RemoteBlocks(Faltering(), log, CHAIN_ID, ADDRESSES[0], 0, 0.0)  # type: ignore[arg-type]
    numbers: list[int] = []
    while len(numbers) < 2:
        try:
            numbers += [block.number for block in source.fresh(0 if not numbers else numbers[-1])]
        except NodeUnreachable:
            numbers = [record.block for record in log.read()]
    assert numbers == [2, 4]


def test_contracts_that_were_there_before_are_watched(net: Net, tmp_path: Path) -> None:
    probe = busy_chain(net[0])
    source = blocks(net, tmp_path, after=2)
    source.watch([probe])
    assert [block.number for block in source.fresh(2)] == [4]


def test_blocks_count_when_enough_are_on_top(net: Net, tmp_path: Path) -> None:
    net[0].deploy()
    source = blocks(net, tmp_path, confirmations=2)
    assert list(source.fresh(0)) == []
    net[0].send(sign(5, 0))
    assert list(source.fresh(0)) == []
    net[0].send(sign(5, 1))
    assert [block.number for block in source.fresh(0)] == [1]


def test_a_history_begins_before_its_contract(net: Net) -> None:
    probe = busy_chain(net[0])  # deployed in block 2, the chain stands at 5
    for first in (0, 1, 2):
        check_first_block(net[1], probe, first)
    with pytest.raises(ConfigError, match="is 3, but the contract was there before") as caught:
        check_first_block(net[1], probe, 3)
    assert caught.value.where == "[chain] first_block"
    with pytest.raises(ConfigError, match="is 6, the chain stands at block 5"):
        check_first_block(net[1], probe, 6)


def test_a_long_history_is_read_in_pieces(net: Net, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dltui.chain.history.remote_blocks.SLICE", 0.0)
    busy_chain(net[0])
    source = blocks(net, tmp_path)
    found, pieces = [block.number for block in source.fresh(0)], 1
    while source.behind:
        found += [block.number for block in source.fresh(max(found, default=0), idle=True)]
        pieces += 1
    assert (found, pieces) == ([2, 4], 5)


def test_a_reorganisation_below_the_log_ends_the_run(net: Net, branch: Net, tmp_path: Path) -> None:
    log = TxLog.create(tmp_path / "txs.jsonl", "a" * 64, "url")
    for nonce in range(3):
        net[0].send(sign(nonce and 5, max(0, nonce - 1)))  # ours, and two of a stranger
    assert [block.number for block in RemoteBlocks(net[1], log, CHAIN_ID, ADDRESSES[0], 0, 0.0).fresh(0)] == [1]
    source = RemoteBlocks(net[1], log, CHAIN_ID, ADDRESSES[0], 0, 0.0)
    list(source.fresh(1))
    for nonce in range(4):
        branch[0].send(sign(6, nonce))
    source._rpc = branch[1]
    with pytest.raises(ChainError, match="reorganised, 3 blocks deep") as caught:
        list(source.fresh(1))
    assert "confirmations above 3" in caught.value.hint and caught.value.where == "block 1"


def test_a_reorganisation_above_the_log_is_read_again(net: Net, branch: Net, tmp_path: Path) -> None:
    for nonce in range(2):
        net[0].send(sign(5, nonce))
    source = blocks(net, tmp_path)
    assert list(source.fresh(0)) == []
    busy_chain(branch[0])
    source._rpc = branch[1]
    assert [block.number for block in source.fresh(0)] == [2, 4]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> BlockRecord:
    home = tmp_path_factory.mktemp("record")
    with local_node(home) as net:
        probe = net[0].deploy()
        net[0].send(sign(0, 1, probe, data=calldata("ping(uint256,bytes)", 2, b"x"), gas=100_000))
        log = TxLog.create(home / "txs.jsonl", "a" * 64, "url")
        list(RemoteBlocks(net[1], log, CHAIN_ID, ADDRESSES[0], 0, 0.0).fresh(0))
        return list(log.read())[1]


def test_a_transaction_for_another_chain_is_refused(record: BlockRecord) -> None:
    assert block_of(record, CHAIN_ID).txs[0].sender == ADDRESSES[0]
    with pytest.raises(ChainError, match="not valid on this chain"):
        block_of(record, 5)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=5), st.just("0x1")),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["status", "gasUsed", "contractAddress", "logs", "address", "topics", "data", "logIndex"]),
    value=json_values,
)
def test_a_receipt_that_was_altered_is_read_or_refused_and_never_crashes(
    record: BlockRecord, path: str, value: Any
) -> None:
    receipt = json.loads(json.dumps(record.receipts[0]))
    target = receipt if path in receipt else receipt["logs"][0]
    target[path] = value
    try:
        block = block_of(replace(record, receipts=(receipt,)), CHAIN_ID)
    except ChainError:
        return
    assert block.txs[0].status in (0, 1)


def test_a_log_needs_one_receipt_for_each_transaction(tmp_path: Path, record: BlockRecord) -> None:
    log = TxLog.create(tmp_path / "txs.jsonl", "a" * 64, "url")
    log.append(replace(record, receipts=record.receipts * 2))
    with pytest.raises(ChainError, match="not one receipt a transaction"):
        list(log.read())
    with pytest.raises(ChainError, match="receipt"):
        short_receipt({"logs": []})


# --- the node ---


def test_the_chain_is_checked_and_frozen(net: Net, tmp_path: Path) -> None:
    node = UrlNode(net[0].url, 0)
    assert node.start() == 0 and node.alive() and node.pid is None and node.close() is None
    with pytest.raises(ChainError) as caught:
        UrlNode(net[0].url, 5).start()
    assert "chain id 31337, expected 5" in caught.value.message and "chain_id = 31337" in caught.value.hint
    log = TxLog.create(tmp_path / "txs.jsonl", node.fingerprint(), "url")
    node.start(log)
    log.append(BlockRecord(1, START, "0x" + "1" * 64, "0x" + "2" * 64, (b"\2",), "", ({},)))
    with pytest.raises(ChainError, match="on another chain now"):
        node.start(log)


def test_a_node_that_is_away_is_waited_for_if_it_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dltui.chain.nodes.url_node.RETURN_SECONDS", 0.3)
    node = UrlNode(f"http://127.0.0.1:{free_port()}", 0)
    log = TxLog.create(tmp_path / "txs.jsonl", "a" * 64, "url")
    for known in (None, log):
        with pytest.raises(ChainError, match="does not answer") as caught:
            node.start(known)
        assert "start the node" in caught.value.hint and not isinstance(caught.value, NodeUnreachable)


def test_secrets_of_an_address_come_from_the_environment_and_are_not_shown() -> None:
    node = UrlNode("https://node.example:8443/v3/${KEY}?a=${KEY}", 1, {"KEY": "s3cret"})
    assert node.url == "https://node.example:8443/v3/s3cret?a=s3cret"
    assert node.shown == "https://node.example:8443"
    with pytest.raises(ChainError, match="the variable KEY is not set"):
        expand("http://x/${KEY}", {})


# --- the wallet ---


def test_no_more_is_paid_than_the_cap(net: Net) -> None:
    node, rpc = net
    cap = 2 * 10**9
    receipt = Wallet(rpc, KEYS[0], CHAIN_ID, max_fee=cap).transfer(STRANGER, 1)
    sent = node.call("eth_getTransactionByHash", receipt.hash)
    assert int(sent["maxFeePerGas"], 16) == cap
    tight = 900_000_000
    Wallet(rpc, KEYS[0], CHAIN_ID, max_fee=tight).transfer(STRANGER, 1)
    with pytest.raises(ChainError, match=r"the base fee is 0\.\d+ gwei, more than \[chain\] max_fee_gwei = 0\.1"):
        Wallet(rpc, KEYS[0], CHAIN_ID, max_fee=10**8).transfer(STRANGER, 1)


def test_a_transaction_counts_when_it_is_buried(net: Net) -> None:
    node, rpc = net
    with pytest.raises(NodeUnreachable, match="not 1 blocks deep"):
        Wallet(rpc, KEYS[0], CHAIN_ID, patience=0.1, confirmations=1).transfer(STRANGER, 1)
    done = threading.Event()

    def strangers() -> None:
        nonce = 0
        while not done.is_set():
            node.send(sign(5, nonce))
            nonce += 1

    thread = threading.Thread(target=strangers)
    thread.start()
    try:
        receipt = Wallet(rpc, KEYS[1], CHAIN_ID, confirmations=3).transfer(STRANGER, 1)
        assert int(node.call("eth_blockNumber"), 16) >= receipt.block + 3
    finally:
        done.set()
        thread.join()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Insufficient funds for gas * price + value", "has too little ether"),
        ("max fee per gas less than block base fee: address 0x", "below the chain's base fee"),
        ("invalid chain id for signer: have 5 want 1", "signed for another chain"),
        ("nonce too low: address", "does not stand where this run left it"),
        ("intrinsic gas too high -- tx.gas_limit > env.block.gas_limit", "more gas than a block"),
        ("replacement transaction underpriced", "wants a higher fee"),
    ],
)
def test_refusals_are_told_in_words_with_a_way_out(said: str, words: str) -> None:
    told = in_words(RpcError("eth_sendRawTransaction", -32000, said, "0x"), "0xabc")
    assert words in told.message and said in told.message and told.hint and told.code == -32000


def test_an_unknown_refusal_stays_as_it_is() -> None:
    error = RpcError("eth_sendRawTransaction", -32000, "because")
    assert in_words(error, "0xabc") is error


def test_a_poor_sender_is_told_so(net: Net) -> None:
    poor = Wallet(net[1], b"\x07" * 32, CHAIN_ID)
    with pytest.raises(RpcError, match=f"{poor.address} has too little ether for it"):
        poor.send(Call("", "transfer", STRANGER, b"", 21_000, 1))


# --- the reader ---


class Forgetful:
    """A node whose last blocks can be taken back."""

    def __init__(self) -> None:
        self.roots = ["0x0"]

    def call(self, method: str, *params: Any) -> Any:
        if method == "eth_getBlockByNumber":
            number = len(self.roots) - 1 if params[0] == "latest" else int(params[0], 16)
            known = number < len(self.roots)
            return {"number": hex(number), "stateRoot": self.roots[number]} if known else None
        if method == "eth_getLogs":
            return []
        raise RpcError(method, -32601, "not known")

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self.call(method, *params) for method, params in calls]


def test_a_reader_notices_that_what_it_read_is_gone() -> None:
    node = Forgetful()
    reader = ChainReader(node, [], lambda raw: None)
    for root in ("0x1", "0x2"):
        node.roots.append(root)
        reader.poll()
    assert reader.block == 2
    node.roots = ["0x0", "0x1", "0x2", "0x3"]
    reader.poll()
    node.roots = ["0x0", "0x1"]
    with pytest.raises(Rewound):
        reader.poll()
    node.roots = ["0x0", "0x1", "0x2", "0x9", "0xa"]
    with pytest.raises(Rewound):
        reader.poll()


def test_a_reader_begins_where_it_is_told_and_waits_for_confirmations() -> None:
    node = Forgetful()
    reader = ChainReader(node, [], lambda raw: None, after=1, confirmations=1, pause=0.01)
    node.roots += ["0x1"]
    assert reader.poll() == [] and reader.block == 1
    node.roots += ["0x2"]
    reader.poll()
    reader.wait(0.05)
    assert reader.block == 1
    node.roots += ["0x3"]
    reader.wait(5.0)
    reader.poll()
    assert reader.block == 2
