"""The chain under the run: starts the node, restarts it if it dies, brings it forward, and closes it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from dltui.chain.history.blocks import Blocks
from dltui.chain.history.local_blocks import LocalBlocks
from dltui.chain.history.remote_blocks import RemoteBlocks, check_first_block
from dltui.chain.history.txlog import TxLog
from dltui.chain.nodes.anvil_node import AnvilNode
from dltui.chain.nodes.choice import ANVIL, OPEN, URL, Choice, choose, refuse_open
from dltui.chain.nodes.embedded_node import EmbeddedNode
from dltui.chain.nodes.endpoint import MAX_FEE_GWEI, Endpoint
from dltui.chain.nodes.genesis import Genesis, own_chain_id
from dltui.chain.nodes.node import Node
from dltui.chain.nodes.url_node import UrlNode
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable
from dltui.config.sections import Config
from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine.funds import check_funds
from dltui.errors import ConfigError
from dltui.files import file_sha256
from dltui.rundir.paths import RunPaths

MOST_STARTS = 3
"""How often a node is started that is killed before it answers."""
LAST_SECONDS = 3.0
"""How long the node may take for its last answers."""
DISTANT_PAUSE = 1.0
DISTANT_PATIENCE = 300.0
OPERATOR_WEI = 10**24
"""The operator's balance in the first block; clients are funded from it by transfers."""


class NodeSupervisor:
    """One node with its transaction log. `emit` writes one event to the journal.

    `meanwhile` is called again and again while the node takes long to answer, `starting` while it comes up.

    After `start`: `node`, `rpc` to it, its `chain_id`, the `log`, and the `blocks` that the run reads.
    """

    node: Node
    rpc: Rpc
    chain_id: int
    log: TxLog
    blocks: Blocks

    def __init__(
        self,
        config: Config,
        paths: RunPaths,
        operator: str,
        emit: Callable[[Payload], None],
        meanwhile: Callable[[], None],
        starting: Callable[[], None],
    ) -> None:
        self._config = config
        self._paths = paths
        self._operator = operator
        self._emit = emit
        self._meanwhile = meanwhile
        self._starting = starting
        self._reason = ""
        self._started = False

    def start(self, federation_id: bytes) -> None:
        """Start the node and the log; a new chain gets the id of this federation. Raises `ChainError` if that fails."""
        log = TxLog(self._paths.txs) if self._paths.txs.exists() else None
        choice = self._choose(log)
        self._reason = choice.reason
        self._emit(ev.ChainStarting(engine=choice.engine, reason=choice.reason))
        self.node = self._node(choice, federation_id)
        self.node.meanwhile = self._starting
        replayed = self._start(log)
        self.rpc = Rpc(self.node.url, word=self.node.word, meanwhile=self._meanwhile)
        try:
            self.chain_id = int(self.rpc.call("eth_chainId"), 16)
            self.log = log or self._begin(choice)
        except BaseException:
            self.node.stop()
            raise
        self.blocks = self._blocks()
        self._started = True
        self._ready(replayed)
        if choice.engine == ANVIL:
            hint = "--chain embedded: only keys can act on it"
            self._emit(ev.RunAlert(id=alerts.OPEN_NODE.id(), severity="warning", text=OPEN, hint=hint))

    def recover(self, reason: str) -> None:
        """Start the node again after it was lost, and bring it forward from the log before anybody goes on."""
        self._emit(ev.ChainLost(reason=reason))
        self.rpc.close()
        self.node.stop()
        self._ready(self._start(self.log))

    def be_brief(self) -> None:
        """The run ends: a node that does not answer now is not waited for."""
        self.rpc.timeout = LAST_SECONDS
        self.rpc.close()

    def stop(self) -> None:
        """Close the node; its state file's hash goes into the journal, so that a later change shows."""
        if not self._started:
            return
        self.rpc.close()
        state = self.node.close()
        digest = file_sha256(state) if state is not None else ""
        self._emit(ev.ChainStopped(blocks=self.log.last_block, state_sha256=digest))

    def _start(self, log: TxLog | None) -> int:
        """Start the node, again if it is killed in its own start; the number of blocks replayed."""
        for _ in range(MOST_STARTS - 1):
            try:
                return self.node.start(log)
            except NodeUnreachable as error:
                self._emit(ev.ChainLost(reason=str(error)))
        return self.node.start(log)

    def _choose(self, log: TxLog | None) -> Choice:
        """The engine that the configuration names; a run that was begun goes on with the one that began it."""
        chain = self._config.chain
        engine = chain.engine if log is None or chain.is_url else log.engine
        if log is not None and engine == ANVIL and chain.keystore:
            raise ConfigError(
                f"the run was begun on anvil with a keystore, and does not go on: {OPEN}",
                where=self._paths.id,
                hint="start a new run with --chain embedded; this one can be verified, reported and replayed",
            )
        refuse_open(engine, chain.keystore)
        return choose(engine, chain.anvil)

    def _node(self, choice: Choice, federation_id: bytes) -> Node:
        chain, genesis = self._config.chain, None
        if choice.engine == URL:
            return UrlNode(choice.url, chain.chain_id)
        log = self._paths.logs / "node.log"
        if not self._paths.genesis.exists():
            chain_id = own_chain_id(chain.chain_id, chain.keystore, federation_id)
            genesis = Genesis(chain_id, int(time.time()), {self._operator: OPERATOR_WEI})
        if choice.engine == ANVIL:
            assert choice.anvil is not None
            return AnvilNode(self._paths.chain, choice.anvil, genesis, chain.port, log=log)
        return EmbeddedNode(self._paths.chain, genesis, chain.port, chain.batch_ms, log=log)

    def _begin(self, choice: Choice) -> TxLog:
        """Begin the transaction log; on a chain that is not ours, where the chain stands and the operator can pay."""
        after = 0
        if choice.engine == URL:
            check_funds(self.rpc, self._operator, self._config, self.node.shown)
            chain = self._config.chain
            if chain.federation:
                check_first_block(self.rpc, chain.federation, chain.first_block)
                after = chain.first_block - 1
            else:
                after = int(self.rpc.call("eth_blockNumber"), 16)
        return TxLog.create(self._paths.txs, self.node.fingerprint(), choice.engine, max(0, after))

    def _blocks(self) -> Blocks:
        if not self.log.sparse:
            return LocalBlocks(self.rpc, self.log)
        confirmations = self._config.chain.confirmations
        return RemoteBlocks(self.rpc, self.log, self.chain_id, self._operator, confirmations, self.endpoint.pause)

    @property
    def endpoint(self) -> Endpoint:
        """How each process of the run reaches the chain."""
        chain = self._config.chain
        near = Endpoint(self.node.url, self.chain_id, self.node.word)
        if not self.log.sparse:
            return near
        return replace(
            near,
            first_block=self.log.after + 1,
            confirmations=chain.confirmations,
            max_fee=int((chain.max_fee_gwei or MAX_FEE_GWEI) * 10**9),
            pause=near.pause if chain.is_here else DISTANT_PAUSE,
            patience=near.patience if chain.is_here else DISTANT_PATIENCE,
        )

    def _ready(self, replayed: int) -> None:
        if replayed:
            self._emit(ev.ChainRewound(block=self.log.last_block))
        url = self.node.shown
        self._emit(
            ev.ChainReady(
                engine=self.node.engine,
                pid=self.node.pid,
                port=urlsplit(self.node.url).port or 0,
                chain_id=self.chain_id,
                url=url,
                reason=self._reason,
            )
        )
