"""The same questions to the embedded chain and to anvil: equal status, gas, logs and class of error."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from eth_utils import keccak

from dltui.chain.nodes.embedded_node import EmbeddedNode
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import RpcError
from dltui.devchain.stored_chain import StoredChain
from dltui.resources import top
from tests.kits.anvil import anvil, needs_anvil
from tests.kits.chain import ADDRESSES, START, calldata, deploy, genesis, legacy, sign
from tests.kits.conformance_cases import DIFFERENCES, READS, SENDS, Case, Facts

pytestmark = needs_anvil

OWN = frozenset(
    {"hash", "blockHash", "parentHash", "stateRoot", "mixHash", "parentBeaconBlockRoot", "size", "totalDifficulty"}
    | {"blockTimestamp", "blobGasPrice"}
)
"""Fields that are each engine's own, or that only one of them has: docs/chain.md tells them."""
CLASSES = (
    ("revert", ("revert",)),
    ("nonce", ("nonce too",)),
    ("known", ("already",)),
    ("funds", ("insufficient funds", "outoffund", "out of fund")),
    ("fee", ("base fee", "priority fee", "max fee")),
    ("chain", ("chain id",)),
    ("method", ("does not exist", "method not found")),
    ("gas", ("gas", "oog", "initcode")),
    ("params", ("invalid", "expected", "missing", "hex", "decode", "rlp", "empty", "short", "parameter", "argument")),
    ("block", ("block", "header not found")),
)


def story(probe: str) -> list[tuple[int, list[bytes]]]:
    """The blocks that both engines get: seconds after the start, and signed transactions."""
    return [
        (1, [deploy(0, 0)]),
        (1, [sign(0, 1, probe, data=calldata("ping(uint256,bytes)", 2, b"x"), gas=100_000, value=7)]),
        (5, [sign(0, 2, probe, data=calldata("store(uint256,uint256)", 1, 7), gas=100_000)]),
        (9, [sign(0, 3, probe, data=calldata("fail(string)", "because"), gas=60_000)]),
        (9, [sign(key, 0, probe, data=calldata("ping(uint256,bytes)", key, b""), gas=100_000) for key in (1, 2)]),
        (20, [legacy(1, 1)]),
    ]


def contract_of(sender: str) -> str:
    import rlp

    return "0x" + keccak(rlp.encode([bytes.fromhex(sender[2:]), 0]))[-20:].hex()


class Chain:
    """One engine that holds the story."""

    def __init__(self, rpc: Rpc) -> None:
        self.rpc = rpc
        blocks, txs = {}, {}
        for number in range(7):
            block = rpc.call("eth_getBlockByNumber", hex(number), False)
            blocks[number], txs[number] = block["hash"], block["transactions"]
        ping, pong = keccak(text="Ping(address,uint256,bytes)").hex(), keccak(text="Pong(uint256)").hex()
        self.facts = Facts(contract_of(ADDRESSES[0]), blocks, txs, "0x" + ping, "0x" + pong)

    def answer(self, case: Case) -> Any:
        """The answer without what is the engine's own; an error as its class."""
        try:
            return plain(self.rpc.call(case.method, *case.given(self.facts)))
        except RpcError as error:
            return f"error: {class_of(error)}"


def class_of(error: RpcError) -> str:
    said = error.message.lower()
    if error.code == 3:
        return f"revert {error.data}"
    return next((name for name, texts in CLASSES if any(text in said for text in texts)), f"? {error.code} {said}")


def plain(value: Any) -> Any:
    """Without fields of the engine's own; addresses in lower case."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key not in OWN and item != []}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.lower() if isinstance(value, str) else value


def leaves(one: Any, two: Any, path: str = "") -> list[str]:
    """Where two answers differ, for the message of a failed comparison."""
    if isinstance(one, dict) and isinstance(two, dict):
        return [line for key in sorted({*one, *two}) for line in leaves(one.get(key), two.get(key), f"{path}.{key}")]
    if isinstance(one, list) and isinstance(two, list) and len(one) == len(two):
        return [
            line for place, pair in enumerate(zip(one, two, strict=True)) for line in leaves(*pair, f"{path}[{place}]")
        ]
    return [] if one == two else [f"{path}: embedded {one!s:.80}, anvil {two!s:.80}"]


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Chain, Chain]]:
    home = tmp_path_factory.mktemp("conformance")
    blocks = [(START + after, txs) for after, txs in story(contract_of(ADDRESSES[0]))]
    embedded = EmbeddedNode(home / "embedded", genesis(), batch_ms=1)
    (home / "embedded").mkdir()
    made = StoredChain(home / "embedded", genesis())
    for timestamp, txs in blocks:
        made.mine(txs, timestamp, whole=True)
    made.close()
    embedded.start()
    try:
        with Rpc(embedded.url) as one, anvil(home / "anvil") as node, Rpc(node.url) as two:
            two.call("evm_setAutomine", False)
            two.call("evm_setTime", START)
            for timestamp, txs in blocks:
                raws = ["0x" + raw.hex() for raw in txs]
                two.call("evm_setNextBlockTimestamp", timestamp)
                for raw in raws:
                    two.call("eth_sendRawTransaction", raw)
                two.call("evm_mine")
            two.call("evm_setAutomine", True)
            two.call("evm_setTime", int(time.time()))
            yield Chain(one), Chain(two)
    finally:
        embedded.stop()


def compare(chains: tuple[Chain, Chain], cases: list[Case]) -> None:
    differ = {}
    for case in cases:
        answers = [chain.answer(case) for chain in chains]
        if answers[0] != answers[1]:
            differ[case.name] = answers
    unexplained = {name: leaves(*answers) for name, answers in differ.items() if name not in DIFFERENCES}
    assert not unexplained, json.dumps(unexplained, indent=1)
    assert {case.name for case in cases} & set(DIFFERENCES) == set(differ), "an explained difference is gone"
    print(f"{len(cases)} cases, {len(differ)} explained differences")


def test_reads_are_answered_alike(chains: tuple[Chain, Chain]) -> None:
    compare(chains, READS)


def test_transactions_are_taken_executed_and_refused_alike(chains: tuple[Chain, Chain]) -> None:
    compare(chains, SENDS)


BODIES = {
    "no json": b"{",
    "an empty batch": b"[]",
    "no method": b'{"jsonrpc":"2.0","id":1}',
    "a method that is a number": b'{"jsonrpc":"2.0","id":1,"method":5}',
    "parameters that are text": b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":"x"}',
    "no parameters": b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}',
    "an id that is text": b'{"jsonrpc":"2.0","id":"a","method":"eth_chainId","params":[]}',
    "a batch of two": b'[{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]},'
    b'{"jsonrpc":"2.0","id":2,"method":"eth_none","params":[]}]',
    "a batch with a notification": b'[{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]},'
    b'{"jsonrpc":"2.0","method":"eth_chainId","params":[]}]',
}
"""Bodies of requests that a client of ours would not send."""


def post(url: str, body: bytes) -> Any:
    """The shape of the answer to a body: results, and errors by their code."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=10)
    connection.request("POST", "/", body, {"Content-Type": "application/json"})
    data = connection.getresponse().read()
    connection.close()
    try:
        answer = json.loads(data)
    except ValueError:
        return "no answer"
    each = answer if isinstance(answer, list) else [answer]
    told = [(a.get("id"), a["error"]["code"] if "error" in a else a.get("result")) for a in each]
    return told if isinstance(answer, list) else told[0]


def test_bodies_of_requests_are_judged_alike(chains: tuple[Chain, Chain]) -> None:
    differ = {}
    for name, body in BODIES.items():
        answers = [post(chain.rpc.url, body) for chain in chains]
        if answers[0] != answers[1]:
            differ[name] = answers
    unexplained = {name: answers for name, answers in differ.items() if name not in DIFFERENCES}
    assert not unexplained, json.dumps(unexplained, indent=1)
    assert set(BODIES) & set(DIFFERENCES) == set(differ), "an explained difference is gone"
    print(f"{len(BODIES)} cases, {len(differ)} explained differences")


def test_the_docs_explain_every_difference() -> None:
    text = Path(top("docs"), "chain.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    for name in DIFFERENCES:
        assert any(line.startswith(f"| {name} |") for line in rows), name
    assert f"{len(READS) + len(SENDS) + len(BODIES)} cases" in text
