"""The one loop of a run: look at disk, children and chain, send what is due, and say what is waited for."""

from __future__ import annotations

import time

from dltui.chain.rpc_errors import NodeUnreachable
from dltui.chain.types import Reverted
from dltui.core import alerts
from dltui.core import events as ev
from dltui.engine.assemble import Run
from dltui.engine.block_watch import BlockWatch
from dltui.engine.forkserver_client import ForkServerLost
from dltui.engine.recovery import Recovery
from dltui.engine.scheduler import Scheduler
from dltui.engine.transactor import Transactor
from dltui.engine.waiting_alert import Backoff, WaitingAlert
from dltui.errors import ChainError, RunError, no_room

MEASURE_SECONDS = 60.0
"""How long a run that has its rounds waits for the evaluator's last answers."""


class Loop:
    """Goes on until the run has its rounds or is stopped."""

    def __init__(
        self,
        run: Run,
        transactor: Transactor,
        block_watch: BlockWatch,
        recovery: Recovery,
        scheduler: Scheduler,
    ) -> None:
        self._recorder = run.recorder
        self._reactor = run.reactor
        self._workers = run.workers
        self._watches = run.watches
        self._reading = run.gate.reading
        self._transactor = transactor
        self._block_watch = block_watch
        self._recovery = recovery
        self._scheduler = scheduler
        self._waiting = WaitingAlert(run.recorder.emit, run.gate.screen)
        self._unanswered = WaitingAlert(run.recorder.emit, run.gate.screen)
        self._backoff = Backoff()
        self._sent = False
        self._complete_since: float | None = None

    def run(self) -> None:
        """Take turns until the run is finished or asked to stop. Raises DltuiError if it cannot go on."""
        while self._reactor.stop_reason is None and not self.finished():
            busy = self._recorder.state.in_flight is not None
            self._reactor.serve(0.0 if self._sent else self._block_watch.turn(busy))
            self.turn()

    def turn(self) -> None:
        """Take one turn, and bring back what is found lost in it."""
        try:
            self._look_at_disk()
            self._workers.handle()
            self._look_at_chain()
            self._act()
        except ForkServerLost as error:
            self._recovery.fork_server(error)
        except NodeUnreachable as error:
            self._block_watch.forget()
            self._recovery.node(error)
        except Reverted as error:
            self._backoff.failed()
            text = f"a transaction reverted: {error}"
            self._recorder.emit(ev.RunAlert(id=alerts.OPERATOR_TX.id(), severity="warning", text=text))
        except ChainError as error:
            if not no_room(error):
                raise
            self._watches.disk.full = True

    def finished(self) -> bool:
        """Whether the run has its rounds, and every version is measured or given up."""
        evaluator = self._workers.evaluator
        if self._scheduler.paused or not self._reading.over or not self._scheduler.complete():
            self._complete_since = None
            return False
        now = time.monotonic()
        if self._complete_since is None:
            self._complete_since = now
        if evaluator.unmeasured and now - self._complete_since > MEASURE_SECONDS:
            evaluator.give_up(MEASURE_SECONDS)
        return evaluator.unmeasured == 0

    def _look_at_disk(self) -> None:
        state, disk = self._recorder.state, self._watches.disk
        disk.look(state.model.bytes if state.model is not None else 0)
        self._scheduler.lack = disk.lack
        if disk.full and disk.lack is None:
            disk.full = False
            current = state.in_flight
            number = current.number if current is not None else None
            self._watches.excused_rounds.excuse(number, "the disk was full")

    def _look_at_chain(self) -> None:
        """Read new blocks, if there may be some, and say where the time of rounds went."""
        # What was sent may have opened a round, in which the chain is looked at more often.
        if self._sent or self._block_watch.due:
            indexer = self._transactor.indexer
            with self._watches.excused_rounds.asking(self._block_watch.silent_since):
                indexer.poll(idle=True)
            if not indexer.behind:
                self._block_watch.looked(indexer.block, self._recorder.state.in_flight is not None)
        for timed in self._watches.timings.settled():
            self._recorder.emit(timed)

    def _act(self) -> None:
        """Start clients again that are due, send the transaction that is due, and say what is waited for."""
        if failure := self._scheduler.failure():
            raise RunError(failure, hint="look at the reasons in the journal")
        for name in self._workers.due_restarts():
            self._workers.restart_client(name)
        held = not self._reading.over and self._recorder.state.in_flight is None
        call = None if held else self._scheduler.next_call()
        self._sent = call is not None and self._backoff.over
        if call is not None and self._sent:
            self._transactor.send(call)
            self._backoff.succeeded()
            self._recorder.clear(alerts.OPERATOR_TX.id())
        waiting = self._scheduler.waiting()
        # A run that is held does not fail for want of clients meanwhile.
        self._waiting.tell(None if held and waiting is not None and waiting.fails_after else waiting)
        self._unanswered.tell(self._scheduler.unanswered())
