from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from dltui import exits
from dltui.chain.history.local_blocks import record_block
from dltui.chain.history.txlog import TxLog
from dltui.chain.nodes.embedded_node import EmbeddedNode
from dltui.chain.nodes.node import Node
from dltui.chain.nodes.ports import port_owner
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable, RpcError
from dltui.chain.types import Call
from dltui.chain.wallet import Wallet
from dltui.devchain.miner import STRANGERS_GAS
from dltui.devchain.stored_chain import StoredChain, restore
from dltui.errors import ChainError
from tests.kits.chain import (
    ADDRESSES,
    CHAIN_ID,
    KEYS,
    PROBE_CODE,
    START,
    STRANGER,
    calldata,
    genesis,
    new_machine,
    sign,
    wait_gone,
)


@contextmanager
def running(directory: Path, **options: Any) -> Iterator[EmbeddedNode]:
    node = EmbeddedNode(directory, genesis(), batch_ms=1, **options)
    node.start()
    try:
        yield node
    finally:
        node.stop()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A stopped chain of eight blocks in `chain`, its log in `txs.jsonl`, and its block hashes."""
    home = tmp_path_factory.mktemp("recorded")
    with running(home / "chain") as node, Rpc(node.url) as rpc:
        wallet = Wallet(rpc, KEYS[0], CHAIN_ID)
        probe = wallet.send(Call("Probe", "constructor", None, PROBE_CODE, 1_000_000)).contract_address
        for number in range(6):
            wallet.send(Call("Probe", "ping", probe, calldata("ping(uint256,bytes)", number, b"x"), 200_000))
        wallet.transfer(STRANGER, 7)
        log = TxLog.create(home / "txs.jsonl", genesis().sha256())
        for number in range(1, 9):
            log.append(record_block(rpc, number))
        hashes = [rpc.call("eth_getBlockByNumber", hex(number), False)["hash"] for number in range(1, 9)]
    return home, hashes


def test_the_run_shows_the_node_a_word_that_nobody_can_read_off(tmp_path: Path) -> None:
    costly = sign(0, 0, gas=STRANGERS_GAS + 1)
    with running(tmp_path / "chain") as node:
        assert node.pid is not None and len(node.word) == 64 and node.word != EmbeddedNode(tmp_path).word
        for name in ("cmdline", "environ"):
            assert node.word.encode() not in Path(f"/proc/{node.pid}/{name}").read_bytes()
        for word in ("", node.word[:-1], node.word.upper() + "x"):
            with Rpc(node.url, word=word) as rpc, pytest.raises(RpcError, match="gas limit too high"):
                rpc.call("eth_sendRawTransaction", "0x" + costly.hex())
        with Rpc(node.url, word=node.word) as rpc:
            assert rpc.call("eth_sendRawTransactionSync", "0x" + costly.hex())["status"] == "0x1"
        node.stop()
        node.start()
        with Rpc(node.url, word=node.word) as rpc:
            rpc.call("eth_sendRawTransaction", "0x" + sign(0, 1, gas=STRANGERS_GAS + 1).hex())
    for path in (tmp_path / "chain").iterdir():
        assert node.word.encode() not in path.read_bytes()


def test_a_node_starts_answers_and_stops(tmp_path: Path) -> None:
    node: Node = EmbeddedNode(tmp_path / "chain", genesis())
    assert (node.engine, node.pid, node.alive()) == ("embedded", None, False)
    with pytest.raises(ChainError, match="no port"):
        _ = node.url
    node.start()
    try:
        assert node.alive() and node.pid is not None and os.getsid(node.pid) == node.pid
        with Rpc(node.url) as rpc:
            assert rpc.call("eth_chainId") == hex(CHAIN_ID)
            assert rpc.call("eth_getBalance", ADDRESSES[0]) == hex(10**21)
        with pytest.raises(ChainError, match="runs already"):
            node.start()
        assert port_owner(int(node.url.rpartition(":")[2])).endswith(f"(pid {node.pid})")
    finally:
        node.stop()
    assert not node.alive() and node.pid is None
    node.stop()
    assert "stopped at block 0" in (tmp_path / "chain" / "node.log").read_text()


def test_a_restart_keeps_port_blocks_and_pending_nonces(tmp_path: Path) -> None:
    node = EmbeddedNode(tmp_path, genesis(), batch_ms=1)
    node.start()
    try:
        url = node.url
        with Rpc(url) as rpc:
            first = Wallet(rpc, KEYS[0], CHAIN_ID).transfer(STRANGER, 5)
        node.stop()
        node.start()
        assert node.url == url
        with Rpc(url) as rpc:
            assert rpc.call("eth_getTransactionReceipt", first.hash)["blockNumber"] == "0x1"
            assert Wallet(rpc, KEYS[0], CHAIN_ID).transfer(STRANGER, 5).block == 2
    finally:
        node.stop()
    assert not (tmp_path / "state.sqlite-wal").exists()


def test_a_taken_port_is_refused_with_its_owner_and_nobody_is_hurt(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        node = EmbeddedNode(tmp_path, genesis(), port=port)
        with pytest.raises(ChainError) as caught:
            node.start()
        assert f"port {port} is taken by " in caught.value.message
        assert f"(pid {os.getpid()})" in caught.value.message and "node.log" in caught.value.where
        assert not node.alive()
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            server.accept()[0].close()


def test_nobody_owns_a_free_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert port_owner(port) == ""


def test_a_second_node_on_the_same_chain_is_refused(tmp_path: Path) -> None:
    with running(tmp_path) as node:
        with pytest.raises(ChainError, match="another node has this chain open"):
            EmbeddedNode(tmp_path).start()
        with Rpc(node.url) as rpc:
            assert rpc.call("eth_blockNumber") == "0x0"


def test_a_genesis_that_does_not_fit_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ChainError, match=r"genesis\.json: cannot read"):
        EmbeddedNode(tmp_path).start()
    with running(tmp_path):
        pass
    with pytest.raises(ChainError, match="another genesis"):
        EmbeddedNode(tmp_path, genesis(9)).start()


def test_a_node_that_cannot_run_names_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ChainError) as caught:
        EmbeddedNode(tmp_path, genesis()).start()
    assert "exit code 1" in caught.value.message and str(tmp_path / "node.log") in caught.value.where


def test_a_node_that_never_answers_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sleeper = tmp_path / "sleeper"
    sleeper.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeper.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(sleeper))
    monkeypatch.setattr("dltui.chain.nodes.node.START_DEADLINE", 0.1)
    node = EmbeddedNode(tmp_path / "chain", genesis())
    with pytest.raises(ChainError, match="did not answer within"):
        node.start()
    assert not node.alive()


def restored(node: EmbeddedNode, log: TxLog) -> int:
    """Start `node` again with `log`; the blocks that it replayed."""
    node.stop()
    return node.start(log)


def test_an_empty_node_is_restored_block_by_block(recorded: tuple[Path, list[str]], tmp_path: Path) -> None:
    home, hashes = recorded
    log = TxLog(home / "txs.jsonl")
    with running(tmp_path) as node:
        assert restored(node, log) == 8
        assert restored(node, log) == 0
        with Rpc(node.url) as rpc:
            assert [rpc.call("eth_getBlockByNumber", hex(n), False)["hash"] for n in range(1, 9)] == hashes
            assert Wallet(rpc, KEYS[0], CHAIN_ID).transfer(STRANGER, 1).block == 9
        assert restored(node, log) == 0


def test_a_node_that_is_partly_behind_gets_only_the_rest(recorded: tuple[Path, list[str]], tmp_path: Path) -> None:
    home, _ = recorded
    lines = (home / "txs.jsonl").read_bytes().splitlines(keepends=True)
    part = tmp_path / "part.jsonl"
    part.write_bytes(b"".join(lines[:4]) + lines[4][:9])
    with running(tmp_path / "chain") as node:
        assert restored(node, TxLog(part)) == 3
        assert restored(node, TxLog(home / "txs.jsonl")) == 5


def test_a_long_replay_is_told_and_waited_for(
    recorded: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What counts is how long the node says nothing, not how long it replays."""
    home, _ = recorded
    told: list[int] = []
    monkeypatch.setattr("dltui.devchain.stored_chain.TOLD_SECONDS", -1.0)
    chain = StoredChain(tmp_path, genesis())
    assert restore(chain, TxLog(home / "txs.jsonl"), told.append) == 8
    chain.close()
    assert told == list(range(1, 9))
    lines = b"".join(b'{"replayed": %d}\n' % number for number in told)
    reader, writer = os.pipe()
    os.write(writer, lines + b'{"port": 5, "pid": 7, "replayed": 8}\n')
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        assert EmbeddedNode(tmp_path)._ready(pipe) == {"port": 5, "pid": 7, "replayed": 8}


def test_a_local_program_cannot_move_the_clock_of_a_restarted_node(
    recorded: tuple[Path, list[str]], tmp_path: Path
) -> None:
    """No method of the node makes a block of a chosen time: not before its first transaction, not after a replay."""
    home, _ = recorded
    with running(tmp_path) as node:
        restored(node, TxLog(home / "txs.jsonl"))
        with Rpc(node.url) as rpc:
            head = rpc.call("eth_getBlockByNumber", "latest", False)
            block = {"timestamp": 2**39, "transactions": []}
            for method, given in (
                ("dltui_mineBlock", [block]),
                ("dltui_mineBlock", [block, "0x" + "00" * 32]),
                ("evm_mine", []),
                ("evm_setNextBlockTimestamp", [2**39]),
                ("evm_increaseTime", [2**39]),
                ("anvil_impersonateAccount", [ADDRESSES[0]]),
                ("anvil_setStorageAt", [ADDRESSES[0], "0x0", "0x" + "11" * 32]),
                ("hardhat_setBalance", [ADDRESSES[0], "0x0"]),
                ("debug_setHead", ["0x1"]),
            ):
                with pytest.raises(RpcError) as refused:
                    rpc.call(method, *given)
                assert refused.value.code == -32601, method
            assert rpc.call("eth_getBlockByNumber", "latest", False) == head
            made = Wallet(rpc, KEYS[0], CHAIN_ID).transfer(STRANGER, 1)
            stamp = int(rpc.call("eth_getBlockByNumber", hex(made.block), False)["timestamp"], 16)
    assert abs(stamp - time.time()) < 600


def test_the_log_executes_in_memory_to_the_recorded_state_roots(recorded: tuple[Path, list[str]]) -> None:
    home, hashes = recorded
    machine = new_machine()
    blocks = [(record, machine.execute(record.timestamp, record.txs)) for record in TxLog(home / "txs.jsonl").read()]
    assert ["0x" + block.hash.hex() for _, block in blocks] == hashes
    assert all("0x" + block.state_root.hex() == record.state_root for record, block in blocks)


def flip(text: str) -> str:
    """The same hex with another last digit."""
    return text[:-1] + ("1" if text[-1] != "1" else "2")


@pytest.mark.parametrize("place", ["timestamp", "earlier", "transaction", "hash", "state_root"])
def test_an_altered_log_is_refused(recorded: tuple[Path, list[str]], tmp_path: Path, place: str) -> None:
    home, _ = recorded
    text = (home / "txs.jsonl").read_text()
    line = text.splitlines()[4]
    block = json.loads(line)
    change = {
        "timestamp": {"timestamp": block["timestamp"] + 1},
        "earlier": {"timestamp": START},
        "transaction": {"txs": [flip(block["txs"][0])]},
        "hash": {"hash": flip(block["hash"])},
        "state_root": {"state_root": flip(block["state_root"])},
    }[place]
    altered = tmp_path / "altered.jsonl"
    altered.write_text(text.replace(line, json.dumps(block | change)))
    with running(tmp_path / "chain") as node, pytest.raises(ChainError) as caught:
        restored(node, TxLog(altered))
    assert not node.alive()
    assert "block 4" in str(caught.value) and str(altered) in caught.value.where


def test_a_log_of_another_chain_is_refused(recorded: tuple[Path, list[str]], tmp_path: Path) -> None:
    home, _ = recorded
    foreign = TxLog.create(tmp_path / "foreign.jsonl", "0" * 64)
    with running(tmp_path / "chain") as node:
        with pytest.raises(ChainError, match="another genesis"):
            restored(node, foreign)
        node.start()
        with Rpc(node.url) as rpc:
            Wallet(rpc, KEYS[0], CHAIN_ID).transfer(STRANGER, 1)
        with pytest.raises(ChainError, match="does not re-execute"):
            restored(node, TxLog(home / "txs.jsonl"))


def test_killed_at_any_moment_it_keeps_every_answered_transaction(tmp_path: Path) -> None:
    node = EmbeddedNode(tmp_path, genesis(), batch_ms=1)
    answered: list[tuple[str, int]] = []
    nonce = 0
    for turn in range(5):
        node.start()
        assert node.pid is not None
        with Rpc(node.url) as rpc:
            for tx_hash, block in answered:
                assert int(rpc.call("eth_getTransactionReceipt", tx_hash)["blockNumber"], 16) == block
            nonce = int(rpc.call("eth_getTransactionCount", ADDRESSES[0], "latest"), 16)
            assert nonce >= len(answered)
            for step in range(6 + turn):
                if step == 4 + turn:
                    # From here on the node dies while transactions are on their way.
                    rpc.call("eth_sendRawTransaction", "0x" + sign(0, nonce).hex())
                    os.kill(node.pid, signal.SIGKILL)
                try:
                    receipt = rpc.call("eth_sendRawTransactionSync", "0x" + sign(0, nonce).hex())
                except (NodeUnreachable, ChainError):
                    break
                answered.append((receipt["transactionHash"], int(receipt["blockNumber"], 16)))
                nonce += 1
        node.stop()
    assert len(answered) >= 5 * 4


def test_a_node_that_was_stopped_by_a_signal_ends_in_good_order(tmp_path: Path) -> None:
    node = EmbeddedNode(tmp_path, genesis())
    node.start()
    assert node.pid is not None
    os.kill(node.pid, signal.SIGSTOP)
    node.stop()
    assert "stopped at block 0" in (tmp_path / "node.log").read_text()


def test_a_node_that_is_killed_in_its_start_can_be_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", str(_killed_at_once(tmp_path)))
        with pytest.raises(NodeUnreachable, match="exit code -9"):
            EmbeddedNode(tmp_path, genesis()).start()
    node = EmbeddedNode(tmp_path, genesis())
    assert node.start() == 0
    node.stop()


def _killed_at_once(folder: Path) -> Path:
    """A program that kills itself."""
    program = folder / "killed"
    program.write_text("#!/bin/sh\nkill -9 $$\n")
    program.chmod(0o755)
    return program


def test_a_node_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; "
        "from dltui.chain.nodes.embedded_node import EmbeddedNode; from dltui.chain.nodes.genesis import Genesis; "
        "node = EmbeddedNode(Path(sys.argv[1]), Genesis(31337, 5, {})); node.start(); "
        "print(node.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, timeout=60, check=False)
    pid = int(done.stdout)
    assert done.returncode == -signal.SIGKILL
    # The node notices on its own; its lock on the chain is free once it has gone.
    wait_gone(pid)
    assert "stopped at block 0" in (tmp_path / "node.log").read_text()


def test_wrong_arguments_of_the_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dltui.devchain", "--dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == exits.CHAIN and b"genesis.json" in done.stdout and b"Traceback" not in done.stderr
    (tmp_path / "genesis.json").write_bytes(genesis().encode())
    done = subprocess.run([*command, "--port", "99999"], capture_output=True, timeout=60, check=False)
    assert done.returncode == exits.CHAIN and b"cannot listen on port 99999" in done.stdout
