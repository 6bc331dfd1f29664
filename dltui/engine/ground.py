"""The chain under the run: starts the node, restarts it where it dies, brings it forward, and closes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

from dltui.chain.anvil_node import AnvilNode
from dltui.chain.embedded.genesis import Genesis
from dltui.chain.engines import ANVIL, Choice, choose
from dltui.chain.node import EmbeddedNode, Node
from dltui.chain.rpc import Rpc
from dltui.chain.sources import Blocks, LocalBlocks
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
    """One node with its transaction log. `emit` writes one event to the journal.

    After `start`: `node`, `rpc` to it, the `log`, and the `blocks` that the run reads.
    """

    node: Node
    rpc: Rpc
    log: TxLog
    blocks: Blocks

    def __init__(self, config: Config, paths: RunPaths, operator: str, emit: Callable[[Payload], None]) -> None:
        self._config = config
        self._paths = paths
        self._operator = operator
        self._emit = emit
        self._reason = ""
        self._started = False

    def start(self) -> None:
        """Start the node and the log; raises `ChainError` where that fails."""
        log = TxLog(self._paths.txs) if self._paths.txs.exists() else None
        choice = self._choose(log)
        self._reason = choice.reason
        self._emit(ev.ChainStarting(engine=choice.engine, reason=choice.reason))
        self.node = self._node(choice)
        replayed = self.node.start(log)
        self._started = True
        self.rpc = Rpc(self.node.url)
        self.log = log or TxLog.create(self._paths.txs, self.node.fingerprint(), choice.engine)
        self.blocks = LocalBlocks(self.rpc, self.log)
        self._ready(replayed)

    def recover(self, reason: str) -> None:
        """Start the node again after it was lost, and bring it forward from the log before anybody goes on."""
        self._emit(ev.ChainLost(reason=reason))
        self.rpc.close()
        self.node.stop()
        self._ready(self.node.start(self.log))

    def stop(self) -> None:
        """Close the node; its state file's hash goes into the journal, so that a later change shows."""
        if not self._started:
            return
        self.rpc.close()
        state = self.node.close()
        digest = file_sha256(state) if state is not None else ""
        self._emit(ev.ChainStopped(blocks=self.log.last_block, state_sha256=digest))

    def _choose(self, log: TxLog | None) -> Choice:
        """The engine that the configuration names; a run that was begun goes on with the one that began it."""
        chain = self._config.chain
        if log is None:
            return choose(chain.engine, chain.anvil)
        return choose(log.engine, chain.anvil)

    def _node(self, choice: Choice) -> Node:
        chain, genesis = self._config.chain, None
        if not self._paths.genesis.exists():
            genesis = Genesis(chain.chain_id, int(time.time()), {self._operator: OPERATOR_WEI})
        if choice.engine == ANVIL:
            assert choice.anvil is not None
            return AnvilNode(self._paths.chain, choice.anvil, genesis, chain.port)
        return EmbeddedNode(self._paths.chain, genesis, chain.port, chain.batch_ms)

    def _ready(self, replayed: int) -> None:
        if replayed:
            self._emit(ev.ChainRewound(block=self.log.last_block))
        url = self.node.url
        found = int(self.rpc.call("eth_chainId"), 16)
        if found != self._config.chain.chain_id:
            raise ChainError(f"the node has chain id {found}, expected {self._config.chain.chain_id}", where=url)
        self._emit(
            ev.ChainReady(
                engine=self.node.engine,
                pid=self.node.pid,
                port=urlsplit(url).port or 0,
                chain_id=found,
                url=url,
                reason=self._reason,
            )
        )
