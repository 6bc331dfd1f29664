from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from eth.db.backends.memory import MemoryDB

from dltui.chain.history.local_blocks import record_block
from dltui.chain.history.txlog import TxLog
from dltui.chain.nodes import statefile
from dltui.chain.nodes.anvil_node import AnvilNode
from dltui.chain.nodes.ports import free_port
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable
from dltui.chain.types import Call
from dltui.chain.wallet import Wallet
from dltui.devchain.machine import Machine
from dltui.errors import ChainError
from tests.kits.anvil import ANVIL, anvil, needs_anvil
from tests.kits.chain import (
    ADDRESSES,
    CHAIN_ID,
    KEYS,
    PROBE_CODE,
    STRANGER,
    calldata,
    genesis,
    new_machine,
    sign,
    wait_gone,
)

pytestmark = needs_anvil


def story(rpc: Rpc, log: TxLog, blocks: int = 8) -> None:
    """A contract, calls that write and clear storage, and transfers, all of it in the log."""
    wallet = Wallet(rpc, KEYS[0], CHAIN_ID)
    probe = wallet.send(Call("Probe", "constructor", None, PROBE_CODE, 1_000_000)).contract_address
    wallet.send(Call("Probe", "store", probe, calldata("store(uint256,uint256)", 1, 7), 200_000))
    wallet.send(Call("Probe", "store", probe, calldata("store(uint256,uint256)", 1, 0), 200_000))
    for number in range(blocks - 4):
        wallet.send(Call("Probe", "ping", probe, calldata("ping(uint256,bytes)", number, b"x"), 200_000))
    wallet.transfer(STRANGER, 7)
    for number in range(1, blocks + 1):
        log.append(record_block(rpc, number, "anvil"))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed chain in `chain`, with its closing state, and its log in `txs.jsonl`."""
    home = tmp_path_factory.mktemp("anvil")
    log = TxLog.create(home / "txs.jsonl", genesis().sha256(), "anvil")
    with anvil(home / "chain") as node, Rpc(node.url) as rpc:
        story(rpc, log)
        assert node.close() == home / "chain" / "state.json"
    return home


def test_it_starts_bounded_tied_to_us_and_on_the_present_clock(tmp_path: Path) -> None:
    with anvil(tmp_path / "chain") as node:
        assert node.engine == "anvil" and node.pid is not None and os.getsid(node.pid) == node.pid
        limits = Path(f"/proc/{node.pid}/limits").read_text()
        assert str(4 << 30) in next(line for line in limits.splitlines() if line.startswith("Max address space"))
        assert os.readlink(f"/proc/{node.pid}/fd/0") == "/dev/null"
        assert os.readlink(f"/proc/{node.pid}/fd/2") == str(node.log_path)
        with Rpc(node.url) as rpc:
            assert rpc.call("eth_accounts") == []
            assert rpc.call("eth_getBalance", ADDRESSES[0], "latest") == hex(10**21)
            first = rpc.call("eth_getBlockByNumber", "0x0", False)
            assert (first["timestamp"], first["gasLimit"]) == (hex(genesis().timestamp), hex(30_000_000))
            Wallet(rpc, KEYS[0], CHAIN_ID).transfer(STRANGER, 1)
            block = rpc.call("eth_getBlockByNumber", "0x1", False)
            assert abs(int(block["timestamp"], 16) - time.time()) < 60
            assert block["miner"] == "0x" + "00" * 20
        with pytest.raises(ChainError, match="runs already"):
            node.start()
    assert not node.alive() and not (tmp_path / "chain" / "anvil").exists()


def test_blocks_re_execute_to_the_same_receipts_and_the_same_state(recorded: Path) -> None:
    machine = new_machine()
    records = list(TxLog(recorded / "txs.jsonl").read())
    assert [record.block for record in records] == list(range(1, 9))
    for record in records:
        block = machine.execute(record.timestamp, record.txs)
        assert "0x" + block.header.receipt_root.hex() == record.receipts_root
        root = "0x" + block.state_root.hex()
    path = recorded / "chain" / "state.json"
    accounts = statefile.decode(path.read_bytes(), str(path))
    assert statefile.root_of(accounts) == root
    assert {len(account.storage) for account in accounts.values()} == {0, 1}, "one counter, and no cleared slot"


def test_killed_it_comes_back_whole_and_goes_on(recorded: Path, tmp_path: Path) -> None:
    log = TxLog(recorded / "txs.jsonl")
    with anvil(tmp_path / "chain", log=log) as node:
        url = node.url
        assert node.pid is not None
        os.kill(node.pid, signal.SIGKILL)
        node.stop()
        assert node.start(log) == 8 and node.url == url
        with Rpc(url) as rpc:
            for record in log.read():
                assert replace(record_block(rpc, record.block, "anvil"), hash=record.hash) == record
            receipt = Wallet(rpc, KEYS[0], CHAIN_ID).transfer(STRANGER, 1)
            assert receipt.block == 9
            block = rpc.call("eth_getBlockByNumber", "0x9", False)
            assert abs(int(block["timestamp"], 16) - time.time()) < 60
        assert sorted(entry.name for entry in node.directory.iterdir()) == ["genesis.json", "node.log"]


def test_who_waits_for_it_first_sees_the_whole_chain_on_the_present_clock(recorded: Path, tmp_path: Path) -> None:
    """A client knocks all the time while anvil is rebuilt: its first transaction is in the block after the log's."""
    log = TxLog(recorded / "txs.jsonl")
    last = [record.timestamp for record in log.read()][-1]
    port = free_port()
    assert ANVIL is not None
    node = AnvilNode(tmp_path, ANVIL, genesis(), port)
    answers: list[dict[str, str]] = []

    def knock() -> None:
        with Rpc(f"http://127.0.0.1:{port}") as rpc:
            while not answers:
                with suppress(NodeUnreachable):
                    answers.append(rpc.call("eth_sendRawTransactionSync", "0x" + sign(4, 0).hex()))

    knocking = threading.Thread(target=knock)
    knocking.start()
    try:
        node.start(log)
        knocking.join(20)
        with Rpc(node.url) as rpc:
            assert answers[0]["blockNumber"] == "0x9"
            assert int(rpc.call("eth_getBlockByNumber", "0x9", False)["timestamp"], 16) >= last
    finally:
        node.stop()


def test_blocks_of_several_transactions_and_of_one_second_are_rebuilt_in_order(tmp_path: Path) -> None:
    log = TxLog.create(tmp_path / "txs.jsonl", genesis().sha256(), "anvil")
    with anvil(tmp_path / "chain") as node, Rpc(node.url) as rpc:
        rpc.call("evm_setAutomine", False)
        for nonce in range(3):
            for key in (2, 0, 1):
                rpc.call("eth_sendRawTransaction", "0x" + sign(key, nonce, maxPriorityFeePerGas=10**9 + key).hex())
            rpc.call("evm_mine")
            log.append(record_block(rpc, nonce + 1, "anvil"))
        node.stop()
        assert [len(record.txs) for record in log.read()] == [3, 3, 3]
        assert node.start(log) == 3


@pytest.mark.parametrize("place", ["timestamp", "transaction", "receipts_root", "state_root"])
def test_an_altered_log_is_refused_and_nothing_stays(recorded: Path, tmp_path: Path, place: str) -> None:
    text = (recorded / "txs.jsonl").read_text()
    line = text.splitlines()[5]
    block = json.loads(line)
    other = {"timestamp": block["timestamp"] + 60 * 60, "transaction": [block["txs"][0][:-2] + "00"]}
    change = {"txs": other[place]} if place == "transaction" else {place: other.get(place, "0x" + "12" * 32)}
    altered = tmp_path / "altered.jsonl"
    altered.write_text(text.replace(line, json.dumps(block | change)))
    assert ANVIL is not None
    node = AnvilNode(tmp_path, ANVIL, genesis())
    with pytest.raises(ChainError, match=r"block [56] of the transaction log"):
        node.start(TxLog(altered))
    assert not node.alive() and not (tmp_path / "anvil-image.json").exists()


def test_a_log_of_another_chain_is_refused(recorded: Path, tmp_path: Path) -> None:
    assert ANVIL is not None
    node = AnvilNode(tmp_path, ANVIL, genesis(9))
    with pytest.raises(ChainError, match="another genesis"):
        node.start(TxLog(recorded / "txs.jsonl"))


def test_a_taken_port_is_refused_with_its_owner(tmp_path: Path) -> None:
    assert ANVIL is not None
    with socket.create_server(("127.0.0.1", 0)) as server:
        node = AnvilNode(tmp_path, ANVIL, genesis(), server.getsockname()[1])
        with pytest.raises(ChainError, match=rf"is taken by .*\(pid {os.getpid()}\)"):
            node.start()
        assert not node.alive()


def test_an_anvil_that_ends_at_once_names_its_log(tmp_path: Path) -> None:
    assert ANVIL is not None
    node = AnvilNode(tmp_path, replace(ANVIL, path=Path("/bin/false")), genesis())
    with pytest.raises(ChainError) as caught:
        node.start()
    assert "exit code 1" in caught.value.message and str(tmp_path / "node.log") in caught.value.where


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from dltui.chain.nodes.anvil import find; "
        "from dltui.chain.nodes.anvil_node import AnvilNode; from dltui.chain.nodes.genesis import Genesis; "
        "node = AnvilNode(Path(sys.argv[1]), find(), Genesis(31337, 5, {})); node.start(); "
        "print(node.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    wait_gone(int(done.stdout))


def test_a_state_file_that_is_not_canonical_is_refused(recorded: Path) -> None:
    data = (recorded / "chain" / "state.json").read_bytes()
    for altered in (data[:-1], data.replace(b'"nonce": 8', b'"nonce": 8.0'), b"[]", data.replace(b"0x", b"0X", 1)):
        with pytest.raises(ChainError, match="is not a state file"):
            statefile.decode(altered, "state.json")
    machine = Machine(MemoryDB(), genesis())
    alloc = {address: statefile.Account(0, wei, b"", {}) for address, wei in genesis().alloc.items()}
    assert statefile.root_of(alloc) == "0x" + machine.head.state_root.hex()
