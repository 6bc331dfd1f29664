"""The engine: one process, one thread, one loop that starts, watches and records a run, with or without a screen."""

from __future__ import annotations

import contextlib
import json
import math
import os
import selectors
import sys
import time
import traceback
from dataclasses import replace
from functools import partial

import dltui
from dltui import exits
from dltui.chain.contracts.bound import explain
from dltui.chain.nodes.endpoint import Endpoint
from dltui.chain.rpc_errors import NodeUnreachable
from dltui.chain.types import Call, Receipt, Reverted
from dltui.chain.wallet import Wallet
from dltui.config.sections import Config
from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.chain_states import ClientStatus, SuspendReason
from dltui.core.commands import Command
from dltui.core.events import Event, Payload
from dltui.core.format import unix
from dltui.core.ledger import Member
from dltui.core.state.state import State
from dltui.core.summary import summarise
from dltui.engine.block_watch import BlockWatch
from dltui.engine.calls import Calls
from dltui.engine.control_socket import ControlSocket
from dltui.engine.deployment import Federation, check_base, contract_plan, deploy, in_force, join
from dltui.engine.disk_watch import DiskWatch
from dltui.engine.excused_rounds import ExcusedRounds
from dltui.engine.forkserver_client import ForkServerClient, ForkServerLost
from dltui.engine.funds import fund_client
from dltui.engine.indexer import ChainIndexer, facts_of_last_block
from dltui.engine.keys import Key, client_keys, operator_key
from dltui.engine.live_verify import LiveVerify
from dltui.engine.node_supervisor import NodeSupervisor
from dltui.engine.operator import Operator
from dltui.engine.queries import Queries
from dltui.engine.recovery import WARM_SECONDS, Recovery, Stopped
from dltui.engine.scheduler import Scheduler
from dltui.engine.stopsignals import StopSignals
from dltui.engine.timing import Timings
from dltui.engine.waiting_alert import Backoff, Hold, WaitingAlert
from dltui.engine.workers import WorkerPool
from dltui.errors import ChainError, DltuiError, RunError, no_room
from dltui.files import write_whole
from dltui.learning.plan import LearningPlan
from dltui.rundir.journal import Journal, read
from dltui.rundir.metadata import check_config, read_run_json, write_run_json
from dltui.rundir.paths import RunPaths, socket_path
from dltui.store import open_store

OPERATOR_PATIENCE = 5.0
"""Seconds that a transaction may take on a node of our own, which is started again where it does not answer."""
STOP_SECONDS = 5.0
ENDING_TURN = 0.02
FULL_TURN = 0.5
MEASURE_SECONDS = 60.0
"""How long a run that has its rounds waits for the evaluator's last answers."""


class Engine:
    """One run, from its first process to its summary. `run` returns the exit code."""

    def __init__(
        self, config: Config, paths: RunPaths, fork_server: ForkServerClient, operator: Key | None = None
    ) -> None:
        self._config = config
        self._paths = paths
        self._fork_server = fork_server
        self._journal = Journal(paths.journal)
        if self._journal.seq:
            check_config(config, next(read(paths.journal)), str(paths.config))
        self.state = State()
        self._selector = selectors.DefaultSelector()
        self._timings = Timings()
        self._keys = client_keys(config, config.parts, paths.keys, new=not self._journal.seq)
        self._workers = WorkerPool(config, paths, self._keys, fork_server, self._timings, self.emit)
        self._operator_key = operator or operator_key(config.run.seed)
        self._supervisor = NodeSupervisor(
            config, paths, self._operator_key.address, self.emit, self._meanwhile, self._serve_meanwhile
        )
        self._store = open_store(str(paths.blobs))
        self._federation_id = os.urandom(32)
        self._operator: Operator | None = None
        self._socket = socket_path(paths.root)
        self._control = ControlSocket(self._socket, self._selector, self._handle)
        self._stop_reason: str | None = None
        self._ending = self._unreachable = self._sent = self._full = False
        self._disk = DiskWatch(paths, config.parts)
        self._waiting, self._unanswered = WaitingAlert(self.emit), WaitingAlert(self.emit)
        self._excused_rounds = ExcusedRounds(self.state, self.emit)
        self._backoff, self._hold = Backoff(), Hold()
        self._complete_since: float | None = None

    def emit(self, payload: Payload) -> None:
        """Write one event, fold it, and act on what it means for the engine's own bookkeeping."""
        self.state.apply(self._append(payload))
        self._timings.saw(payload)
        if isinstance(payload, ev.RoundOpened):
            self._excused_rounds.opened(payload.round, payload.deadline, self._workers.running)
        elif isinstance(payload, ev.RoundFinalised):
            self._excused_rounds.finalised()
        elif isinstance(payload, ev.ModelPublished):
            self._workers.evaluator.measure(payload.version, payload.digest)
        elif isinstance(payload, ev.ClientLate):
            self._workers.late(payload.id)
        elif isinstance(payload, ev.ClientExited) and not payload.asked:
            self._excused_rounds.ended(payload.id, self._workers.wanted)
        for alert in alerts.cleared_by(payload):
            self._clear(alert)

    def _append(self, payload: Payload) -> Event:
        """Write to the journal; on a full disk nothing goes on until there is room, but a stop is heard."""
        while True:
            try:
                return self._journal.append(payload)
            except RunError as error:
                if self._ending or not no_room(error):
                    raise
                self._full = True
            self._serve_meanwhile(FULL_TURN)

    def _clear(self, alert: str) -> None:
        if alert in self.state.alerts:
            self.emit(ev.RunAlertCleared(id=alert))

    def run(self) -> int:
        """Run to the end and return the exit code; whatever fails is told in `run.finished`."""
        status, code, reason = "done", exits.OK, ""
        try:
            self._begin()
            self._bring_up()
            while self._stop_reason is None and not self._finished():
                self._tick()
            if self._stop_reason is not None:
                status, reason = "stopped", self._stop_reason
        except Stopped as stopped:
            status, reason = "stopped", stopped.message
        except DltuiError as error:
            status, code, reason = "failed", error.exit_code, str(error)
        except Exception as error:
            traceback.print_exc()
            status, code, reason = "failed", exits.FAILED, f"internal error ({type(error).__name__}), see engine.log"
        finally:
            self._bring_down()
            try:
                self.emit(ev.RunFinished(status=status, exit_code=code, reason=reason))
                summary = json.dumps(summarise(self.state, self._journal.head), indent=1).encode() + b"\n"
                write_whole(self._paths.summary, summary)
                self._journal.close()
            except (OSError, DltuiError) as error:
                print(f"run {status}: {reason}; its end could not be recorded: {error}", file=sys.stderr)
                code = code or exits.FAILED
        return code

    # --- beginning and end ---

    def _begin(self) -> None:
        self._signals = StopSignals(self._selector, self._ask_stop)
        earlier = list(read(self._paths.journal)) if self._journal.seq else []
        for event in earlier:
            self.state.apply(event)
        self._written = facts_of_last_block(earlier)
        if (round := self.state.in_flight) is not None:
            self._timings.opened(round.number, max(0.0, time.time() - (unix(round.opened_at) or time.time())))
        if earlier:
            self._paths.summary.unlink(missing_ok=True)
            self._federation_id = bytes.fromhex(read_run_json(self._paths)["federation_id"])
            self.emit(ev.RunResumed(by="engine"))
            if self.state.in_flight is not None:
                self._excused_rounds.excuse(self.state.in_flight.number, "the run was down in it")
        else:
            write_run_json(self._paths, self._socket, {}, self._federation_id, self._operator_key.address)
            self.emit(
                ev.RunStarted(
                    run=self._paths.id,
                    version=dltui.__version__,
                    seed=self._config.run.seed,
                    rounds=self._config.run.rounds,
                    config=self._config.sections(),
                )
            )

    def _bring_up(self) -> None:
        """Take each step, again if node or fork server died in it: each does only what is missing."""
        self._selector.register(self._fork_server, selectors.EVENT_READ, lambda: None)
        self._supervisor.start(self._federation_id)
        self._open_books()
        self._await_reader()
        step, until = self._recovery.surviving, self._recovery.until
        self._federation = step(self._settle)
        self._appoint(self._federation)
        addresses = self._federation.addresses
        write_run_json(self._paths, self._socket, addresses, self._federation_id, self._operator_key.address)
        step(self._put_plan)
        until(lambda: self._fork_server.warm, WARM_SECONDS, "the fork server to import torch", "forkserver.log")
        self._examine_what_is_left()
        step(self._workers.evaluator.start)
        if self.state.data is not None:
            self._workers.evaluator.data_sha256 = self.state.data.sha256
            self._await_genesis()  # other data than before are noticed before a client trains on them
        self._await_reader()
        self._man()
        self._await_genesis()
        step(self._put_genesis)
        check_base(self._indexer.facts.ledger, self._store)

    def _open_books(self) -> None:
        """Who signs, who reads the chain, and who brings back what is lost."""
        rpc = self._supervisor.rpc
        endpoint = self._supervisor.endpoint
        patience = OPERATOR_PATIENCE if self._supervisor.node.pid is not None else endpoint.patience
        self._wallet = Wallet(
            rpc,
            self._operator_key.secret,
            endpoint.chain_id,
            explain,
            patience,
            endpoint.max_fee,
            endpoint.confirmations,
        )
        self._indexer = ChainIndexer(
            rpc, self._supervisor.blocks, self._wallet.address, self._store, LearningPlan.of(self._config), self.emit
        )
        node, sparse = self._supervisor.node, self._supervisor.log.sparse
        self._block_watch = BlockWatch(self._selector, node.url, node.word, not sparse)
        self._recovery = Recovery(
            self._supervisor,
            self._wallet,
            self._indexer,
            self._workers,
            self._serve,
            self.emit,
            lambda: self._stop_reason,
            self._restart_client,
        )

    def _settle(self) -> Federation:
        """The contracts: those of the configuration, or our own, of which what is missing is deployed."""
        rpc, attached = self._supervisor.rpc, None
        if self._config.chain.federation:
            attached = join(rpc, self._config.chain.federation, self._wallet.address)
            self._federation_id = attached.fl.federation_id()
            self._indexer.watch(attached.addresses)
        self._indexer.resume(self.state, self._written)
        self._indexer.poll()
        self._recovery.until(lambda: not self._indexer.behind, math.inf, "the federation's history", "engine.log")
        there = self.state.chain.contracts
        federation = attached or deploy(rpc, self._wallet, self._federation_id, self._config.run.seed, there)
        self._indexer.poll()
        return federation

    def _appoint(self, federation: Federation) -> None:
        """Those who decide what is sent to the contracts."""
        rpc, facts, plan = self._supervisor.rpc, self._indexer.facts, LearningPlan.of(self._config)
        self._scheduler = Scheduler(
            self._config,
            federation,
            facts.ledger,
            self._indexer.verdicts_of,
            self._excused_rounds.excused,
            self._is_gone,
        )
        calls = Calls(federation, facts, self._scheduler)
        self._operator = Operator(
            self._config,
            federation,
            self._indexer,
            self._workers,
            self._scheduler,
            calls,
            Queries(rpc, calls, facts, self._wallet.address),
            LiveVerify(rpc, federation, facts, plan, self._store, self.state),
            self._send,
            self.emit,
            self._start_named,
            self._restart_client,
            self._ask_stop,
        )

    def _put_plan(self) -> None:
        self._indexer.poll()
        if not in_force(self._indexer.facts.ledger, self._config):
            self._send(self._federation.fl.set_plan(contract_plan(self._config)))

    def _put_genesis(self) -> None:
        self._indexer.poll()
        if not self._indexer.facts.ledger.versions:
            self._send(self._federation.models.genesis(bytes.fromhex(str(self._workers.evaluator.genesis))))

    def _await_reader(self) -> None:
        self._recovery.until(lambda: self._hold.over, math.inf, "the walkthrough to be read", "engine.log")

    def _await_genesis(self) -> None:
        self._recovery.until(
            lambda: self._workers.evaluator.genesis is not None, WARM_SECONDS, "version 0", "evaluator.log"
        )

    def _examine_what_is_left(self) -> None:
        """Have the evaluator measure what an earlier one did not get to."""
        for version in self.state.versions.values():
            if version.test_accuracy_bp is None:
                self._workers.evaluator.measure(version.number, version.digest)

    def _man(self) -> None:
        """Start the clients of this machine: those of the configuration, and any that joined an earlier engine."""
        members = self._indexer.facts.ledger.members
        for part in range(self._config.parts):
            address = self._keys[part].address
            if part < self._config.clients.count or address in members:
                if address in members:
                    self._workers.names[part] = members[address].name
                    self._welcome_back(members[address])
                if part < self._config.clients.count:
                    self._scheduler.order.append(address)
                self._recovery.surviving(partial(self._start_client, part, fund=address not in members))

    def _welcome_back(self, member: Member) -> None:
        """One that was suspended for misses is started again: whom the run admits by itself, it reinstates, too."""
        if member.status != ClientStatus.SUSPENDED or member.suspended_for != SuspendReason.MISSED:
            return
        if self._config.clients.auto_register:
            self._scheduler.missed_before.add(member.address)
        else:
            name = self._indexer.facts.id_of(member.address)
            text = f"{name} is suspended for misses of an earlier time, and runs again"
            hint = f"U reinstates it (dltui client reinstate {name})"
            self.emit(ev.RunAlert(id=alerts.SUSPENDED.id(name), severity="warning", text=text, hint=hint))

    def _bring_down(self) -> None:
        self._ending = True
        self._workers.stop()
        end = time.monotonic() + STOP_SECONDS
        # Where the fork server goes first, its children go with it.
        with contextlib.suppress(DltuiError):
            while not self._workers.all_gone() and self._fork_server.alive() and time.monotonic() < end:
                self._selector.select(ENDING_TURN)
                self._workers.handle()
        self._fork_server.stop()
        self._control.close()
        if hasattr(self, "_indexer"):
            self._supervisor.be_brief()
            try:
                self._indexer.poll()
            except DltuiError as error:
                text = f"the last blocks could not be read: {error}"
                self.emit(ev.RunAlert(id=alerts.CHAIN.id(), severity="error", text=text))
            for timed in self._timings.settled(at_once=True):
                self.emit(timed)
        self._supervisor.stop()

    def _ask_stop(self, reason: str) -> None:
        self._stop_reason = reason

    # --- the loop ---

    def _tick(self) -> None:
        busy = self.state.in_flight is not None
        self._serve(0.0 if self._sent else self._block_watch.turn(busy))
        try:
            self._turn()
        except ForkServerLost as error:
            self._recovery.fork_server(error)
        except NodeUnreachable as error:
            self._block_watch.forget()
            self._recovery.node(error)
        except Reverted as error:
            self._backoff.failed()
            text = f"a transaction reverted: {error}"
            self.emit(ev.RunAlert(id=alerts.OPERATOR_TX.id(), severity="warning", text=text))
        except ChainError as error:
            if not no_room(error):
                raise
            self._full = True

    def _serve(self, seconds: float) -> None:
        """Wait at most so long until something happens, and answer the control socket."""
        for key, _ in self._selector.select(seconds):
            key.data()

    def _meanwhile(self) -> None:
        """The node takes long to answer: a stop is heard all the same, and whatever else is asked gets a reason."""
        if self._ending:
            return
        self._excused_rounds.silent()
        self._serve_meanwhile()

    def _serve_meanwhile(self, seconds: float = 0.0) -> None:
        """Answer the control socket, though nothing can be carried out but a stop, which ends what is going on."""
        self._unreachable = True
        try:
            self._serve(seconds)
        finally:
            self._unreachable = False
        if self._stop_reason is not None:
            raise Stopped(self._stop_reason)

    def _turn(self) -> None:
        self._look_for_room()
        self._workers.handle()
        # What was sent may have opened a round, in which the chain is looked at more often.
        if self._sent or self._block_watch.due:
            with self._excused_rounds.asking(self._block_watch.silent_since):
                self._indexer.poll(idle=True)
            if not self._indexer.behind:
                self._block_watch.looked(self._indexer.block, self.state.in_flight is not None)
        for timed in self._timings.settled():
            self.emit(timed)
        if failure := self._scheduler.failure():
            raise RunError(failure, hint="look at the reasons in the journal")
        for name in self._workers.due_restarts():
            self._restart_client(name)
        held = not self._hold.over and self.state.in_flight is None
        call = None if held else self._scheduler.next_call()
        self._sent = call is not None and self._backoff.over
        if call is not None and self._sent:
            self._send(call)
            self._backoff.succeeded()
            self._clear(alerts.OPERATOR_TX.id())
        waiting = self._scheduler.waiting()
        # A run that is held does not fail for want of clients meanwhile.
        self._waiting.tell(None if held and waiting is not None and waiting.fails_after else waiting)
        self._unanswered.tell(self._scheduler.unanswered())

    def _look_for_room(self) -> None:
        self._disk.look(self.state.model.bytes if self.state.model is not None else 0)
        self._scheduler.lack = self._disk.lack
        if self._full and self._disk.lack is None:
            self._full = False
            current = self.state.in_flight
            self._excused_rounds.excuse(current.number if current is not None else None, "the disk was full")

    def _finished(self) -> bool:
        if self._scheduler.paused or not self._hold.over or not self._scheduler.complete():
            self._complete_since = None
            return False
        now = time.monotonic()
        self._complete_since = self._complete_since or now
        if self._workers.evaluator.unmeasured and now - self._complete_since > MEASURE_SECONDS:
            self._workers.evaluator.give_up(MEASURE_SECONDS)
        return self._workers.evaluator.unmeasured == 0

    # --- commands, transactions and clients ---

    def hold(self, seconds: float) -> None:
        """Take no step of its own for `seconds`, because a walkthrough is read; 0 goes on."""
        self._hold.hold(seconds)

    def _handle(self, command: Command) -> str:
        """Carry out a command; while the run comes up or the node is silent, only its walkthrough and its end."""
        if command.name == "demo.hold":
            self.hold(command.args["seconds"])
            return ""
        if command.name == "run.hold":
            self._waiting.screen.hold(command.args["seconds"])
            return ""
        if self._operator is not None and not self._unreachable:
            return self._operator.handle(command)
        if command.name == "demo.step":
            self.emit(ev.DemoStep(**command.args))
            return ""
        if command.name == "run.stop":
            self._ask_stop("stopped by the operator")
            return "the run ends"
        why = "the run is still coming up" if self._operator is None else "the node does not answer now"
        if self._full:
            why = "the disk is full"
        raise RunError(why, hint="try again in a moment")

    def _send(self, call: Call) -> Receipt:
        with self._excused_rounds.asking():
            receipt = self._wallet.send(call)
            self._indexer.poll()
        return receipt

    @property
    def _endpoint(self) -> Endpoint:
        """What each client is told of the chain, with the federation that it must find there."""
        return replace(self._supervisor.endpoint, federation_id=self._federation_id.hex())

    def _is_gone(self, address: str) -> bool:
        """Whether that is a client of this machine without a process."""
        part = self._scheduler.local.get(address)
        return part is not None and any(
            self._workers.is_down(name) for name, of in self._workers.parts.items() if of == part
        )

    def _start_client(self, part: int, fund: bool = True) -> str:
        address = self._keys[part].address
        if fund:
            fund_client(self._supervisor.rpc, self._wallet, address, self._config)
        self._scheduler.local[address] = part
        return self._workers.start_client(part, self._endpoint, self._federation.addresses)

    def _start_named(self, part: int, name: str) -> str:
        """Start the client of a free slice, which calls itself `name`."""
        self._workers.names[part] = name
        return self._start_client(part)

    def _restart_client(self, name: str) -> None:
        self._workers.restart_client(name, self._endpoint, self._federation.addresses)
