"""A node by its address: it is not run by us, and its chain was there before the run."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dltui.chain.history.txlog import TxLog
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable
from dltui.errors import ChainError

RETURN_SECONDS = 60.0
"""How long a node that a run used may stay away before the run fails."""
_POLL_SECONDS = 0.5
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class UrlNode:
    """The node at `address` (http or https); nothing of it is started or stopped.

    `${NAME}` in the address stands for a variable of the environment, so that an access key need not be written down.
    `chain_id` is the expected one, 0 takes the node's. Raises `ChainError` if a variable is not set.
    """

    engine = "url"
    word = ""
    pid = None
    meanwhile: Callable[[], None] | None = None

    def __init__(self, address: str, chain_id: int, env: Mapping[str, str] = os.environ) -> None:
        self.url = expand(address, env)
        parts = urlsplit(self.url)
        self.shown = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        """The address without its path, which may hold an access key."""
        self._chain_id = chain_id
        self._fingerprint = ""

    def fingerprint(self) -> str:
        """Return the digest of chain id and first block hash: another one means another chain."""
        return self._fingerprint

    def start(self, log: TxLog | None = None) -> int:
        """Wait for the node's answer, at most `RETURN_SECONDS` if the run used it before, and check its chain.

        Raises `ChainError` if it does not answer, has another chain id, or is not the chain of `log` any more.
        """
        deadline = time.monotonic() + (RETURN_SECONDS if log is not None else 0.0)
        with Rpc(self.url, meanwhile=self.meanwhile) as rpc:
            while True:
                try:
                    self._check(rpc, log)
                    return 0
                except NodeUnreachable as error:
                    if time.monotonic() >= deadline:
                        hint = "start the node, or correct [chain] engine"
                        raise ChainError(error.message, where=self.shown, hint=hint) from error
                    if self.meanwhile is not None:
                        self.meanwhile()
                    time.sleep(_POLL_SECONDS)

    def alive(self) -> bool:
        """Return True: only the node itself knows."""
        return True

    def stop(self) -> None:
        """Do nothing: it is not ours to stop."""

    def close(self) -> Path | None:
        """Return None: its state is not ours to keep."""
        return None

    def _check(self, rpc: Rpc, log: TxLog | None) -> None:
        found = int(rpc.call("eth_chainId"), 16)
        if self._chain_id not in (0, found):
            raise ChainError(
                f"the node has chain id {found}, expected {self._chain_id}",
                where=self.shown,
                hint=f"set [chain] chain_id = {found} if this is the right node, or 0 to take what it has",
            )
        first = rpc.call("eth_getBlockByNumber", "0x0", False)
        self._fingerprint = hashlib.sha256(f"{found}|{first['hash'].lower()}".encode()).hexdigest()
        if log is None:
            return
        last = rpc.call("eth_getBlockByNumber", hex(log.last_block), False) if log.last_hash else None
        gone = bool(log.last_hash) and (last is None or last["hash"].lower() != log.last_hash)
        if log.genesis_sha256 != self._fingerprint or gone:
            raise ChainError(
                "the node is on another chain now: the run's last block is not there",
                where=self.shown,
                hint="a development node that restarts begins at block 0; start a new run, or load its old state",
            )


def expand(address: str, env: Mapping[str, str]) -> str:
    """Return the address with each `${NAME}` replaced; raises `ChainError` naming a variable that is not set."""

    def value(match: re.Match[str]) -> str:
        if not env.get(match[1]):
            raise ChainError(f"the variable {match[1]} is not set", where="[chain] engine")
        return env[match[1]]

    return _VARIABLE.sub(value, address)
