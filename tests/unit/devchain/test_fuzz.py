"""Random bytes, JSON and parameters at the door: always a well-formed answer, and the node goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dltui.devchain.jsonrpc import answer
from tests.kits.chain import ADDRESSES, LocalNode, local_node, sign
from tests.kits.doors import raw_exchange, still_answers

METHODS = [
    "dltui_waitBlock",
    "dltui_waitLogs",
    "eth_accounts",
    "eth_blobBaseFee",
    "eth_blockNumber",
    "eth_call",
    "eth_chainId",
    "eth_coinbase",
    "eth_estimateGas",
    "eth_feeHistory",
    "eth_gasPrice",
    "eth_getBalance",
    "eth_getBlockByHash",
    "eth_getBlockByNumber",
    "eth_getBlockReceipts",
    "eth_getBlockTransactionCountByHash",
    "eth_getBlockTransactionCountByNumber",
    "eth_getCode",
    "eth_getFilterChanges",
    "eth_getFilterLogs",
    "eth_getLogs",
    "eth_getProof",
    "eth_getStorageAt",
    "eth_getTransactionByBlockHashAndIndex",
    "eth_getTransactionByBlockNumberAndIndex",
    "eth_getTransactionByHash",
    "eth_getTransactionCount",
    "eth_getTransactionReceipt",
    "eth_getUncleByBlockHashAndIndex",
    "eth_getUncleByBlockNumberAndIndex",
    "eth_getUncleCountByBlockHash",
    "eth_getUncleCountByBlockNumber",
    "eth_hashrate",
    "eth_maxPriorityFeePerGas",
    "eth_newBlockFilter",
    "eth_newFilter",
    "eth_newPendingTransactionFilter",
    "eth_sendRawTransaction",
    "eth_sendRawTransactionSync",
    "eth_syncing",
    "eth_uninstallFilter",
    "net_listening",
    "net_peerCount",
    "net_version",
    "web3_clientVersion",
    "web3_sha3",
]
ALLOWED_CODES = {-32600, -32601, -32602, -32700, -32000, -32005, 3, 4}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNode]:
    with local_node(tmp_path_factory.mktemp("fuzz")) as (node, _):
        node.deploy()
        yield node


def test_every_method_is_known_to_these_tests_and_to_the_documentation(node: LocalNode) -> None:
    assert node.methods.names() == METHODS
    page = (Path(__file__).parents[3] / "docs" / "rpc.md").read_text()
    assert [name for name in METHODS if f"`{name}`" not in page] == []


_hexes = st.from_regex(r"0[xX][0-9a-fA-F]{0,70}", fullmatch=True)
_known = st.sampled_from(
    [ADDRESSES[0], "latest", "pending", "earliest", "0x0", "0x1", "0x" + "11" * 32, "0x" + sign(0, 9).hex()]
)
_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | _hexes | _known
)
_keys = st.sampled_from(
    [
        "to",
        "from",
        "data",
        "input",
        "value",
        "gas",
        "gasPrice",
        "accessList",
        "address",
        "topics",
        "fromBlock",
        "toBlock",
        "blockHash",
        "blockNumber",
        "timestamp",
        "transactions",
        "storageKeys",
    ]
)
_values = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=5), max_leaves=12
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=st.sampled_from(METHODS), given_params=st.lists(_values, max_size=4) | _values)
def test_no_parameters_reach_past_the_door(node: LocalNode, method: str, given_params: Any) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": given_params}
    if method == "dltui_waitBlock":
        request["params"] = [given_params, 0]
    if method == "dltui_waitLogs" and isinstance(given_params, list):
        request["params"] = [*given_params[:3], 0, *given_params[3:]]
    before = node.chain.head.hash
    reply = json.loads(answer(node.methods, json.dumps(request).encode()))
    assert "result" in reply or reply["error"]["code"] in ALLOWED_CODES
    if not method.startswith("dltui_mine"):
        assert node.chain.head.hash == before


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)
_envelopes = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0") | _json, "method": st.sampled_from(METHODS[2:]) | st.text(max_size=12) | _json},
    optional={"id": _json, "params": _json},
)
_bodies = (
    st.binary(max_size=300)
    | st.text(max_size=100).map(str.encode)
    | (_json | _envelopes | st.lists(_envelopes | _json, max_size=4)).map(lambda value: json.dumps(value).encode())
)


def is_reply(reply: Any) -> bool:
    """Whether this is one well-formed JSON-RPC answer."""
    if not isinstance(reply, dict) or reply.get("jsonrpc") != "2.0" or "id" not in reply:
        return False
    if "result" in reply:
        return "error" not in reply
    error = reply.get("error", {})
    return error.get("code") in ALLOWED_CODES and isinstance(error.get("message"), str)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=_bodies)
def test_any_bytes_get_well_formed_answers_or_none(node: LocalNode, body: bytes) -> None:
    reply = answer(node.methods, body)
    decoded = json.loads(reply) if reply else []
    assert all(is_reply(one) for one in (decoded if isinstance(decoded, list) else [decoded]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request=st.binary(min_size=1, max_size=200) | st.binary(max_size=100).map(b"POST / HTTP/1.1\r\n".__add__))
def test_any_bytes_on_a_connection_leave_the_node_answering(node: LocalNode, request: bytes) -> None:
    with suppress(ConnectionError):
        raw_exchange(node, request)
    assert still_answers(node)
