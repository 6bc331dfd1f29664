from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from chainkit import ADDRESSES, LocalNode, calldata, local_node, sign
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dltui.chain.embedded.jsonrpc import MAX_BODY, answer

METHODS = [
    "eth_chainId",
    "eth_blockNumber",
    "eth_feeHistory",
    "eth_getBalance",
    "eth_getTransactionCount",
    "eth_getCode",
    "eth_getStorageAt",
    "eth_call",
    "eth_estimateGas",
    "eth_sendRawTransaction",
    "eth_sendRawTransactionSync",
    "eth_getTransactionByHash",
    "eth_getTransactionReceipt",
    "eth_getBlockByNumber",
    "eth_getBlockByHash",
    "eth_getBlockReceipts",
    "eth_getLogs",
    "dltui_mineBlock",
    "dltui_waitBlock",
]
ALLOWED_CODES = {-32600, -32601, -32602, -32700, -32000, -32005, 3, 4}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNode]:
    with local_node(tmp_path_factory.mktemp("server")) as (node, _):
        node.deploy()
        yield node


def post(node: LocalNode, body: bytes, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", node.server.server_port, timeout=10)
    try:
        connection.request("POST", "/", body, {"Content-Type": "application/json"} | headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def raw_exchange(node: LocalNode, request: bytes) -> bytes:
    """What the server answers to these bytes on a connection of their own."""
    with socket.create_connection(("127.0.0.1", node.server.server_port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := connection.recv(65536):
            pieces.append(piece)
        return b"".join(pieces)


def still_answers(node: LocalNode) -> bool:
    body = b'{"jsonrpc":"2.0","id":7,"method":"eth_blockNumber","params":[]}'
    return post(node, body) == (200, {"jsonrpc": "2.0", "id": 7, "result": "0x1"})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"{", -32700),
        (b"\xff\xfe", -32700),
        (b"[" * 100_000, -32700),
        (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, -32700),
        (b"NaN", -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b"null", -32600),
        (b'"text"', -32600),
        (b"{}", -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', -32600),
        (b'{"jsonrpc":"2.0","id":{},"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_nothing"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"call"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"__init__"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":{}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[1]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":[]}', -32602),
        (b"[" + b"1," * 200 + b"1]", -32600),
    ],
    ids=lambda value: str(value[:40]) if isinstance(value, bytes) else str(value),
)
def test_malformed_requests_get_the_codes_of_json_rpc(node: LocalNode, body: bytes, code: int) -> None:
    status, reply = post(node, body)
    assert status == 200 and reply["error"]["code"] == code and reply["jsonrpc"] == "2.0"
    assert "Traceback" not in reply["error"]["message"]


def test_a_batch_is_answered_in_order_with_its_own_errors(node: LocalNode) -> None:
    calls: list[Any] = [
        {"jsonrpc": "2.0", "id": "a", "method": "eth_chainId"},
        5,
        {"jsonrpc": "2.0", "id": 2, "method": "eth_no", "params": []},
        {"jsonrpc": "2.0", "id": 3, "method": "eth_blockNumber", "params": []},
    ]
    _, replies = post(node, json.dumps(calls).encode())
    assert [reply["id"] for reply in replies] == ["a", None, 2, 3]
    assert [reply.get("result", reply.get("error", {}).get("code")) for reply in replies] == [
        "0x7a69",
        -32600,
        -32601,
        "0x1",
    ]


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "", "[", "10.0.0.1"])
def test_a_rebound_name_is_refused(node: LocalNode, host: str) -> None:
    status, reply = post(node, b"{}", Host=host)
    assert status == 403 and "only requests to and from this machine" in reply["error"]["message"]


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 403), ("null", 403), ("http://localhost:3000", 200)]
)
def test_web_pages_of_others_are_refused(node: LocalNode, origin: str, status: int) -> None:
    body = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
    assert post(node, body, Origin=origin)[0] == status


@pytest.mark.parametrize("host", ["localhost", "localhost:1234", "127.0.0.1:9", "[::1]:80"])
def test_names_of_this_machine_are_served(node: LocalNode, host: str) -> None:
    assert post(node, b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}', Host=host)[0] == 200


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "+5", "٣", ""])
def test_a_length_that_is_no_number_is_refused(node: LocalNode, length: str) -> None:
    request = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()
    assert b" 411 " in raw_exchange(node, request).split(b"\r\n")[0]
    assert still_answers(node)


def test_a_body_beyond_the_limit_is_not_read(node: LocalNode) -> None:
    for length in (str(MAX_BODY + 1), "9" * 5000):
        request = f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode()
        assert b" 413 " in raw_exchange(node, request).split(b"\r\n")[0]
    assert still_answers(node)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{}",
        b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"POST /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"\r\n\r\n\r\n",
    ],
    ids=["get", "tls", "chunked", "short-body", "many-headers", "long-line", "empty-lines"],
)
def test_what_is_not_a_json_rpc_post_leaves_the_node_answering(node: LocalNode, request_bytes: bytes) -> None:
    assert b" 200 " not in raw_exchange(node, request_bytes).split(b"\r\n")[0] or b'"error"' in raw_exchange(
        node, request_bytes
    )
    assert still_answers(node)


def test_one_connection_serves_many_requests(node: LocalNode) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", node.server.server_port, timeout=10)
    connection.connect()
    first = connection.sock
    for number in range(5):
        connection.request("POST", "/", json.dumps({"jsonrpc": "2.0", "id": number, "method": "eth_chainId"}))
        assert json.loads(connection.getresponse().read())["id"] == number
    assert connection.sock is first
    connection.close()


def test_a_call_as_deep_as_the_evm_allows_is_answered_by_a_server_thread(node: LocalNode) -> None:
    probe = "0x" + node.chain.index.receipts(1)[0]["contractAddress"][2:]
    call = {"to": probe, "data": "0x" + calldata("deep(uint256)", 5_000).hex()}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call]}).encode()
    assert post(node, body)[1]["error"]["code"] in (3, -32000)
    assert still_answers(node)


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


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(method=st.sampled_from(METHODS), given_params=st.lists(_values, max_size=4) | _values)
def test_no_parameters_reach_past_the_door(node: LocalNode, method: str, given_params: Any) -> None:
    request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": given_params}
    if method == "dltui_waitBlock":
        request["params"] = [given_params, 0]
    before = node.chain.head.hash
    reply = json.loads(answer(node.methods, json.dumps(request).encode()))
    assert "result" in reply or reply["error"]["code"] in ALLOWED_CODES
    if not method.startswith("dltui_mine"):
        assert node.chain.head.hash == before
