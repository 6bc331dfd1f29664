"""The chain under the run: starts the node, restarts it where it dies, brings it forward, and closes it."""

from __future__ import annotations

import time
from collections.abc import Callable

from dltui.chain.embedded.genesis import Genesis
from dltui.chain.node import EmbeddedNode
from dltui.chain.rpc import Rpc
from dltui.chain.txlog import TxLog
from dltui.config import Config
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine.house import file_sha256
from dltui.errors import ChainError
from dltui.paths import RunPaths

OPERATOR_WEI = 10**24
"""The operator's balance in the first block; clients are funded from it by transfers."""


class Ground:
    """One node with its transaction log. `emit` writes one event to the journal."""

    def __init__(self, config: Config, paths: RunPaths, operator: str, emit: Callable[[Payload], None]) -> None:
        self._config = config
        self._paths = paths
        self._emit = emit
        genesis = None
        if not paths.genesis.exists():
            genesis = Genesis(config.chain.chain_id, int(time.time()), {operator: OPERATOR_WEI})
        self.node = EmbeddedNode(paths.chain, genesis, config.chain.port, config.chain.batch_ms)
        self._genesis = genesis
        self._started = False

    def start(self) -> None:
        """Start the node and the log; raises `ChainError` where that fails."""
        self._emit(ev.ChainStarting(engine=self.node.engine))
        self.node.start()
        self.rpc = Rpc(self.node.url)
        if self._genesis is not None:
            self.log = TxLog.create(self._paths.txs, self._genesis.sha256())
        else:
            self.log = TxLog(self._paths.txs)
            self._bring_forward()
        self._started = True
        self._ready()

    def recover(self, reason: str) -> None:
        """Start the node again after it was lost, and bring it forward from the log before anybody goes on."""
        self._emit(ev.ChainLost(reason=reason))
        self.rpc.close()
        if self.node.alive():
            self.node.stop()
        self.node.start()
        self._bring_forward()
        self._ready()

    def stop(self) -> None:
        """Close the node; its state file's hash goes into the journal, so that a later change shows."""
        if not self._started:
            self.node.stop()
            return
        self.rpc.close()
        self.node.stop()
        digest = file_sha256(self._paths.chain / "state.sqlite")
        self._emit(ev.ChainStopped(blocks=self.log.last_block, state_sha256=digest))

    def _bring_forward(self) -> None:
        replayed = self.node.restore(self.log)
        if replayed:
            self._emit(ev.ChainRewound(block=self.log.last_block))

    def _ready(self) -> None:
        url = self.node.url
        found = int(self.rpc.call("eth_chainId"), 16)
        if found != self._config.chain.chain_id:
            raise ChainError(f"the node has chain id {found}, expected {self._config.chain.chain_id}", where=url)
        port = int(url.rpartition(":")[2])
        self._emit(ev.ChainReady(engine=self.node.engine, pid=self.node.pid, port=port, chain_id=found, url=url))
