"""The embedded chain as a process: started, restored from a transaction log, and told who is of the run."""

from __future__ import annotations

import json
import os
import secrets
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from dltui.chain.history.txlog import TxLog
from dltui.chain.nodes import node
from dltui.chain.nodes.genesis import Genesis
from dltui.chain.nodes.node import LocalNode
from dltui.chain.nodes.ports import taken
from dltui.chain.rpc import MEANWHILE_SECONDS, Rpc
from dltui.chain.rpc_errors import NodeUnreachable
from dltui.errors import ChainError


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

        The node replays before it listens, so no client sees half a chain, and no method makes blocks of a chosen time.
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
                # It fits into the pipe, so this does not wait; other programs read no pipe of the node.
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
        """Return what the node says when it listens; before, it says now and then how many blocks it has replayed."""
        while True:
            line = _read_line(pipe, time.monotonic() + node.START_DEADLINE, self.meanwhile)
            if line is None:
                raise ChainError(f"the node did not answer within {node.START_DEADLINE:.0f} s", where=self._where)
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
        code = self._process.wait(node.STOP_DEADLINE) if self._process is not None else None
        kind = NodeUnreachable if code is not None and code < 0 else ChainError
        raise kind(f"the node ended before it answered (exit code {code})", where=self._where)

    def _refusal(self, said: dict[str, Any]) -> ChainError:
        message, hint = str(said["error"]), str(said.get("hint", ""))
        if message == f"port {self._port} is taken":
            return taken(self._port, self._where)
        return ChainError(message, where=f"{said.get('where', '')}, {self._where}".removeprefix(", "), hint=hint)


def _read_line(pipe: IO[bytes], deadline: float, meanwhile: Callable[[], None] | None) -> str | None:
    """Return the newest whole line from `pipe`, "" if the other end closed without one, None if `deadline` passed."""
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
