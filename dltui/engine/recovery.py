"""What dies under a run is brought back: the node, and the fork server with all its children."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from dltui.chain.rpc_errors import NodeUnreachable
from dltui.chain.wallet import Wallet
from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine.forkserver_client import ForkServerLost
from dltui.engine.indexer import ChainIndexer
from dltui.engine.node_supervisor import NodeSupervisor
from dltui.engine.workers import WorkerPool
from dltui.errors import RunError

TICK = 0.02
"""Seconds of one turn of the loop where nothing happens."""
WARM_SECONDS = 120.0
MOST_LOSSES = 5
"""How often one step is begun again, and how often a fork server, before the run gives up."""

T = TypeVar("T")


class Stopped(RunError):
    """The run was stopped while it was coming up."""


class Recovery:
    """Brings back what was lost, and repeats what was interrupted by it.

    `serve` answers the control socket for some seconds; `emit` writes one event to the journal; `stopped` gives the
    reason to end, or None; `restart_client` starts a client again under a new fork server.
    """

    def __init__(
        self,
        supervisor: NodeSupervisor,
        wallet: Wallet,
        indexer: ChainIndexer,
        workers: WorkerPool,
        serve: Callable[[float], None],
        emit: Callable[[Payload], None],
        stopped: Callable[[], str | None],
        restart_client: Callable[[str], None],
    ) -> None:
        self._supervisor = supervisor
        self._wallet = wallet
        self._indexer = indexer
        self._workers = workers
        self._serve = serve
        self._emit = emit
        self._stopped = stopped
        self._restart_client = restart_client

    def surviving(self, step: Callable[[], T]) -> T:
        """Take one step, again from its beginning where the node or the fork server was lost in it."""
        for _ in range(MOST_LOSSES):
            self._check_stop()
            try:
                return step()
            except NodeUnreachable as error:
                self.node(error)
            except ForkServerLost as error:
                self.fork_server(error)
        return step()

    def until(self, ready: Callable[[], bool], seconds: float, what: str, log: str) -> None:
        """Wait until `ready`, a stop, or the deadline; children and blocks are followed meanwhile."""
        self.surviving(lambda: self._wait(ready, seconds, what, log))

    def node(self, error: NodeUnreachable) -> None:
        """Bring the node back before anybody goes on; what the wallet knew of it may be undone."""
        self._supervisor.recover(str(error))
        self._wallet.forget()

    def fork_server(self, error: ForkServerLost) -> None:
        """The fork server died, and with it all children: start another one, and everybody again.

        Raises ForkServerLost where new ones die too.
        """
        self._emit(
            ev.RunAlert(
                id=alerts.FORKSERVER.id(), severity="error", text=str(error), hint="all clients are started again"
            )
        )
        lost: list[str] = []
        for left in reversed(range(MOST_LOSSES)):
            lost += [name for name in self._workers.everybody_lost() if name not in lost]
            try:
                self._begin_again(lost)
                break
            except ForkServerLost:
                if not left:
                    raise
        self._emit(ev.RunAlertCleared(id=alerts.FORKSERVER.id()))

    def _begin_again(self, lost: list[str]) -> None:
        fork_server = self._workers.fork_server
        fork_server.stop()
        fork_server.start()
        self._wait(lambda: fork_server.warm, WARM_SECONDS, "the fork server to import torch", "forkserver.log")
        if self._workers.evaluator.begun:
            self._workers.evaluator.start()
        for name in lost:
            self._restart_client(name)

    def _wait(self, ready: Callable[[], bool], seconds: float, what: str, log: str) -> None:
        end = time.monotonic() + seconds
        while not ready():
            self._check_stop()
            if time.monotonic() > end:
                raise RunError(f"waited {seconds:.0f} s for {what}", where=str(self._workers.logs / log))
            self._serve(TICK)
            self._workers.handle()
            try:
                self._indexer.poll()
            except NodeUnreachable as error:
                self.node(error)

    def _check_stop(self) -> None:
        reason = self._stopped()
        if reason is not None:
            raise Stopped(reason)
