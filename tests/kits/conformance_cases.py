"""The table of JSON-RPC cases: asked of both engines on the same chain, in this order.

A case is a name, a method and parameters. Parameters may be functions of what the chain holds (`Facts`), because block
hashes are each engine's own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.kits.chain import ADDRESSES, STRANGER, calldata, deploy, legacy, sign

NOBODY = "0x" + "99" * 20
NOTHING = "0x" + "ab" * 32
SYNC = "eth_sendRawTransactionSync"
PING = "0x" + "00" * 31 + "02"


@dataclass(frozen=True)
class Facts:
    """What a case may refer to: the contract, block hashes by number, transaction hashes by block, event topics."""

    probe: str
    blocks: dict[int, str]
    txs: dict[int, list[str]]
    ping: str
    pong: str


@dataclass(frozen=True)
class Case:
    """One question. `params` may be a function of the chain's facts."""

    name: str
    method: str
    params: list[Any] | Callable[[Facts], list[Any]]

    def given(self, facts: Facts) -> list[Any]:
        """The parameters for this chain."""
        return self.params(facts) if callable(self.params) else self.params


def hexed(raw: bytes) -> list[str]:
    return ["0x" + raw.hex()]


def call(data: bytes, **fields: str) -> Callable[[Facts], list[Any]]:
    return lambda facts: [{"from": ADDRESSES[0], "to": facts.probe, "data": "0x" + data.hex(), **fields}, "latest"]


def to_probe(nonce: int, data: bytes, gas: int, value: int = 0) -> Callable[[Facts], list[str]]:
    return lambda facts: hexed(sign(3, nonce, facts.probe, data=data, gas=gas, value=value))


def refused(**fields: Any) -> list[str]:
    return hexed(sign(3, 4, **fields))


def logs(**wanted: Any) -> Callable[[Facts], list[Any]]:
    return lambda facts: [{"fromBlock": "0x0", "toBlock": "latest"} | {k: _of(v, facts) for k, v in wanted.items()}]


def _of(value: Any, facts: Facts) -> Any:
    if isinstance(value, list):
        return [_of(item, facts) for item in value]
    return value(facts) if callable(value) else value


READS = [
    Case("chain id", "eth_chainId", []),
    Case("network version", "net_version", []),
    Case("listening", "net_listening", []),
    Case("not syncing", "eth_syncing", []),
    Case("no unlocked accounts", "eth_accounts", []),
    Case("coinbase", "eth_coinbase", []),
    Case("block number", "eth_blockNumber", []),
    Case("keccak", "web3_sha3", ["0x68656c6c6f"]),
    Case("tip", "eth_maxPriorityFeePerGas", []),
    Case("fee history", "eth_feeHistory", ["0x4", "latest", []]),
    Case("fee history with tips", "eth_feeHistory", ["0x3", "0x5", [0, 50, 100]]),
    Case("fee history longer than the chain", "eth_feeHistory", ["0x100", "0x2", []]),
    Case("balance", "eth_getBalance", [ADDRESSES[1], "latest"]),
    Case("balance pending", "eth_getBalance", [ADDRESSES[1], "pending"]),
    Case("balance of nobody", "eth_getBalance", [NOBODY, "latest"]),
    Case("balance in an earlier block", "eth_getBalance", [ADDRESSES[1], "0x3"]),
    Case("balance at the beginning", "eth_getBalance", [ADDRESSES[1], "earliest"]),
    Case("balance in a block to come", "eth_getBalance", [ADDRESSES[1], "0xffff"]),
    Case("balance of a short address", "eth_getBalance", ["0x12", "latest"]),
    Case("balance without an address", "eth_getBalance", []),
    Case("balance in a block of no kind", "eth_getBalance", [ADDRESSES[1], "newest"]),
    Case("nonce", "eth_getTransactionCount", [ADDRESSES[0], "latest"]),
    Case("nonce pending", "eth_getTransactionCount", [ADDRESSES[0], "pending"]),
    Case("nonce in an earlier block", "eth_getTransactionCount", [ADDRESSES[0], "0x2"]),
    Case("nonce of nobody", "eth_getTransactionCount", [NOBODY, "latest"]),
    Case("code", "eth_getCode", lambda f: [f.probe, "latest"]),
    Case("code before the deployment", "eth_getCode", lambda f: [f.probe, "earliest"]),
    Case("code of an account", "eth_getCode", [ADDRESSES[0], "latest"]),
    Case("storage", "eth_getStorageAt", lambda f: [f.probe, "0x1", "latest"]),
    Case("storage in an earlier block", "eth_getStorageAt", lambda f: [f.probe, "0x1", "0x2"]),
    Case("storage never written", "eth_getStorageAt", lambda f: [f.probe, "0x77", "latest"]),
    Case("call", "eth_call", call(calldata("slots(uint256)", 1))),
    Case("call reads time and number", "eth_call", call(calldata("clock()"))),
    Case("call in an earlier block", "eth_call", lambda f: [call(calldata("total()"))(f)[0], "0x2"]),
    Case("call of an account", "eth_call", [{"to": ADDRESSES[1], "data": "0x1234"}, "latest"]),
    Case("call with value", "eth_call", call(calldata("ping(uint256,bytes)", 1, b""), value="0x5")),
    Case(
        "call with more value than there is",
        "eth_call",
        call(calldata("ping(uint256,bytes)", 1, b""), value=hex(10**30)),
    ),
    Case("call that reverts with a reason", "eth_call", call(calldata("fail(string)", "because"))),
    Case("call that reverts with an own error", "eth_call", call(calldata("failCustom(uint256)", 7))),
    Case("call that reverts silently", "eth_call", call(calldata("silent()"))),
    Case("call of an unknown function", "eth_call", call(b"\1\2\3\4")),
    Case("call with too little gas", "eth_call", call(calldata("store(uint256,uint256)", 9, 9), gas=hex(22_000))),
    Case("call with less than the intrinsic gas", "eth_call", call(calldata("total()"), gas=hex(5_000))),
    Case("call without parameters", "eth_call", []),
    Case("call of something else", "eth_call", ["0x12", "latest"]),
    Case("estimate of a transfer", "eth_estimateGas", [{"from": ADDRESSES[0], "to": STRANGER, "value": "0x1"}]),
    Case("estimate of a revert", "eth_estimateGas", call(calldata("fail(string)", "no"))),
    Case("block by number", "eth_getBlockByNumber", ["0x2", False]),
    Case("block with transactions", "eth_getBlockByNumber", ["0x5", True]),
    Case("first block", "eth_getBlockByNumber", ["earliest", False]),
    Case("newest block", "eth_getBlockByNumber", ["latest", False]),
    Case("block to come", "eth_getBlockByNumber", ["0xffff", False]),
    Case("block by hash", "eth_getBlockByHash", lambda f: [f.blocks[3], False]),
    Case("block by an unknown hash", "eth_getBlockByHash", [NOTHING, False]),
    Case("block by half a hash", "eth_getBlockByHash", ["0xabcd", False]),
    Case("transactions in a block", "eth_getBlockTransactionCountByNumber", ["0x5"]),
    Case("transactions in a block by hash", "eth_getBlockTransactionCountByHash", lambda f: [f.blocks[5]]),
    Case("receipts of a block", "eth_getBlockReceipts", ["0x5"]),
    Case("receipts of a block to come", "eth_getBlockReceipts", ["0xffff"]),
    Case("transaction", "eth_getTransactionByHash", lambda f: [f.txs[2][0]]),
    Case("legacy transaction", "eth_getTransactionByHash", lambda f: [f.txs[6][0]]),
    Case("unknown transaction", "eth_getTransactionByHash", [NOTHING]),
    Case("transaction by place", "eth_getTransactionByBlockNumberAndIndex", ["0x5", "0x1"]),
    Case("transaction by a place that is empty", "eth_getTransactionByBlockNumberAndIndex", ["0x5", "0x9"]),
    Case("receipt", "eth_getTransactionReceipt", lambda f: [f.txs[2][0]]),
    Case("receipt of a deployment", "eth_getTransactionReceipt", lambda f: [f.txs[1][0]]),
    Case("receipt of a revert", "eth_getTransactionReceipt", lambda f: [f.txs[4][0]]),
    Case("receipt of an unknown transaction", "eth_getTransactionReceipt", [NOTHING]),
    Case("all logs", "eth_getLogs", logs()),
    Case("logs of the contract", "eth_getLogs", logs(address=lambda f: f.probe)),
    Case("logs of several addresses", "eth_getLogs", logs(address=[lambda f: f.probe, NOBODY])),
    Case("logs of nobody", "eth_getLogs", logs(address=NOBODY)),
    Case("logs by event", "eth_getLogs", logs(topics=[lambda f: f.pong])),
    Case("logs by either event", "eth_getLogs", logs(topics=[[lambda f: f.ping, lambda f: f.pong]])),
    Case("logs by an indexed argument", "eth_getLogs", logs(topics=[None, None, PING])),
    Case("logs by two topics", "eth_getLogs", logs(topics=[lambda f: f.pong, PING])),
    Case("logs of a range", "eth_getLogs", logs(fromBlock="0x3", toBlock="0x5")),
    Case("logs of a block by hash", "eth_getLogs", lambda f: [{"blockHash": f.blocks[5]}]),
    Case("logs of a range backwards", "eth_getLogs", logs(fromBlock="0x5", toBlock="0x3")),
    Case("logs with an address of no kind", "eth_getLogs", logs(address="0x1")),
    Case("uncles", "eth_getUncleCountByBlockNumber", ["0x2"]),
    Case("unknown method", "eth_doesNotExist", []),
    Case("too many parameters", "eth_chainId", ["0x1", "0x2"]),
]
"""Questions about the story's blocks."""

SENDS = [
    Case("a transfer", SYNC, hexed(sign(3, 0, value=5))),
    Case("a transfer with a plain send", "eth_sendRawTransaction", hexed(sign(3, 1, value=5))),
    Case("the same again", "eth_sendRawTransaction", hexed(sign(3, 1, value=5))),
    Case("a legacy transfer", SYNC, hexed(legacy(3, 2))),
    Case("a deployment", SYNC, hexed(deploy(3, 3))),
    Case("a nonce that is used", "eth_sendRawTransaction", hexed(sign(3, 0, value=6))),
    Case("more value than there is", "eth_sendRawTransaction", refused(value=10**30)),
    Case("a fee below the base fee", "eth_sendRawTransaction", refused(maxFeePerGas=1, maxPriorityFeePerGas=1)),
    Case("a tip above the highest fee", "eth_sendRawTransaction", refused(maxFeePerGas=2, maxPriorityFeePerGas=3)),
    Case("another chain's signature", "eth_sendRawTransaction", refused(chainId=5)),
    Case("less than the intrinsic gas", "eth_sendRawTransaction", refused(gas=20_000)),
    Case("more gas than a block has", "eth_sendRawTransaction", refused(gas=40_000_000)),
    Case("initcode that is too long", "eth_sendRawTransaction", refused(to=None, data=b"\0" * 49_153, gas=10_000_000)),
    Case("no bytes", "eth_sendRawTransaction", ["0x"]),
    Case("bytes that are no transaction", "eth_sendRawTransaction", ["0x02c0"]),
    Case("a torn transaction", "eth_sendRawTransaction", ["0x" + sign(3, 4).hex()[:-6]]),
    Case("text that is no hex", "eth_sendRawTransaction", ["hello"]),
    Case("nothing", "eth_sendRawTransaction", []),
    Case("a contract that fails", SYNC, to_probe(4, calldata("silent()"), 60_000)),
    Case("a contract out of gas", SYNC, to_probe(5, calldata("burn()"), 300_000)),
    Case("calls 60 deep", SYNC, to_probe(6, calldata("deep(uint256)", 60), 2_000_000)),
    Case("storage cleared for a refund", SYNC, to_probe(7, calldata("store(uint256,uint256)", 1, 0), 100_000)),
    Case("two logs", SYNC, to_probe(8, calldata("ping(uint256,bytes)", 4, b"note"), 100_000, value=3)),
    Case("everything is where it was", "eth_getTransactionCount", [ADDRESSES[3], "latest"]),
    Case("what is left", "eth_getBalance", [ADDRESSES[3], "latest"]),
    Case("base fee after it", "eth_feeHistory", ["0x8", "latest", []]),
]
"""Transactions, each on its own, on top of the story."""

DIFFERENCES = frozenset(
    {
        "tip",
        "fee history with tips",
        "fee history longer than the chain",
        "first block",
        "logs of a range backwards",
        "the same again",
        "no json",
        "parameters that are text",
    }
)
"""Cases whose answers differ; docs/chain.md tells why, and what follows for a run."""
