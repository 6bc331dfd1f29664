"""From an assembled run to its loop: node, contracts, plan, evaluator, clients, version 0.

Each step does only what is missing, so that it is taken again if the node or the fork server died in it.
"""

from __future__ import annotations

import math
import selectors
import time
from dataclasses import dataclass, replace
from functools import partial

import dltui
from dltui.chain.contracts.bound import explain
from dltui.chain.wallet import Wallet
from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.chain_states import ClientStatus, SuspendReason
from dltui.core.format import unix
from dltui.core.ledger import Member
from dltui.engine.assemble import Run
from dltui.engine.block_watch import BlockWatch
from dltui.engine.calls import Calls
from dltui.engine.deployment import Federation, check_base, deploy, in_force, join
from dltui.engine.fleet import Fleet
from dltui.engine.indexer import ChainIndexer, facts_of_last_block
from dltui.engine.live_verify import LiveVerify
from dltui.engine.loop import Loop
from dltui.engine.operator import Operator
from dltui.engine.queries import Queries
from dltui.engine.recovery import WARM_SECONDS, Recovery
from dltui.engine.scheduler import Scheduler
from dltui.engine.transactor import Transactor
from dltui.learning.plan import LearningPlan
from dltui.protocol.contract_plan import contract_plan
from dltui.rundir.journal import read
from dltui.rundir.metadata import write_run_json
from dltui.rundir.paths import socket_path
from dltui.store import BlobStore, open_store

OPERATOR_PATIENCE = 5.0
"""Seconds that a transaction may take on a node of our own, which is started again if it does not answer."""


@dataclass(frozen=True)
class Connection:
    """The run's way to its chain, from the moment that its node is up."""

    transactor: Transactor
    block_watch: BlockWatch
    recovery: Recovery
    store: BlobStore


def begin(run: Run) -> int:
    """Fold what an earlier engine wrote, and write the first event of this one.

    Return how many events of the last block are in the journal already.
    """
    earlier = list(read(run.paths.journal))
    state = run.recorder.state
    for event in earlier:
        state.apply(event)
    if not earlier:
        _describe(run, {}, run.identity.federation_id)
        started = ev.RunStarted(
            run=run.paths.id,
            version=dltui.__version__,
            seed=run.config.run.seed,
            rounds=run.config.run.rounds,
            config=run.config.sections(),
        )
        run.recorder.emit(started)
        return 0
    current = state.in_flight
    if current is not None:
        ago = time.time() - (unix(current.opened_at) or time.time())
        run.watches.timings.opened(current.number, max(0.0, ago))
    run.paths.summary.unlink(missing_ok=True)
    run.recorder.emit(ev.RunResumed(by="engine"))
    if current is not None:
        run.watches.excused_rounds.excuse(current.number, "the run was down in it")
    return facts_of_last_block(earlier)


def connect(run: Run) -> Connection:
    """Start the node, and make what signs, reads the chain, and brings back what is lost."""
    supervisor, excused_rounds = run.supervisor, run.watches.excused_rounds
    run.reactor.selector.register(run.workers.fork_server, selectors.EVENT_READ, lambda: None)
    supervisor.start(run.identity.federation_id)
    rpc, node, endpoint = supervisor.rpc, supervisor.node, supervisor.endpoint
    patience = OPERATOR_PATIENCE if node.pid is not None else endpoint.patience
    secret = run.identity.operator.secret
    wallet = Wallet(rpc, secret, endpoint.chain_id, explain, patience, endpoint.max_fee, endpoint.confirmations)
    store = open_store(str(run.paths.blobs))
    plan = LearningPlan.of(run.config)
    indexer = ChainIndexer(rpc, supervisor.blocks, wallet.address, store, plan, run.recorder.emit)
    transactor = Transactor(wallet, indexer, excused_rounds)
    long_poll = not supervisor.log.sparse
    return Connection(
        transactor,
        BlockWatch(run.reactor.selector, node.url, node.word, long_poll),
        Recovery(supervisor, transactor, run.workers, run.reactor, run.recorder.emit),
        store,
    )


def bring_up(run: Run, connection: Connection, written: int) -> Loop:
    """Take every step and return the loop; `written` events of the last block are in the journal (see `begin`).

    Raises Stopped if the run is to end meanwhile, and DltuiError for what cannot be brought up.
    """
    return _Steps(run, connection, written).take()


def _describe(run: Run, addresses: dict[str, str], federation_id: bytes) -> None:
    write_run_json(run.paths, socket_path(run.paths.root), addresses, federation_id, run.identity.operator.address)


class _Steps:
    def __init__(self, run: Run, connection: Connection, written: int) -> None:
        self._run = run
        self._connection = connection
        self._written = written
        self._transactor = connection.transactor
        self._ledger = connection.transactor.facts.ledger
        self._evaluator = run.workers.evaluator
        self._until = connection.recovery.until

    def take(self) -> Loop:
        """Take the steps in their order."""
        run, step, evaluator = self._run, self._connection.recovery.surviving, self._evaluator
        self._await_reader()
        federation = step(self._settle)
        federation_id = federation.fl.federation_id() if run.config.chain.federation else run.identity.federation_id
        endpoint = replace(run.supervisor.endpoint, federation_id=federation_id.hex())
        wallet = self._transactor.wallet
        fleet = Fleet(run.config, run.workers, run.supervisor.rpc, wallet, endpoint, federation.addresses)
        scheduler = self._open_gate(federation, fleet)
        _describe(run, federation.addresses, federation_id)
        step(partial(self._put_plan, federation))
        fork_server = run.workers.fork_server
        self._until(lambda: fork_server.warm, WARM_SECONDS, "the fork server to import torch", "forkserver.log")
        self._measure_what_is_left()
        step(evaluator.start)
        if run.recorder.state.data is not None:
            evaluator.data_sha256 = run.recorder.state.data.sha256
            self._await_genesis()  # other data than before are noticed before a client trains on them
        self._await_reader()
        self._start_clients(fleet, scheduler)
        self._await_genesis()
        step(partial(self._put_genesis, federation))
        check_base(self._ledger, self._connection.store)
        return Loop(run, self._transactor, self._connection.block_watch, self._connection.recovery, scheduler)

    def _settle(self) -> Federation:
        """The contracts: those of the configuration, or our own, of which what is missing is deployed."""
        run, transactor = self._run, self._transactor
        rpc, indexer, attached = run.supervisor.rpc, transactor.indexer, None
        if run.config.chain.federation:
            attached = join(rpc, run.config.chain.federation, transactor.address)
            indexer.watch(attached.addresses)
        indexer.resume(run.recorder.state, self._written)
        indexer.poll()
        self._until(lambda: not indexer.behind, math.inf, "the federation's history", "engine.log")
        there = run.recorder.state.chain.contracts
        made = attached or deploy(rpc, transactor.wallet, run.identity.federation_id, run.config.run.seed, there)
        indexer.poll()
        return made

    def _open_gate(self, federation: Federation, fleet: Fleet) -> Scheduler:
        """Make what decides on transactions, and let commands in."""
        run, facts, rpc = self._run, self._transactor.facts, self._run.supervisor.rpc
        verdicts, excused = self._transactor.indexer.verdicts_of, run.watches.excused_rounds.excused
        scheduler = Scheduler(run.config, federation, facts.ledger, verdicts, excused, fleet)
        calls = Calls(federation, facts, scheduler)
        queries = Queries(rpc, federation, calls, facts, self._transactor.address)
        store, plan = self._connection.store, LearningPlan.of(run.config)
        checks = LiveVerify(rpc, federation, facts, plan, store, run.recorder.state)
        emit, stop = run.recorder.emit, run.reactor.ask_stop
        run.gate.operator = Operator(self._transactor, fleet, scheduler, calls, queries, checks, emit, stop)
        return scheduler

    def _put_plan(self, federation: Federation) -> None:
        self._transactor.poll()
        if not in_force(self._ledger, self._run.config):
            self._transactor.send(federation.fl.set_plan(contract_plan(self._run.config)))

    def _put_genesis(self, federation: Federation) -> None:
        self._transactor.poll()
        if not self._ledger.versions:
            self._transactor.send(federation.models.genesis(bytes.fromhex(str(self._evaluator.genesis))))

    def _await_reader(self) -> None:
        self._until(lambda: self._run.gate.reading.over, math.inf, "the walkthrough to be read", "engine.log")

    def _await_genesis(self) -> None:
        self._until(lambda: self._evaluator.genesis is not None, WARM_SECONDS, "version 0", "evaluator.log")

    def _measure_what_is_left(self) -> None:
        """Have the evaluator measure what an earlier one did not get to."""
        for version in self._run.recorder.state.versions.values():
            if version.test_accuracy_bp is None:
                self._evaluator.measure(version.number, version.digest)

    def _start_clients(self, fleet: Fleet, scheduler: Scheduler) -> None:
        """Start the clients of this machine: those of the configuration, and any that joined an earlier engine."""
        config, workers, members = self._run.config, self._run.workers, self._ledger.members
        for part in range(config.parts):
            address = workers.address_of(part)
            known = address in members
            if part >= config.clients.count and not known:
                continue
            if known:
                workers.names[part] = members[address].name
                self._welcome_back(members[address], scheduler)
            if part < config.clients.count:
                scheduler.order.append(address)
            self._connection.recovery.surviving(partial(fleet.start, part, fund=not known))

    def _welcome_back(self, member: Member, scheduler: Scheduler) -> None:
        """Have a client reinstated that was suspended for misses, if the run admits clients by itself; else say so."""
        if member.status != ClientStatus.SUSPENDED or member.suspended_for != SuspendReason.MISSED:
            return
        if self._run.config.clients.auto_register:
            scheduler.missed_before.add(member.address)
            return
        name = self._transactor.facts.id_of(member.address)
        text = f"{name} is suspended for misses of an earlier time, and runs again"
        hint = f"reinstate it (dltui client reinstate {name})"
        self._run.recorder.emit(ev.RunAlert(id=alerts.SUSPENDED.id(name), severity="warning", text=text, hint=hint))
