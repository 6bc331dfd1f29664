"""Chain nodes as processes: start, restore from a transaction log, watch, stop; and the embedded one."""

from __future__ import annotations

import json
import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

from dltui.chain.history.txlog import TxLog
from dltui.chain.nodes.genesis import Genesis, read_genesis, write_genesis
from dltui.chain.nodes.ports import taken
from dltui.chain.rpc import MEANWHILE_SECONDS, Rpc
from dltui.chain.types import NodeUnreachable
from dltui.errors import ChainError

START_DEADLINE = 60.0
"""Seconds that a node may take until JSON-RPC answers."""
STOP_DEADLINE = 10.0
"""Seconds between TERM and KILL."""

__all__ = ["EmbeddedNode", "Genesis", "LocalNode", "Node", "read_genesis", "write_genesis"]


class Node(Protocol):
    """A chain node: the embedded chain, anvil, or an address of somebody else's."""

    engine: str
    """Which kind of node: "embedded", "anvil" or "url"."""
    word: str
    """What shows it that a process of the run asks; empty if it does not matter. Secret."""
    meanwhile: Callable[[], None] | None
    """Called again and again while `start` waits; what it raises ends the start, and the node."""

    @property
    def url(self) -> str:
        """Address of its JSON-RPC."""

    @property
    def shown(self) -> str:
        """Its address without anything secret, for journal and screen."""

    @property
    def pid(self) -> int | None:
        """Its process, while it runs and is ours."""

    def fingerprint(self) -> str:
        """The digest (hex) by which a transaction log names the beginning of this chain; after the start."""

    def start(self, log: TxLog | None = None) -> int:
        """Start it, bring it forward to the end of `log` where it is behind, and return when JSON-RPC answers.

        Returns the number of blocks that were replayed. Raises `ChainError` that names the log file, or where the
        node's chain is not that of `log`.
        """

    def alive(self) -> bool:
        """Whether its process runs."""

    def close(self) -> Path | None:
        """End it in good order; returns the file that holds its closing state, None where there is none."""

    def stop(self) -> None:
        """End it: TERM, then KILL."""


class LocalNode:
    """What the nodes that we run ourselves share: a directory, a genesis, a loopback port and a process.

    `genesis` is written to `directory/genesis.json` where that is missing and must equal it where it is
    there; None takes what is there. `port` 0 takes a free one; a restart keeps the port. What the node says goes to
    the file `log`, by default `directory/node.log`. Start it from the main thread: the kernel ends the node when the
    starting thread ends.
    """

    engine = ""
    word = ""
    meanwhile: Callable[[], None] | None = None

    def __init__(
        self, directory: Path, genesis: Genesis | None = None, port: int = 0, *, log: Path | None = None
    ) -> None:
        self.directory = directory
        self.log_path = log or directory / "node.log"
        self._genesis = genesis
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Address of JSON-RPC; raises `ChainError` before the first start on port 0."""
        if not self._port:
            raise ChainError("the node has no port before it is started", where=f"{self.engine} chain")
        return f"http://127.0.0.1:{self._port}"

    @property
    def shown(self) -> str:
        """The address: there is nothing secret in it."""
        return self.url

    @property
    def pid(self) -> int | None:
        """The node's process id while it runs."""
        return self._process.pid if self._process is not None and self.alive() else None

    def alive(self) -> bool:
        """Whether the node's process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End the node: TERM lets it close its state, KILL follows after `STOP_DEADLINE` seconds."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            # One that was stopped by a signal ends only when it goes on.
            process.send_signal(signal.SIGCONT)
            try:
                process.wait(STOP_DEADLINE)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    @property
    def _where(self) -> str:
        return f"{self.engine} chain (log: {self.log_path})"

    def _prepare_genesis(self) -> Genesis:
        """Write the genesis file, or check it; raises `ChainError` where the node runs already."""
        if self.alive():
            raise ChainError("the node runs already", where=self._where)
        path = self.directory / "genesis.json"
        if self._genesis is None or path.exists():
            stored = read_genesis(path)
            if self._genesis is not None and stored != self._genesis:
                raise ChainError("the directory holds a chain with another genesis", where=str(path))
            return stored
        return write_genesis(path, self._genesis.chain_id, self._genesis.timestamp, self._genesis.alloc)

    def fingerprint(self) -> str:
        """SHA-256 of the genesis file."""
        return read_genesis(self.directory / "genesis.json").sha256()

    def _check_log(self, log: TxLog) -> None:
        if log.genesis_sha256 != self.fingerprint():
            raise ChainError("the transaction log belongs to another genesis", where=str(log.path))


class EmbeddedNode(LocalNode):
    """The embedded chain in a process of its own, with its state in `directory`.

    `batch_ms` is the miner's window in milliseconds; the rest is as in `LocalNode`.
    """

    engine = "embedded"

    def __init__(
        self,
        directory: Path,
        genesis: Genesis | None = None,
        port: int = 0,
        batch_ms: int = 20,
        *,
        log: Path | None = None,
    ) -> None:
        super().__init__(directory, genesis, port, log=log)
        self._batch_ms = batch_ms
        self.word = secrets.token_hex(32)

    def start(self, log: TxLog | None = None) -> int:
        """Start the node, restore it from `log`, and return when JSON-RPC answers; returns the blocks replayed.

        The node replays before it listens, so nobody sees half a chain, and no method makes blocks of a chosen time.
        Raises `ChainError` if the port is taken (naming its owner), genesis, state or log do not fit, or the node
        says nothing for `START_DEADLINE` seconds; `NodeUnreachable` if a signal ended it.
        """
        self._prepare_genesis()
        command = [sys.executable, "-m", "dltui.devchain", "--dir", str(self.directory)]
        command += ["--port", str(self._port), "--batch-ms", str(self._batch_ms)]
        if log is not None:
            self._check_log(log)
            command += ["--log", str(log.path)]
        with self.log_path.open("ab") as said:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said, start_new_session=True
            )
        self._process = process
        assert process.stdin is not None and process.stdout is not None
        try:
            with suppress(BrokenPipeError), process.stdin as pipe:
                # It fits into the pipe, so this waits for nobody; other programs read no pipe of the node.
                pipe.write(self.word.encode() + b"\n")
            with process.stdout as pipe:
                ready = self._ready(pipe)
            self._port = ready["port"]
            with Rpc(self.url, word=self.word, meanwhile=self.meanwhile) as rpc:
                rpc.call("web3_clientVersion")
            return int(ready["replayed"])
        except BaseException:
            self.stop()
            raise

    def close(self) -> Path | None:
        """End the node; its state is in one file then."""
        self.stop()
        return self.directory / "state.sqlite"

    def _ready(self, pipe: IO[bytes]) -> dict[str, Any]:
        """What the node says when it listens; before, it says now and then how many blocks it has replayed."""
        while True:
            line = _read_line(pipe, time.monotonic() + START_DEADLINE, self.meanwhile)
            if line is None:
                raise ChainError(f"the node did not answer within {START_DEADLINE:.0f} s", where=self._where)
            try:
                said = json.loads(line)
            except ValueError:
                said = None
            if isinstance(said, dict) and isinstance(said.get("port"), int):
                return said
            if isinstance(said, dict) and isinstance(said.get("error"), str):
                raise self._refusal(said)
            if said is None:
                break
        code = self._process.wait(STOP_DEADLINE) if self._process is not None else None
        kind = NodeUnreachable if code is not None and code < 0 else ChainError
        raise kind(f"the node ended before it answered (exit code {code})", where=self._where)

    def _refusal(self, said: dict[str, Any]) -> ChainError:
        message, hint = str(said["error"]), str(said.get("hint", ""))
        if message == f"port {self._port} is taken":
            return taken(self._port, self._where)
        return ChainError(message, where=f"{said.get('where', '')}, {self._where}".removeprefix(", "), hint=hint)


def _read_line(pipe: IO[bytes], deadline: float, meanwhile: Callable[[], None] | None) -> str | None:
    """The newest whole line from `pipe`, "" if the other end closed without one, None if `deadline` passed."""
    data = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while not data.endswith(b"\n"):
            if meanwhile is not None:
                meanwhile()
            if not selector.select(MEANWHILE_SECONDS):
                if time.monotonic() >= deadline:
                    return None
                continue
            piece = os.read(pipe.fileno(), 4096)
            if not piece:
                break
            data += piece
    return data.decode("utf-8", "replace").rpartition("\n")[0].rpartition("\n")[2]
