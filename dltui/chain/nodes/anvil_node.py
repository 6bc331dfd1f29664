"""anvil as the run's node: the embedded chain's rules, in memory, rebuilt from the transaction log after a kill.

Equal to the embedded chain are genesis state, hard fork, base fees, coinbase, gas limit and timestamps in seconds, so
each transaction has the receipt and each account the state that re-execution gives. Not equal are block hashes (anvil
draws a random mix hash for each block) and the state roots in its blocks (it counts slots that hold zero).
"""

from __future__ import annotations

import gzip
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from dltui.chain.history.local_blocks import record_block
from dltui.chain.history.txlog import BlockRecord, TxLog
from dltui.chain.nodes import node
from dltui.chain.nodes.anvil import Anvil
from dltui.chain.nodes.genesis import BASE_FEE, GAS_LIMIT, Genesis
from dltui.chain.nodes.node import LocalNode
from dltui.chain.nodes.ports import free_port
from dltui.chain.nodes.statefile import STATE_FILE, from_dump
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable, RpcError
from dltui.errors import ChainError
from dltui.files import write_whole

MEMORY_BYTES = 4 << 30
"""Most address space of the node: a backlog of transactions lets anvil grow without an end."""
HISTORY = 128
"""How many states back calls may reach."""
_REPLAY_SECONDS = 60.0
_POLL_SECONDS = 0.01
_FIRST_FEE = BASE_FEE * 7 // 8
"""anvil gives its first block the genesis base fee; by EIP-1559 it is an eighth lower after an empty genesis."""


class AnvilNode(LocalNode):
    """anvil in a process of its own. It keeps its chain in memory only: the transaction log is what lasts.

    `anvil` is checked before every start; the rest is as in `LocalNode`.
    """

    engine = "anvil"

    def __init__(
        self, directory: Path, anvil: Anvil, genesis: Genesis | None = None, port: int = 0, *, log: Path | None = None
    ) -> None:
        super().__init__(directory, genesis, port, log=log)
        self._anvil = anvil

    def start(self, log: TxLog | None = None) -> int:
        """Start anvil and return when JSON-RPC answers; returns the blocks that were replayed from `log`.

        The replay happens on another port: a client that waits at `url` first sees the chain when it is whole.
        Raises `ChainError` if the binary or the genesis does not fit, the port is taken (naming its owner), the
        log was altered, or anvil does not come up within `node.START_DEADLINE` seconds.
        """
        genesis = self._prepare_genesis()
        (self.directory / STATE_FILE).unlink(missing_ok=True)
        self._anvil.check()
        image = None
        try:
            if log is not None and log.last_block:
                image = self._rebuild(genesis, log)
            self._port = free_port(self._port, self._where)
            self._launch(self._port, genesis, image)
            if image is None:
                self._set_clock()
        except BaseException:
            self.stop()
            raise
        finally:
            if image is not None:
                image.unlink(missing_ok=True)
        return log.last_block if image is not None and log is not None else 0

    def close(self) -> Path | None:
        """Write the closing state to `state.json`, then end the node; None if it is gone already."""
        path: Path | None = self.directory / STATE_FILE
        try:
            with Rpc(self.url, timeout=_REPLAY_SECONDS) as rpc:
                write_whole(self.directory / STATE_FILE, from_dump(_dump(rpc)))
        except NodeUnreachable:
            path = None
        self.stop()
        return path

    def _launch(self, port: int, genesis: Genesis, image: Path | None) -> None:
        """Start the process on `port`, with the genesis file or the `image` of a whole chain, and wait for it."""
        begin = ["--init", str(self.directory / "genesis.json")] if image is None else ["--load-state", str(image)]
        command = [sys.executable, "-m", "dltui.chain.nodes.launcher", str(MEMORY_BYTES), str(self._anvil.path)]
        command += [*begin, "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(genesis.chain_id)]
        command += [
            "--base-fee",
            str(_FIRST_FEE),
            "--gas-limit",
            str(GAS_LIMIT),
            "--hardfork",
            "cancun",
            "--order",
            "fifo",
        ]
        command += ["--accounts", "0", "--disable-default-create2-deployer", "--prune-history", str(HISTORY)]
        command += ["--cache-path", str(self.directory / "anvil"), "--no-cors", "--quiet"]
        with self.log_path.open("ab") as said:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True
            )
        self._await(f"http://127.0.0.1:{port}", genesis)

    def _await(self, url: str, genesis: Genesis) -> None:
        deadline = time.monotonic() + node.START_DEADLINE
        with Rpc(url, meanwhile=self.meanwhile) as rpc:
            while True:
                try:
                    first = rpc.call("eth_getBlockByNumber", "0x0", False)
                    break
                except NodeUnreachable as error:
                    code = self._process.poll() if self._process is not None else None
                    if code is not None:
                        text = f"anvil ended before it answered (exit code {code})"
                        kind = NodeUnreachable if code < 0 else ChainError
                        raise kind(text, where=self._where) from error
                    if time.monotonic() > deadline:
                        text = f"anvil did not answer within {node.START_DEADLINE:.0f} s"
                        raise ChainError(text, where=self._where) from error
                    if self.meanwhile is not None:
                        self.meanwhile()
                    time.sleep(_POLL_SECONDS)
        if not self.alive() or int(first["timestamp"], 16) != genesis.timestamp:
            raise ChainError("another program answers on the node's port", where=url)

    def _rebuild(self, genesis: Genesis, log: TxLog) -> Path:
        """Replay `log` on a node of its own, and write what it has become to a file that the next one loads."""
        self._check_log(log)
        port = free_port()
        self._launch(port, genesis, None)
        image = self.directory / "anvil-image.json"
        with Rpc(f"http://127.0.0.1:{port}", timeout=_REPLAY_SECONDS, meanwhile=self.meanwhile) as rpc:
            rpc.call("evm_setAutomine", False)
            for record in log.read(allow_torn=True):
                _replay(rpc, record, log)
            image.write_bytes(_dump(rpc))
        self.stop()
        return image

    def _set_clock(self) -> None:
        """Put the clock to the present: with a genesis file it begins at the genesis timestamp."""
        with Rpc(self.url) as rpc:
            rpc.call("evm_setTime", int(time.time()))


def _dump(rpc: Rpc) -> bytes:
    return gzip.decompress(bytes.fromhex(rpc.call("anvil_dumpState").removeprefix("0x")))


def _replay(rpc: Rpc, record: BlockRecord, log: TxLog) -> None:
    """Have anvil make the block of `record`, and compare all but its hash."""
    try:
        rpc.call("evm_setNextBlockTimestamp", record.timestamp)
        for raw in record.txs:
            rpc.call("eth_sendRawTransaction", "0x" + raw.hex())
        rpc.call("evm_mine")
    except RpcError as error:
        raise log.altered(record.block, f"is refused by the node: {error.message}") from error
    made = record_block(rpc, record.block, AnvilNode.engine)
    if replace(made, hash=record.hash) != record:
        raise log.altered(record.block, "does not re-execute to its state root and receipts")
