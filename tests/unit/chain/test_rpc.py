from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from dltui.chain import rpc as rpc_module
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable, RpcError
from dltui.errors import ChainError
from tests.kits.chain import CHAIN_ID, local_node, sign


class ScriptedNode:
    """A TCP server that answers the n-th request with the n-th of `replies` (bytes as they are, None: hang up)."""

    def __init__(self, replies: list[bytes | None]) -> None:
        self.requests: list[Any] = []
        self._replies = list(replies)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while self._replies:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                while self._replies and (request := _read_request(stream)) is not None:
                    self.requests.append(request)
                    reply = self._replies.pop(0)
                    if reply is None:
                        break
                    connection.sendall(reply)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


def _read_request(stream: Any) -> Any:
    length = 0
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return json.loads(stream.read(length)) if length else None


@contextmanager
def scripted(*replies: bytes | None) -> Iterator[tuple[ScriptedNode, Rpc]]:
    node = ScriptedNode(list(replies))
    rpc = Rpc(node.url, timeout=5)
    try:
        yield node, rpc
    finally:
        rpc.close()
        node.close()


def http(body: bytes | Any, status: str = "200 OK") -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


def ok(identity: int, result: Any) -> bytes:
    return http({"jsonrpc": "2.0", "id": identity, "result": result})


def test_calls_and_batches_of_a_real_node(tmp_path: Path) -> None:
    with local_node(tmp_path) as (_, rpc):
        assert rpc.call("eth_chainId") == hex(CHAIN_ID)
        calls = [("eth_getBlockByNumber", [hex(n % 2), False]) for n in range(250)]
        blocks = rpc.batch(calls)
        assert [block and block["number"] for block in blocks] == ["0x0", None] * 125
        assert rpc.batch([]) == []
        with pytest.raises(RpcError) as caught:
            rpc.batch([("eth_chainId", []), ("eth_nothing", [])])
        assert caught.value.code == -32601 and caught.value.where == "eth_nothing"


def test_errors_keep_method_code_message_and_data() -> None:
    error = {"code": 3, "message": "execution reverted: no\x1b[31m\nway", "data": "0x12"}
    with scripted(http({"jsonrpc": "2.0", "id": 2, "error": error})) as (_, rpc):
        with pytest.raises(RpcError) as caught:
            rpc.call("eth_call", {})
        assert (caught.value.code, caught.value.data, caught.value.where) == (3, "0x12", "eth_call")
        assert caught.value.message == "execution reverted: no?[31m way"


def test_an_error_behind_an_http_status_is_still_the_nodes_error() -> None:
    reply = http({"jsonrpc": "2.0", "id": 2, "error": {"code": -32005, "message": "limit"}}, "429 Too Many Requests")
    with scripted(reply) as (_, rpc), pytest.raises(RpcError, match="limit"):
        rpc.call("eth_chainId")


def test_a_proxy_page_is_an_unreachable_node() -> None:
    page = http(b"<html>down</html>", "502 Bad Gateway")
    with scripted(page) as (_, rpc), pytest.raises(NodeUnreachable, match="HTTP 502"):
        rpc.call("eth_chainId")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[" * 100_000,
        {},
        [],
        7,
        {"jsonrpc": "2.0", "id": 2},
        {"jsonrpc": "2.0", "id": 99, "result": "0x1"},
        {"jsonrpc": "2.0", "id": None, "result": "0x1"},
    ],
    ids=range(9),
)
def test_what_is_no_answer_is_a_chain_error(body: Any) -> None:
    with scripted(http(body)) as (_, rpc), pytest.raises(ChainError):
        rpc.call("eth_chainId")


@pytest.mark.parametrize(
    "body",
    [
        [],
        [{"id": 2, "result": 1}],
        [{"id": 2, "result": 1}, {"id": 2, "result": 1}],
        [{"id": 2, "result": 1}, 5],
        {"id": 2, "result": 1},
        {"id": None, "error": {"code": -32600, "message": "batch too large"}},
    ],
    ids=range(6),
)
def test_a_wrong_answer_to_a_batch_is_an_error(body: Any) -> None:
    with scripted(http(body)) as (_, rpc), pytest.raises(ChainError):
        rpc.batch([("eth_chainId", []), ("eth_chainId", [])])


def test_batch_answers_are_matched_by_id() -> None:
    with scripted(http([{"id": 3, "result": "b"}, {"id": 2, "result": "a"}])) as (_, rpc):
        assert rpc.batch([("x", []), ("y", [])]) == ["a", "b"]


def test_an_answer_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc_module, "MAX_RESPONSE", 1000)
    with scripted(ok(2, "x" * 1000)) as (_, rpc), pytest.raises(ChainError, match="larger"):
        rpc.call("eth_chainId")


def test_a_read_is_repeated_once_when_the_connection_drops() -> None:
    with scripted(None, ok(2, "0x1")) as (node, rpc):
        assert rpc.call("eth_blockNumber") == "0x1"
        assert [request["method"] for request in node.requests] == ["eth_blockNumber"] * 2
    with scripted(None, None) as (node, rpc):
        with pytest.raises(NodeUnreachable):
            rpc.call("eth_blockNumber")
        assert len(node.requests) == 2


@pytest.mark.parametrize("method", ["eth_sendRawTransaction", "eth_sendRawTransactionSync"])
def test_a_send_is_never_repeated(method: str) -> None:
    with scripted(None, ok(2, "0x1")) as (node, rpc):
        with pytest.raises(NodeUnreachable):
            rpc.call(method, "0x00")
        assert len(node.requests) == 1
    with scripted(None, ok(2, "0x1")) as (node, rpc):
        with pytest.raises(NodeUnreachable):
            rpc.batch([("eth_chainId", []), (method, ["0x00"])])
        assert len(node.requests) == 1


def test_an_idle_connection_that_the_node_closed_is_reopened_before_a_send() -> None:
    closing = ok(2, "0x1").replace(b"\r\n\r\n", b"\r\nX: y\r\n\r\n", 1)
    node = ScriptedNode([closing, ok(3, "0x2")])
    rpc = Rpc(node.url, timeout=5)
    assert rpc.call("eth_chainId") == "0x1"
    # The server's end of the kept connection goes away while the client is idle.
    assert rpc._connection is not None
    rpc._connection.sock.shutdown(socket.SHUT_RD)
    assert rpc.call("eth_sendRawTransactionSync", "0x00") == "0x2"
    assert len(node.requests) == 2
    rpc.close()
    node.close()


def test_a_node_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NodeUnreachable) as caught:
        Rpc(f"http://127.0.0.1:{port}").call("eth_chainId")
    assert caught.value.where == f"http://127.0.0.1:{port}"


def test_a_silent_node_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        rpc = Rpc(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=0.05)
        with pytest.raises(NodeUnreachable, match="timed out"):
            rpc.call("eth_sendRawTransaction", "0x00")


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8545", "ftp://x", "http://", "http://h:99999", "http://u:secret@h/", "http://h:x", "file:///x"],
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(ChainError, match="not an http"):
        Rpc(url)


def test_a_send_through_the_client_is_mined(tmp_path: Path) -> None:
    with local_node(tmp_path) as (_, rpc):
        raw = sign(0, 0)
        receipt = rpc.call("eth_sendRawTransactionSync", "0x" + raw.hex())
        assert receipt["transactionHash"] == "0x" + keccak(raw).hex()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "result", "error", "code", "message", "data"]), inner, max_size=4)
    ),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(body=_json)
def test_any_json_answer_is_a_result_or_a_chain_error(body: Any) -> None:
    rpc = Rpc("http://127.0.0.1:1")
    request = {"id": 2, "method": "m"}
    try:
        rpc._result(request, body)
    except ChainError as error:
        assert str(error).isprintable()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller that does other things almost at once."""
    monkeypatch.setattr(rpc_module, "QUIET_SECONDS", 0.05)
    monkeypatch.setattr(rpc_module, "MEANWHILE_SECONDS", 0.05)


def test_a_caller_does_other_things_while_the_node_is_silent(impatient: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        did: list[str] = []
        rpc = Rpc(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.5, meanwhile=lambda: did.append("x"))
        with pytest.raises(NodeUnreachable, match="timed out"):
            rpc.call("eth_blockNumber")
        assert len(did) > 2


def test_what_a_caller_raises_meanwhile_ends_the_call(impatient: None) -> None:
    def stop() -> None:
        raise ChainError("stopped", where="here")

    with socket.create_server(("127.0.0.1", 0)) as silent:
        rpc = Rpc(f"http://127.0.0.1:{silent.getsockname()[1]}", meanwhile=stop)
        with pytest.raises(ChainError, match="stopped"):
            rpc.call("eth_blockNumber")
