"""What the HTTP server answers, refuses and bounds."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dltui.devchain import incoming, jsonrpc
from dltui.devchain.http1 import parse_head
from dltui.devchain.jsonrpc import MAX_BODY, answer
from dltui.devchain.server import RpcServer
from tests.kits import doors
from tests.kits.chain import ADDRESSES, RICH, LocalNode, calldata, deploy, local_node, sign
from tests.kits.doors import post, raw_exchange, still_answers

WORD = "ab" * 32


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalNode]:
    with local_node(tmp_path_factory.mktemp("server")) as (node, _):
        node.deploy()
        yield node


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
        (b'{"jsonrpc":"2.0","id":1.5,"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":18446744073709551616,"method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":"\\ud800","method":"eth_chainId"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"eth_nothing"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"\\ud800"}', -32601),
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


@pytest.mark.parametrize("origin", ["http://localhost:3000", "https://evil.example"])
def test_the_preflight_of_a_page_of_this_machine_is_granted(node: LocalNode, origin: str) -> None:
    request = f"OPTIONS / HTTP/1.1\r\nHost: localhost\r\nOrigin: {origin}\r\nConnection: close\r\n\r\n"
    reply = raw_exchange(node, request.encode()).decode()
    granted = f"Access-Control-Allow-Origin: {origin}" in reply
    assert granted is ("localhost" in origin) and (" 204 " in reply.split("\r\n")[0]) is granted


@pytest.mark.parametrize(
    "request_bytes", [b"OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n", None], ids=["options", "post"]
)
def test_a_stranger_waits_for_its_turn_whatever_it_asks(node: LocalNode, request_bytes: bytes | None) -> None:
    turns = node.chain.queue
    with doors.dial(node.server.server_port) as connection:
        with turns.stranger():
            connection.sendall(request_bytes or chain_id_request())
            wait_until(lambda: len(turns.line) == 2)
        assert connection.recv(4096).startswith(b"HTTP/1.1 20")


def test_a_notification_is_executed_and_not_answered(node: LocalNode) -> None:
    name = node.call("eth_newBlockFilter")
    call = {"jsonrpc": "2.0", "method": "eth_uninstallFilter", "params": [name]}
    refused = {"jsonrpc": "2.0", "method": "eth_nothing", "params": []}
    assert answer(node.methods, json.dumps(call).encode()) == b""
    assert answer(node.methods, json.dumps([call, refused]).encode()) == b""
    (reply,) = json.loads(answer(node.methods, json.dumps([call, call | {"id": None}]).encode()))
    assert reply == {"jsonrpc": "2.0", "id": None, "result": False}


def test_a_batch_ends_where_its_answer_or_its_time_is_used_up(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = [{"jsonrpc": "2.0", "id": n, "method": "eth_chainId"} for n in range(5)]
    with monkeypatch.context() as patch:
        patch.setattr(jsonrpc, "MAX_ANSWER", 60)
        replies = json.loads(answer(node.methods, json.dumps(calls).encode()))
    assert [reply.get("error", {}).get("code") for reply in replies] == [None, None, -32003, -32003, -32003]
    monkeypatch.setattr(jsonrpc, "BATCH_SECONDS", -1.0)
    replies = json.loads(answer(node.methods, json.dumps(calls).encode()))
    assert [(reply["id"], reply["error"]["code"]) for reply in replies] == [(n, -32002) for n in range(5)]


def chain_id_request() -> bytes:
    """A whole request for eth_chainId."""
    return whole_request(b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}')


def whole_request(body: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


@contextmanager
def small_server(node: LocalNode, places: int) -> Iterator[tuple[RpcServer, Callable[[], socket.socket]]]:
    """A second server of the same node with few places, and how to connect to it."""
    small = RpcServer(node.methods, word=WORD, max_connections=places)
    thread = threading.Thread(target=small.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    opened: list[socket.socket] = []

    def dial() -> socket.socket:
        opened.append(doors.dial(small.server_port))
        return opened[-1]

    try:
        yield small, dial
    finally:
        for connection in opened:
            connection.close()
        small.shutdown()
        small.server_close()
        thread.join(10)


def test_a_newcomer_takes_the_place_of_the_connection_that_has_waited_longest(node: LocalNode) -> None:
    with small_server(node, 2) as (_, dial):
        half_open, kept = dial(), dial()
        half_open.sendall(b"POST / HTTP/1.1\r\nHost: l")
        assert served(kept, chain_id_request())
        newcomer = dial()
        assert served(newcomer, chain_id_request()) and half_open.recv(4096) == b""
        assert served(kept, chain_id_request()) and served(newcomer, chain_id_request())


def test_while_every_place_is_taken_a_stranger_is_refused_and_the_run_is_served(node: LocalNode) -> None:
    known = chain_id_request().replace(b"Host:", b"Authorization: Bearer %s\r\nHost:" % WORD.encode())
    with small_server(node, 2) as (small, dial):
        for connection in (dial(), dial()):
            connection.sendall(
                whole_request(b'{"jsonrpc":"2.0","id":1,"method":"dltui_waitBlock","params":["0xff","0x1388"]}')
            )
        wait_until(lambda: len(small.slots) == 2 and not small.slots.idle())
        assert served(dial(), known)
        for request in (chain_id_request(), b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n"):
            third = dial()
            third.sendall(request)
            refused = third.recv(4096)
            assert b" 503 " in refused and b"-32005" in refused and b"too many others" in refused


def test_connections_of_the_run_take_no_places_of_strangers(node: LocalNode) -> None:
    known = chain_id_request().replace(b"Host:", b"Authorization: Bearer %s\r\nHost:" % WORD.encode())
    with small_server(node, 1) as (small, dial):
        of_the_run: list[socket.socket] = []
        for _ in range(3):
            of_the_run.append(dial())
            assert served(of_the_run[-1], known)
        wait_until(lambda: len(small.slots) == 0)
        first, second = dial(), dial()
        assert served(second, chain_id_request()) and first.recv(4096) == b""
        assert all(served(connection, known) for connection in of_the_run)


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer ", "Bearer x", WORD, f"Basic {WORD}", f"Bearer {WORD}0", "Bearer \xe9"]
)
def test_who_does_not_show_the_word_is_a_stranger(node: LocalNode, shown: str) -> None:
    head = parse_head(f"POST / HTTP/1.1\r\nAuthorization: {shown}\r\n\r\n".encode("latin-1"))
    with small_server(node, 1) as (small, _):
        assert not small.is_of_the_run(head)
        assert small.is_of_the_run(parse_head(f"POST / HTTP/1.1\r\nauthorization: Bearer {WORD}\r\n\r\n".encode()))
    assert not node.server.is_of_the_run(parse_head(b"POST / HTTP/1.1\r\nAuthorization: Bearer \r\n\r\n"))


def wait_until(holds: Callable[[], bool]) -> None:
    """Wait until `holds`, 10 seconds at most."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.001)


def served(connection: socket.socket, request: bytes) -> bool:
    """Whether `request` (eth_chainId) is answered on this connection."""
    connection.sendall(request)
    reply = b""
    while b"0x7a69" not in reply and (piece := connection.recv(4096)):
        reply += piece
    return b"0x7a69" in reply


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


@pytest.mark.parametrize("begun", [b"POST / HTTP/1.1\r\nHost: l", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n{"])
def test_a_request_that_is_not_finished_is_given_up(
    node: LocalNode, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(incoming, "READ_TIMEOUT", 0.1)
    with doors.dial(node.server.server_port) as connection:
        connection.sendall(begun)
        while connection.recv(4096):
            pass
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


def test_a_script_of_raw_requests_deploys_sends_and_reads_back(tmp_path: Path) -> None:
    with local_node(tmp_path) as (node, _):

        def rpc(method: str, *params: Any) -> Any:
            body = json.dumps({"jsonrpc": "2.0", "id": "s", "method": method, "params": params}).encode()
            status, reply = post(node, body)
            assert (status, reply["id"]) == (200, "s")
            return reply["result"]

        assert rpc("eth_getBalance", ADDRESSES[0], "latest") == hex(RICH)
        to = rpc("eth_sendRawTransactionSync", "0x" + deploy(0, 0).hex())["contractAddress"]
        data = calldata("ping(uint256,bytes)", 4, b"note")
        tx = rpc("eth_sendRawTransaction", "0x" + sign(0, 1, to, data=data, gas=200_000).hex())
        assert rpc("dltui_waitBlock", "0x1", "0x1388") == "0x2"
        assert int(rpc("eth_call", {"to": to, "data": "0x" + calldata("total()").hex()}, "latest"), 16) == 4
        receipt = rpc("eth_getTransactionReceipt", tx)
        block = rpc("eth_getBlockByNumber", "latest", False)
        logs = rpc("eth_getLogs", {"fromBlock": "0x0", "address": to})
        assert (receipt["status"], receipt["blockHash"], block["transactions"]) == ("0x1", block["hash"], [tx])
        assert receipt["logs"] == logs and [log["logIndex"] for log in logs] == ["0x0", "0x1"]
        spent = RICH - int(rpc("eth_getBalance", ADDRESSES[0], "latest"), 16)
        receipts = [receipt, rpc("eth_getBlockReceipts", "0x1")[0]]
        assert spent == sum(int(each["gasUsed"], 16) * int(each["effectiveGasPrice"], 16) for each in receipts)
