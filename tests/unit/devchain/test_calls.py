"""Calls that nobody pays for: they end, and while they run the chain goes on."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from py_ecc import optimized_bn128 as bn128

from dltui.devchain import calls
from dltui.devchain.database import SqliteStore
from dltui.devchain.deadline import OutOfTime, Watch
from dltui.devchain.evm import Message
from dltui.devchain.params import RpcFault
from tests.kits.chain import STRANGER, LocalNode, calldata, caller, new_machine, sign

LOOP = {"data": "0x5b600056"}
DEADLINE = 20.0


def ask_precompile(number: int, payload: bytes) -> Message:
    """Creation code that hands `payload`, which follows it, to a precompile."""
    size = len(payload).to_bytes(4, "big")
    head = b"\x63" + size + bytes.fromhex("60205f39")  # CODECOPY(0, 32, size)
    head += bytes.fromhex("5f5f63") + size + bytes.fromhex("5f60") + bytes([number]) + bytes.fromhex("5afa00")
    return Message(data=head.ljust(32, b"\0") + payload)


def word(value: Any) -> bytes:
    return int(value).to_bytes(32, "big")


def pairing(count: int) -> bytes:
    one, two = bn128.normalize(bn128.G1), bn128.normalize(bn128.G2)
    (x0, x1), (y0, y1) = two[0].coeffs, two[1].coeffs
    return b"".join(word(value) for value in (one[0], one[1], x1, x0, y1, y0)) * count


def test_a_loop_of_a_whole_block_of_gas_ends_at_the_deadline() -> None:
    with pytest.raises(OutOfTime, match=r"execution aborted \(timeout = 0\.2s\)"):
        caller(new_machine()).call(Message(data=bytes.fromhex("5b600056")), watch=Watch(0.2))


def test_all_trials_of_an_estimate_share_one_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "CALL_SECONDS", 0.2)
    # Loops while more than 16,384 gas is left, then stops: no single trial fails, and there are many.
    code = bytes.fromhex("5b6140005a11600057" + "00")
    with pytest.raises(OutOfTime):
        caller(new_machine()).estimate(Message(data=code))


def test_a_cancelled_call_ends_before_its_deadline() -> None:
    watch = Watch(3600.0)
    watch.cancel()
    with pytest.raises(OutOfTime, match="the node is stopping"):
        caller(new_machine()).call(Message(data=bytes.fromhex("5b600056")), watch=watch)


@pytest.mark.parametrize(
    ("number", "payload"),
    [
        (5, word(1024) + word(256) + word(1024) + b"\xff" * 2304),
        (8, pairing(9)),
        (9, (20_001).to_bytes(4, "big") + bytes(208) + b"\1"),
    ],
    ids=["modexp", "pairing", "blake2"],
)
def test_a_precompile_that_would_not_pause_is_refused_before_it_works(number: int, payload: bytes) -> None:
    with pytest.raises(OutOfTime, match="precompile"):
        caller(new_machine()).call(ask_precompile(number, payload))


@pytest.mark.parametrize(
    ("number", "payload"),
    [
        (5, word(32) * 3 + word(3) + word(65_537) + word(2**255 - 19)),
        (8, pairing(1)),
        (9, (12).to_bytes(4, "big") + bytes(208) + b"\1"),
    ],
    ids=["modexp", "pairing", "blake2"],
)
def test_precompiles_of_ordinary_size_work_in_calls(number: int, payload: bytes) -> None:
    assert caller(new_machine()).call(ask_precompile(number, payload), watch=Watch(100.0)).error == ""


def test_a_call_never_has_more_gas_than_a_block(node: LocalNode) -> None:
    seen = node.call("eth_call", {"data": "0x5a5f5260205ff3", "gas": hex(10**15)})  # returns the gas that is left
    assert 29_900_000 < int(seen, 16) < 30_000_000


def test_a_precompile_without_the_gas_for_it_fails_as_it_would_on_chain() -> None:
    message = ask_precompile(9, (25_000_000).to_bytes(4, "big") + bytes(208) + b"\1")
    short = Message(data=message.data, gas=100_000)
    assert caller(new_machine()).call(short).error == ""  # the inner call fails; this code does not look at it


def test_blocks_are_made_while_calls_fill_every_place(node: LocalNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "CALL_SECONDS", 3600.0)
    monkeypatch.setattr(calls, "PATIENCE", 0.05)
    faults: list[RpcFault] = []

    def loop() -> None:
        try:
            node.call("eth_call", LOOP)
        except RpcFault as fault:
            faults.append(fault)

    threads = [threading.Thread(target=loop) for _ in range(calls.CALLERS)]
    for thread in threads:
        thread.start()
    refused = until_refused(node)
    assert refused.code == -32005 and "too many calls" in refused.message
    assert node.send(sign(0, 0, value=5))["status"] == "0x1"
    assert node.call("eth_getBalance", STRANGER) == "0x5"
    assert all(thread.is_alive() for thread in threads) and faults == []
    node.chain.call_pool.close()
    for thread in threads:
        thread.join(DEADLINE)
    assert [(fault.code, fault.message) for fault in faults] == [
        (-32000, "execution aborted (the node is stopping)")
    ] * calls.CALLERS


def until_refused(node: LocalNode) -> RpcFault:
    """The fault of the first small call that finds no place."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            node.call("eth_call", {"to": STRANGER})
        except RpcFault as fault:
            return fault
    raise AssertionError("no call was refused")


def test_a_place_is_free_again_after_a_call_that_ran_out_of_time(
    node: LocalNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "CALL_SECONDS", 0.05)
    for _ in range(calls.CALLERS + 1):
        with pytest.raises(RpcFault, match=r"execution aborted \(timeout = 0\.05s\)") as caught:
            node.call("eth_call", LOOP)
        assert caught.value.code == -32000
    assert node.call("eth_call", {"to": STRANGER}) == "0x"


def test_a_call_sees_the_block_that_a_receipt_told_of(node: LocalNode) -> None:
    to = node.deploy()
    for nonce in range(1, 6):
        node.send(sign(0, nonce, to, data=calldata("ping(uint256,bytes)", 1, b""), gas=200_000))
        assert int(node.call("eth_call", {"to": to, "data": "0x" + calldata("total()").hex()}), 16) == nonce


def test_a_reader_sees_committed_values_only_and_cannot_write(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "kv.sqlite")
    reader = store.reader()
    with store.block():
        store[b"a"] = b"1"
        assert b"a" not in reader
    assert reader[b"a"] == b"1"
    with store.block():
        del store[b"a"]
        assert reader[b"a"] == b"1"
    with pytest.raises(KeyError):
        reader[b"a"]
    for write in (lambda: reader.__setitem__(b"b", b"2"), lambda: reader.__delitem__(b"a")):
        with pytest.raises(TypeError, match="cannot write"):
            write()
    reader.close()
    store.close()
