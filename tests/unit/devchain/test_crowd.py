"""What many strangers can make the node hold and do: caches, filters, transactions, requests."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from dltui.chain.nodes.genesis import GAS_LIMIT
from dltui.devchain import connections, database, incoming, index, miner
from dltui.devchain.api import logs
from dltui.devchain.api.filters import MAX_FILTERS
from dltui.devchain.connections import SMALL, ByteBudget, ConnectionSlots, Full
from dltui.devchain.database import SqliteStore
from dltui.devchain.http1 import MAX_HEAD
from dltui.devchain.incoming import Incoming
from dltui.devchain.params import LIMIT_EXCEEDED, RpcFault
from tests.kits import doors
from tests.kits.chain import ADDRESSES, LocalNode, calldata, local_node, sign
from tests.kits.doors import post, until


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[LocalNode]:
    """A node that makes a block only when it stops."""
    with local_node(tmp_path, batch_ms=60_000) as (node, _):
        yield node


def test_the_cache_of_the_store_is_bounded_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "CACHE_BYTES", 1_000)
    store = SqliteStore(tmp_path / "s")
    cached: dict[bytes, bytes] = store._cache
    with store.block():
        for number in range(50):
            store[bytes([number])] = bytes(99)
    assert list(cached) == [bytes([number]) for number in range(40, 50)]
    assert [store[bytes([number])] for number in range(20)] == [bytes(99)] * 20
    assert list(cached) == [bytes([number]) for number in range(10, 20)]
    with store.block():
        store[bytes([19])] = bytes(49)
        del store[bytes([18])]
        store[b"new"] = bytes(47)
    assert sum(len(key) + len(value) for key, value in cached.items()) <= 1_000
    assert bytes([18]) not in cached and cached[bytes([19])] == bytes(49)
    with store.block():
        store[b"huge"] = bytes(2_000)
    assert not cached and store[b"huge"] == bytes(2_000)
    store.close()


def test_a_filter_keeps_nothing_of_what_a_stranger_adds_to_it(node: LocalNode) -> None:
    ballast = {"address": ADDRESSES[0], "fromBlock": "0x0", "ballast": "x" * 1_000_000}
    names = [node.call("eth_newFilter", ballast) for _ in range(MAX_FILTERS)]
    filters = node.methods._table["eth_newFilter"].__self__._filters  # type: ignore[attr-defined]
    assert len(filters) == MAX_FILTERS
    assert {json.dumps(found.wanted) for found in filters.values()} == {
        json.dumps({"fromBlock": "0x0", "address": ADDRESSES[0]})
    }
    assert node.call("eth_getFilterLogs", names[-1]) == []


def test_a_filter_for_blocks_to_come_has_few_addresses(node: LocalNode) -> None:
    addresses = ["0x" + number.to_bytes(20, "big").hex() for number in range(logs.MOST_KEPT + 1)]
    assert node.call("eth_newFilter", {"address": addresses[1:]}).startswith("0x")
    with pytest.raises(RpcFault) as caught:
        node.call("eth_newFilter", {"address": addresses})
    assert caught.value.code == LIMIT_EXCEEDED and f"{logs.MOST_KEPT} addresses" in caught.value.message
    assert node.call("eth_getLogs", {"address": addresses}) == []


def test_logs_are_found_in_parts_with_one_limit_for_all(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    to = node.deploy()
    for nonce in range(1, 6):
        node.send(sign(0, nonce, to, data=calldata("ping(uint256,bytes)", nonce, b"abc"), gas=200_000))
    whole = node.call("eth_getLogs", {"fromBlock": "0x0"})
    monkeypatch.setattr(logs, "_WINDOW", 2)
    assert node.call("eth_getLogs", {"fromBlock": "0x0"}) == whole and len(whole) == 7
    monkeypatch.setattr(index, "MAX_LOGS", 7)
    assert node.call("eth_getLogs", {"fromBlock": "0x0"}) == whole
    monkeypatch.setattr(index, "MAX_LOGS", 6)
    with pytest.raises(RpcFault, match="more than 6 results"):
        node.call("eth_getLogs", {"fromBlock": "0x0"})


def test_a_sender_outside_of_the_run_has_few_transactions_waiting(
    slow: LocalNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(miner, "STRANGERS_WAITING", 3)
    with slow.chain.queue.stranger():
        for nonce in range(3):
            slow.call("eth_sendRawTransaction", "0x" + sign(0, nonce).hex())
        with pytest.raises(RpcFault, match="txpool is full"):
            slow.call("eth_sendRawTransaction", "0x" + sign(0, 3).hex())
        slow.call("eth_sendRawTransaction", "0x" + sign(1, 0).hex())
    slow.call("eth_sendRawTransaction", "0x" + sign(0, 3).hex())
    monkeypatch.setattr(miner, "MAX_WAITING", 5)
    with pytest.raises(RpcFault, match="txpool is full"):
        slow.call("eth_sendRawTransaction", "0x" + sign(2, 0).hex())


def test_gas_of_strangers_does_not_hold_up_the_run(slow: LocalNode) -> None:
    most = miner.STRANGERS_GAS
    with slow.chain.queue.stranger():
        with pytest.raises(RpcFault, match="gas limit too high"):
            slow.call("eth_sendRawTransaction", "0x" + sign(0, 0, gas=most + 1).hex())
        for key, nonce, gas in ((0, 0, most - 50_000), (0, 1, 60_000), (0, 2, 21_000), (1, 0, 50_000)):
            slow.call("eth_sendRawTransaction", "0x" + sign(key, nonce, gas=gas).hex())
    for key, nonce, gas in ((2, 0, most), (3, 0, GAS_LIMIT - 2 * most), (4, 0, 21_000), (0, 3, 21_000)):
        slow.call("eth_sendRawTransaction", "0x" + sign(key, nonce, gas=gas).hex())
    taken = [(ticket.tx.sender, ticket.tx.nonce) for ticket in slow.miner._take()]
    senders = [bytes.fromhex(address[2:]) for address in ADDRESSES]
    assert taken == [(senders[0], 0), (senders[1], 0), (senders[2], 0), (senders[3], 0)]
    again = [(ticket.tx.sender, ticket.tx.nonce) for ticket in slow.miner._take()]
    assert again == [(senders[0], 1), (senders[0], 2), (senders[4], 0), (senders[0], 3)]
    assert slow.miner._take() == []


@pytest.mark.parametrize(
    "body",
    [b"[" + b"{}," * 100_000 + b"{}]", b"[" + b"1," * 100_000 + b"1]", b'{"a":' * 100_001],
    ids=["objects", "numbers", "deep"],
)
def test_a_request_of_too_many_values_is_not_decoded(
    node: LocalNode, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dltui.devchain.jsonrpc.decode_json", lambda data: pytest.fail("decoded"))
    status, reply = post(node, body)
    assert (status, reply["error"]["code"]) == (200, -32600) and "100000 values" in reply["error"]["message"]


def test_large_requests_of_strangers_share_their_room(node: LocalNode) -> None:
    room = ByteBudget(3 * SMALL)
    with room.hold(SMALL + 1), room.hold(SMALL + 1), room.hold(SMALL):
        with pytest.raises(Full), room.hold(SMALL + 1):
            pass
        with room.hold(1):
            pass
    with room.hold(3 * SMALL):
        pass
    node.server.budget = ByteBudget(SMALL)
    status, reply = post(node, b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}' + b" " * SMALL)
    assert (status, reply["error"]["code"]) == (503, LIMIT_EXCEEDED) and "try again" in reply["error"]["message"]
    assert post(node, b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}')[0] == 200


def test_few_large_requests_are_read_at_a_time(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "PATIENCE", 0.05)
    begun = [doors.dial(node.server.server_port) for _ in range(connections.READERS)]
    for connection in begun:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (SMALL + 1))
    until(lambda: not node.server.budget._readers._value)  # type: ignore[attr-defined]
    call = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
    assert post(node, call + b" " * SMALL)[0] == 503
    assert post(node, call)[0] == 200
    for connection in begun:
        connection.close()
    until(lambda: node.server.budget._readers._value == connections.READERS)  # type: ignore[attr-defined]
    assert post(node, call + b" " * SMALL)[0] == 200


def test_places_go_to_newcomers_in_the_order_of_waiting() -> None:
    pairs = [socket.socketpair() for _ in range(6)]
    a, b, c, d, e, f = (pair[0] for pair in pairs)
    few = ConnectionSlots(3)
    for newcomer in (a, b, c):
        few.enter(newcomer)
    few.work(a)
    few.wait(a)
    few.work(c)
    few.enter(d)
    assert len(few) == 3 and ended(pairs[1]) and not ended(pairs[0])
    with pytest.raises(Full):
        few.work(b)
    few.wait(b)
    few.work(a)
    few.work(d)
    assert len(few) == 3 and few.idle() == 0
    few.enter(e)
    with pytest.raises(Full):
        few.work(e)
    few.enter(f)
    assert ended(pairs[4]) and len(few) == 4
    few.leave(d)
    few.work(f)
    assert len(few) == 3
    for pair in pairs:
        for end in pair:
            end.close()


def ended(pair: tuple[socket.socket, socket.socket]) -> bool:
    """Whether the node's end of this connection was shut down."""
    pair[1].setblocking(False)
    try:
        return pair[1].recv(1) == b""
    except BlockingIOError:
        return False


def test_requests_are_cut_out_of_what_comes_in_however_it_comes() -> None:
    ours, theirs = socket.socketpair()
    requests = [
        (b"POST / HTTP/1.1\r\nA: b\r\n\r\n", b"x" * 5),
        (b"GET / HTTP/1.1\n\n", b""),
        (b"PUT\r\n\r\n", b"y" * 40_000),
    ]
    stream = b"\r\n".join(head + body for head, body in requests)
    for size in (1, 7, 10_000, len(stream)):
        coming = Incoming(ours)
        if size > 1:
            theirs.sendall(stream)
        for head, body in requests:
            if size == 1:
                theirs.sendall(head + body)
            assert coming.head(MAX_HEAD) == head
            assert coming.body(len(body)) == body
    theirs.sendall(b"POST")
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(EOFError):
        Incoming(ours).head(MAX_HEAD)
    assert Incoming(ours).head(MAX_HEAD) == b""
    ours.close()
    theirs.close()


def test_a_trickle_of_bytes_does_not_keep_a_request_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair()
    times = iter(range(0, 1_000, 4))
    monkeypatch.setattr(incoming.time, "monotonic", lambda: float(next(times)))
    monkeypatch.setattr(incoming, "_CHUNK", 1)
    theirs.sendall(b"POST / HTTP/1.1\r\n\r\n")
    with pytest.raises(TimeoutError):
        Incoming(ours).head(MAX_HEAD)
    ours.close()
    theirs.close()
