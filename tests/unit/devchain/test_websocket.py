"""WebSocket: web3's own client, subscriptions, and what strangers send."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from eth_utils import keccak
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from web3 import AsyncWeb3, Web3, WebSocketProvider
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from dltui.devchain import websocket
from dltui.devchain.jsonrpc import MAX_BATCH, MAX_BODY
from dltui.devchain.subscriptions import MAX_SUBSCRIPTIONS
from tests.kits import doors
from tests.kits.chain import ADDRESSES, CHAIN_ID, KEYS, PROBE, LocalNode, calldata, deploy, local_node, sign

TIMEOUT = 10
PING = "0x" + keccak(b"Ping(address,uint256,bytes)").hex()


@pytest.fixture
def client(node: LocalNode) -> Iterator[ClientConnection]:
    with dial(node) as client:
        yield client


@pytest.fixture
async def w3(node: LocalNode) -> AsyncIterator[AsyncWeb3[Any]]:
    async with AsyncWeb3(WebSocketProvider(ws(node))) as w3:
        yield w3


def ws(node: LocalNode) -> str:
    return node.url.replace("http", "ws")


def dial(node: LocalNode, **options: Any) -> ClientConnection:
    return connect(ws(node), open_timeout=TIMEOUT, **options)


def receive(client: ClientConnection) -> Any:
    return json.loads(client.recv(TIMEOUT))


def ask(client: ClientConnection, method: str, *params: Any) -> Any:
    client.send(json.dumps({"jsonrpc": "2.0", "id": 5, "method": method, "params": params}))
    reply = receive(client)
    assert reply["id"] == 5
    return reply.get("result", reply.get("error"))


async def test_web3s_websocket_client_reads_sends_and_deploys(w3: AsyncWeb3[Any]) -> None:
    assert await w3.is_connected() and await w3.eth.chain_id == CHAIN_ID
    assert await w3.eth.get_balance(ADDRESSES[1]) == 10**21
    tx_hash = await w3.eth.send_raw_transaction(deploy(0, 0))
    receipt = await w3.eth.wait_for_transaction_receipt(tx_hash, timeout=TIMEOUT, poll_latency=0.01)
    probe = w3.eth.contract(receipt["contractAddress"], abi=PROBE["abi"])
    assert await probe.functions.total().call() == 0
    fields = await probe.functions.ping(4, b"x").build_transaction({"from": ADDRESSES[1], "nonce": 0})
    signed = Account.sign_transaction(fields, KEYS[1])
    sent = await w3.eth.send_raw_transaction(signed.raw_transaction)
    receipt = await w3.eth.wait_for_transaction_receipt(sent, timeout=TIMEOUT, poll_latency=0.01)
    (ping,) = await probe.events.Ping().get_logs(from_block=0)
    assert ping["args"]["n"] == 4 and ping["transactionHash"] == receipt["transactionHash"]
    assert (await w3.eth.get_block("latest"))["number"] == receipt["blockNumber"]


async def test_web3s_websocket_client_is_told_of_heads_and_logs(node: LocalNode, w3: AsyncWeb3[Any]) -> None:
    to = Web3.to_checksum_address(node.deploy())
    heads = await w3.eth.subscribe("newHeads")
    logs = await w3.eth.subscribe("logs", {"address": to, "topics": [PING]})
    receipt = node.send(sign(0, 1, to, data=calldata("ping(uint256,bytes)", 4, b""), gas=200_000))
    got: dict[str, Any] = {}
    async for message in w3.socket.process_subscriptions():
        got[message["subscription"]] = message["result"]
        if len(got) == 2:
            break
    assert got[heads]["hash"].to_0x_hex() == receipt["blockHash"] and got[heads]["number"] == 2
    assert got[logs]["transactionHash"].to_0x_hex() == receipt["transactionHash"]
    assert await w3.eth.unsubscribe(heads) is True


def test_a_subscription_is_answered_before_it_notifies_and_misses_nothing(
    node: LocalNode, client: ClientConnection
) -> None:
    name = ask(client, "eth_subscribe", "newHeads")
    hashes = [node.send(sign(0, nonce))["blockHash"] for nonce in range(5)]
    for block_hash in hashes:
        told = receive(client)
        assert told["method"] == "eth_subscription" and told["params"]["subscription"] == name
        assert told["params"]["result"]["hash"] == block_hash
        assert "transactions" not in told["params"]["result"]
    assert ask(client, "eth_unsubscribe", name) is True
    assert ask(client, "eth_unsubscribe", name)["code"] == -32000
    node.send(sign(0, 5))
    assert ask(client, "eth_blockNumber") == "0x6"


def test_a_pending_transaction_is_told_before_its_block(tmp_path: Path) -> None:
    with local_node(tmp_path, batch_ms=60_000) as (node, _), dial(node) as client:
        name = ask(client, "eth_subscribe", "newPendingTransactions")
        sent = [node.call("eth_sendRawTransaction", "0x" + sign(0, nonce).hex()) for nonce in range(3)]
        told = [receive(client)["params"] for _ in sent]
        assert told == [{"subscription": name, "result": tx_hash} for tx_hash in sent]
        assert ask(client, "eth_blockNumber") == "0x0"


def test_subscriptions_end_with_their_connection_and_are_no_ones_else(node: LocalNode) -> None:
    with dial(node) as first, dial(node) as second:
        name = ask(first, "eth_subscribe", "newHeads")
        assert ask(second, "eth_unsubscribe", name)["message"] == "subscription not found"
        node.send(sign(0, 0))
        assert receive(first)["params"]["subscription"] == name
        assert ask(second, "eth_blockNumber") == "0x1"
    assert node.call("eth_blockNumber") == "0x1"


@pytest.mark.parametrize(
    "params",
    [
        [],
        ["newPendingTransactions", True],
        ["newPendingTransactions", 1],
        ["syncing"],
        ["newHeads", {}],
        ["logs", []],
        ["logs", {"topics": "x"}],
        [7],
        7,
    ],
)
def test_other_subscriptions_are_refused(client: ClientConnection, params: Any) -> None:
    client.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": params}))
    assert receive(client)["error"]["code"] == -32602


def test_there_is_no_subscription_over_http(node: LocalNode) -> None:
    reply = Web3(Web3.HTTPProvider(node.url)).provider.make_request("eth_subscribe", ["newHeads"])  # type: ignore[arg-type]
    assert reply["error"]["code"] == -32601


def test_a_connection_has_a_limited_number_of_subscriptions(client: ClientConnection) -> None:
    names = [ask(client, "eth_subscribe", "logs") for _ in range(MAX_SUBSCRIPTIONS)]
    assert len(set(names)) == MAX_SUBSCRIPTIONS
    assert ask(client, "eth_subscribe", "newHeads")["code"] == -32005
    assert ask(client, "eth_unsubscribe", names[0]) is True
    assert ask(client, "eth_subscribe", "newHeads").startswith("0x")


def test_the_number_of_websockets_is_limited(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "MAX_WEBSOCKETS", 1)
    with dial(node) as first:
        with pytest.raises(InvalidStatus) as caught:
            dial(node)
        assert caught.value.response.status_code == 503
        assert ask(first, "eth_chainId") == hex(CHAIN_ID)
    assert node.call("eth_chainId") == hex(CHAIN_ID)


def test_batches_notifications_and_fragments(client: ClientConnection) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}
    client.send(json.dumps([call, {"jsonrpc": "2.0", "method": "eth_chainId"}, 7]))
    assert [reply["id"] for reply in receive(client)] == [1, None]
    client.send(json.dumps({"jsonrpc": "2.0", "method": "eth_chainId"}))
    client.send(iter([json.dumps(call)[:10], "", json.dumps(call)[10:]]))
    assert receive(client) == {"jsonrpc": "2.0", "id": 1, "result": hex(CHAIN_ID)}
    client.send(json.dumps(call).encode())
    assert receive(client)["result"] == hex(CHAIN_ID)
    assert client.ping().wait(TIMEOUT)


def test_a_message_beyond_the_limit_ends_the_connection(node: LocalNode) -> None:
    for message in ("x" * (MAX_BODY + 1), iter(["x" * 2**20] * 5)):
        with dial(node) as client, pytest.raises(ConnectionClosed) as caught:
            client.send(message)
            client.recv(TIMEOUT)
        assert caught.value.rcvd is None or caught.value.rcvd.code == 1009
    assert node.call("eth_chainId") == hex(CHAIN_ID)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Origin": "https://evil.example"}, 403), ({"Host": "evil.example"}, 403), ({}, 101)],
)
def test_pages_of_others_open_no_websocket(node: LocalNode, headers: dict[str, str], status: int) -> None:
    lines = {
        "Host": "localhost",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    } | headers
    assert f" {status} " in handshake(node, lines)


@pytest.mark.parametrize(
    ("name", "value"),
    [("Sec-WebSocket-Key", "x"), ("Sec-WebSocket-Version", "8"), ("Connection", "close"), ("Upgrade", "websocket, x")],
)
def test_a_bad_handshake_is_refused(node: LocalNode, name: str, value: str) -> None:
    lines = {
        "Host": "localhost",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    } | {name: value}
    assert " 4" in handshake(node, lines)


def handshake(node: LocalNode, headers: dict[str, str]) -> str:
    """The status line that the node answers to a GET with `headers`."""
    request = "GET / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    with doors.dial(node.server.server_port) as connection:
        connection.sendall(request.encode())
        return connection.recv(4096).split(b"\r\n")[0].decode()


def test_the_node_says_goodbye(tmp_path: Path) -> None:
    with local_node(tmp_path) as (node, _), dial(node) as client:
        ask(client, "eth_subscribe", "newHeads")
        node.server.server_close()
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(TIMEOUT)
    assert caught.value.rcvd is not None and caught.value.rcvd.code == 1001


def test_a_client_that_never_reads_is_given_up(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websocket, "SEND_TIMEOUT", 1)
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["latest", True]}
    batch = json.dumps([call] * MAX_BATCH)
    with dial(node, close_timeout=0.01) as client:
        ask(client, "eth_subscribe", "newHeads")
        with pytest.raises(ConnectionClosed):
            for _ in range(500):
                client.send(batch)
    assert node.send(sign(0, 0))["status"] == "0x1"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(min_size=1, max_size=200))
def test_random_bytes_after_the_handshake_never_hurt_the_node(node: LocalNode, junk: bytes) -> None:
    with dial(node, close_timeout=0.01) as client, suppress(OSError):
        client.socket.sendall(junk)
        client.socket.shutdown(socket.SHUT_WR)
    assert node.call("eth_chainId") == hex(CHAIN_ID)
    with dial(node) as other:
        assert ask(other, "eth_chainId") == hex(CHAIN_ID)
