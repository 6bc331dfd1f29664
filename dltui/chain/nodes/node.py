"""A chain node, whichever it is; and what the ones that a run starts as processes of its own have in common."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from dltui.chain.history.txlog import TxLog
from dltui.chain.nodes.genesis import Genesis, read_genesis, write_genesis
from dltui.errors import ChainError

START_DEADLINE = 60.0
"""Seconds that a node may take until JSON-RPC answers."""
STOP_DEADLINE = 10.0
"""Seconds between TERM and KILL."""


class Node(Protocol):
    """A chain node: the embedded chain, anvil, or a node by its address."""

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
        """Return the digest (hex) by which a transaction log names the beginning of this chain; after the start."""

    def start(self, log: TxLog | None = None) -> int:
        """Start it, bring it forward to the end of `log` if it is behind, and return when JSON-RPC answers.

        Returns the number of blocks that were replayed. Raises `ChainError` that names the log file, or if the
        node's chain is not that of `log`.
        """

    def alive(self) -> bool:
        """Return whether its process runs."""

    def close(self) -> Path | None:
        """End it in good order; returns the file that holds its closing state, None if there is none."""

    def stop(self) -> None:
        """End it: TERM, then KILL."""


class LocalNode:
    """What the nodes that we run ourselves share: a directory, a genesis, a loopback port and a process.

    `genesis` is written to `directory/genesis.json` if that is missing and must equal it if it is
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
        """Return whether the node's process runs."""
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
        """Write the genesis file, or check it; raises `ChainError` if the node runs already."""
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
        """Return the SHA-256 of the genesis file."""
        return read_genesis(self.directory / "genesis.json").sha256()

    def _check_log(self, log: TxLog) -> None:
        if log.genesis_sha256 != self.fingerprint():
            raise ChainError("the transaction log belongs to another genesis", where=str(log.path))
