"""One run, put together before anything is started: what it is, what it writes, what it waits on, who works in it."""

from __future__ import annotations

import os
from dataclasses import dataclass

from dltui.config.sections import Config
from dltui.engine.command_gate import CommandGate
from dltui.engine.disk_watch import DiskWatch
from dltui.engine.excused_rounds import ExcusedRounds
from dltui.engine.forkserver_client import ForkServerClient
from dltui.engine.keys import client_keys
from dltui.engine.node_supervisor import NodeSupervisor
from dltui.engine.reactions import Reactions
from dltui.engine.reactor import Reactor
from dltui.engine.recorder import Recorder
from dltui.engine.timing import Timings
from dltui.engine.workers import WorkerPool
from dltui.protocol.demo_keys import Key
from dltui.rundir.journal import Journal, read
from dltui.rundir.metadata import check_config, read_run_json
from dltui.rundir.paths import RunPaths, socket_path


@dataclass(frozen=True)
class Identity:
    """Whose run it is: the operator's key, and the id (32 bytes) of the federation that the run deploys."""

    operator: Key
    federation_id: bytes


@dataclass(frozen=True)
class Watches:
    """What is looked at all the time: where time goes, which rounds count for nobody, and the disk."""

    timings: Timings
    excused_rounds: ExcusedRounds
    disk: DiskWatch


@dataclass(frozen=True)
class Run:
    """One run whose node has not been started."""

    config: Config
    paths: RunPaths
    identity: Identity
    recorder: Recorder
    reactor: Reactor
    gate: CommandGate
    supervisor: NodeSupervisor
    workers: WorkerPool
    watches: Watches


def assemble(config: Config, paths: RunPaths, fork_server: ForkServerClient, operator: Key) -> Run:
    """Return the run of a directory, which listens on its control socket from now on.

    Raises ConfigError if the run was begun with another configuration, RunError if its keys or its journal are damaged
    or another engine listens.
    """
    journal, reactor, disk, timings = Journal(paths.journal), Reactor(), DiskWatch(paths, config.parts), Timings()
    new = not journal.seq
    if not new:
        check_config(config, next(read(paths.journal)), str(paths.config))
    keys = client_keys(config, config.parts, paths.keys, new=new)
    federation_id = os.urandom(32) if new else bytes.fromhex(read_run_json(paths)["federation_id"])
    recorder = Recorder(journal, disk, reactor)
    emit = recorder.emit
    excused_rounds = ExcusedRounds(recorder.state, emit)
    workers = WorkerPool(config, paths, keys, fork_server, timings, emit)
    Reactions(recorder, timings, excused_rounds, workers)

    def meanwhile() -> None:
        """The node takes long to answer: a stop is heard all the same."""
        if not reactor.ending:
            excused_rounds.silent()
            reactor.serve_blocked()

    return Run(
        config,
        paths,
        Identity(operator, federation_id),
        recorder,
        reactor,
        CommandGate(socket_path(paths.root), reactor, recorder, disk),
        NodeSupervisor(config, paths, operator.address, emit, meanwhile, reactor.serve_blocked),
        workers,
        Watches(timings, excused_rounds, disk),
    )
