"""What dies under a run is brought back: the node, and the fork server with all its children."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from dltui.chain.rpc_errors import NodeUnreachable
from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine.forkserver_client import ForkServerLost
from dltui.engine.node_supervisor import NodeSupervisor
from dltui.engine.reactor import Reactor
from dltui.engine.transactor import Transactor
from dltui.engine.workers import WorkerPool
from dltui.errors import RunError

TICK = 0.02
"""Seconds of one turn of the loop where nothing happens."""
WARM_SECONDS = 120.0
MOST_LOSSES = 5
"""How often one step is begun again, and how often a fork server, before the run gives up."""

T = TypeVar("T")


class Recovery:
    """Brings back what was lost, and repeats what was interrupted by it. `emit` writes one event to the journal."""

    def __init__(
        self,
        supervisor: NodeSupervisor,
        transactor: Transactor,
        workers: WorkerPool,
        reactor: Reactor,
        emit: Callable[[Payload], None],
    ) -> None:
        self._supervisor = supervisor
        self._transactor = transactor
        self._workers = workers
        self._reactor = reactor
        self._emit = emit

    def surviving(self, step: Callable[[], T]) -> T:
        """Take one step, again from its beginning if the node or the fork server was lost in it."""
        for _ in range(MOST_LOSSES):
            self._reactor.check_stop()
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
        self._transactor.forget()

    def fork_server(self, error: ForkServerLost) -> None:
        """The fork server died, and with it all children: start another one, and everybody again.

        Raises ForkServerLost if new ones die too.
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
            self._workers.restart_client(name)

    def _wait(self, ready: Callable[[], bool], seconds: float, what: str, log: str) -> None:
        end = time.monotonic() + seconds
        while not ready():
            self._reactor.check_stop()
            if time.monotonic() > end:
                raise RunError(f"waited {seconds:.0f} s for {what}", where=str(self._workers.logs / log))
            self._reactor.serve(TICK)
            self._workers.handle()
            try:
                self._transactor.poll()
            except NodeUnreachable as error:
                self.node(error)
