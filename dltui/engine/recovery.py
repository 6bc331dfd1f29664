"""What dies under a run is brought back: the node, and the nursery with all its children."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from dltui.chain.types import NodeUnreachable
from dltui.chain.wallet import Wallet
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine.forkserver_client import NurseryLost
from dltui.engine.indexer import Chronicle
from dltui.engine.node_supervisor import Ground
from dltui.engine.workers import Crew
from dltui.errors import RunError

TICK = 0.02
"""Seconds of one turn of the loop where nothing happens."""
WARM_SECONDS = 120.0
MOST_LOSSES = 5
"""How often one step is begun again, and how often a nursery, before the run gives up."""

T = TypeVar("T")


class Stopped(RunError):
    """The run was stopped while it was coming up."""


class Rescue:
    """Brings back what was lost, and repeats what was interrupted by it.

    `serve` answers the control socket for some seconds; `emit` writes one event to the journal; `stopped` gives the
    reason to end, or None; `restart_client` starts a client again under a new nursery.
    """

    def __init__(
        self,
        ground: Ground,
        wallet: Wallet,
        chronicle: Chronicle,
        crew: Crew,
        serve: Callable[[float], None],
        emit: Callable[[Payload], None],
        stopped: Callable[[], str | None],
        restart_client: Callable[[str], None],
    ) -> None:
        self._ground = ground
        self._wallet = wallet
        self._chronicle = chronicle
        self._crew = crew
        self._serve = serve
        self._emit = emit
        self._stopped = stopped
        self._restart_client = restart_client

    def surviving(self, step: Callable[[], T]) -> T:
        """Take one step, again from its beginning where the node or the nursery was lost in it."""
        for _ in range(MOST_LOSSES):
            self._check_stop()
            try:
                return step()
            except NodeUnreachable as error:
                self.node(error)
            except NurseryLost as error:
                self.nursery(error)
        return step()

    def until(self, ready: Callable[[], bool], seconds: float, what: str, log: str) -> None:
        """Wait until `ready`, a stop, or the deadline; children and blocks are followed meanwhile."""
        self.surviving(lambda: self._wait(ready, seconds, what, log))

    def node(self, error: NodeUnreachable) -> None:
        """Bring the node back before anybody goes on; what the wallet knew of it may be undone."""
        self._ground.recover(str(error))
        self._wallet.forget()

    def nursery(self, error: NurseryLost) -> None:
        """The nursery died, and with it all children: start another one, and everybody again.

        Raises NurseryLost where new ones die too.
        """
        self._emit(ev.RunAlert(id="nursery", severity="error", text=str(error), hint="all clients are started again"))
        lost: list[str] = []
        for left in reversed(range(MOST_LOSSES)):
            lost += [name for name in self._crew.everybody_lost() if name not in lost]
            try:
                self._begin_again(lost)
                break
            except NurseryLost:
                if not left:
                    raise
        self._emit(ev.RunAlertCleared(id="nursery"))

    def _begin_again(self, lost: list[str]) -> None:
        nursery = self._crew.nursery
        nursery.stop()
        nursery.start()
        self._wait(lambda: nursery.warm, WARM_SECONDS, "the nursery to import torch", "nursery.log")
        if self._crew.examination.begun:
            self._crew.examination.start()
        for name in lost:
            self._restart_client(name)

    def _wait(self, ready: Callable[[], bool], seconds: float, what: str, log: str) -> None:
        end = time.monotonic() + seconds
        while not ready():
            self._check_stop()
            if time.monotonic() > end:
                raise RunError(f"waited {seconds:.0f} s for {what}", where=str(self._crew.logs / log))
            self._serve(TICK)
            self._crew.handle()
            try:
                self._chronicle.poll()
            except NodeUnreachable as error:
                self.node(error)

    def _check_stop(self) -> None:
        reason = self._stopped()
        if reason is not None:
            raise Stopped(reason)
