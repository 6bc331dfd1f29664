"""The workers: this machine's client processes and the evaluator, kept in step with what the operator wants."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dltui.chain.nodes.endpoint import Endpoint
from dltui.config.sections import Config
from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.client_ids import client_id
from dltui.core.events import Payload
from dltui.core.format import ending
from dltui.engine.evaluator_client import EVALUATOR, EvaluatorClient
from dltui.engine.forkserver_client import Child, ForkServerClient
from dltui.engine.pace import Pace
from dltui.engine.restarts import PAUSES, Restarts
from dltui.engine.specs import client_spec, name_of
from dltui.engine.telemetry import TelemetryReader
from dltui.engine.timing import Timings
from dltui.errors import RunError
from dltui.protocol.demo_keys import Key
from dltui.rundir.paths import RunPaths


class WorkerPool:
    """Starts, watches and restarts children through the fork server.

    `keys` are those of the slices, `emit` writes one event to the journal.
    """

    def __init__(
        self,
        config: Config,
        paths: RunPaths,
        keys: tuple[Key, ...],
        fork_server: ForkServerClient,
        timings: Timings,
        emit: Callable[[Payload], None],
    ) -> None:
        self._config = config
        self._paths = paths
        self._keys = keys
        self.fork_server = fork_server
        self._telemetry = TelemetryReader(timings, Pace(config, emit), emit)
        self._emit = emit
        self._restarts = Restarts()
        self.evaluator = EvaluatorClient(config, paths, fork_server, emit)
        self.parts: dict[str, int] = {}
        """Client id to the slice of the data that it holds."""
        self._specs: dict[str, dict[str, Any]] = {}
        """What each client was told at its start, and is told again."""
        self.names: dict[int, str] = {}
        """What the client of a slice calls itself, where that is not what the configuration says."""
        self.stopping = self._hung = False

    @property
    def logs(self) -> Path:
        """Where the children's logs are."""
        return self._paths.logs

    def start_client(self, part: int, endpoint: Endpoint, addresses: dict[str, str]) -> str:
        """Fork the client of slice `part` and return its id."""
        if not 0 <= part < self._config.parts:
            raise RunError(
                f"there are only {self._config.parts} slices of the data", hint="set [data] parts before the run"
            )
        address = self._keys[part].address
        taken = {name: self._keys[other].address for name, other in self.parts.items()}
        called = self.names.get(part) or name_of(self._config, part)
        name = client_id(called, address, taken)
        spec = client_spec(self._config, self._paths, part, self._keys[part], endpoint, addresses) | {"name": called}
        self._specs[name] = spec
        self._spawn(name, part)
        self.parts[name] = part
        return name

    def _spawn(self, name: str, part: int) -> None:
        self.fork_server.spawn(_child_id(part), "client", self._specs[name])
        self._restarts.started(name)

    def address_of(self, part: int) -> str:
        """Return the address of the client of a slice."""
        return self._keys[part].address

    def restart_client(self, name: str) -> None:
        """Start a client again whose process has ended; raises RunError if it runs, or is none of this machine."""
        child = self.child(name)
        if child is not None and child.code is None:
            raise RunError(f"{name} still runs (pid {child.pid})", hint="stop it first")
        if name not in self.parts:
            raise RunError(f"{name} is not a client of this machine")
        self._spawn(name, self.parts[name])

    def stop_client(self, name: str, kill: bool) -> int:
        """Ask a client to end, or kill it; returns its pid."""
        child = self.child(name)
        if child is None or child.code is not None or child.pid is None:
            raise RunError(f"{name} does not run")
        self._restarts.forget(name)
        self.fork_server.signal(child, signal.SIGKILL if kill else signal.SIGTERM)
        return child.pid

    def child(self, name: str) -> Child | None:
        """The process of a client, by the client's id."""
        part = self.parts.get(name)
        return None if part is None else self.fork_server.children.get(_child_id(part))

    def everybody_lost(self) -> list[str]:
        """The fork server is gone, and its children were ended with it: the clients that ran or were on their way."""
        lost = []
        for child in self.fork_server.children.values():
            if child.code is None:
                child.code = -signal.SIGKILL
                if child.role != EVALUATOR:
                    lost.append(self._name(child))
                    if child.pid is not None:
                        self._exited(child)
        self.evaluator.lost()
        return lost

    def handle(self) -> None:
        """Take what the fork server and the children say. Raises ForkServerLost if the fork server ended or hangs."""
        for happened, child in self.fork_server.handle():
            if child.role == EVALUATOR:
                if happened == "exited" and not self.stopping:
                    # What it said last tells why it ended.
                    self._drain(child)
                    self.evaluator.ended(child)
            elif happened == "started":
                name = self._name(child)
                self._telemetry.heard(name)
                address = self._keys[self.parts[name]].address
                self._emit(ev.ClientSpawned(id=name, pid=child.pid or 0, address=address, part=self.parts[name]))
            else:
                self._drain(child)
                self._exited(child)
        for child in list(self.fork_server.children.values()):
            self._drain(child)
        if not self.stopping:
            self.evaluator.turn()
            self._watch_fork_server()
        self.fork_server.overdue()

    def _watch_fork_server(self) -> None:
        if self.fork_server.hung == self._hung:
            return
        self._hung = self.fork_server.hung
        if not self._hung:
            self._emit(ev.RunAlertCleared(id=alerts.FORKSERVER_HUNG.id()))
            return
        pid = self.fork_server.pid
        text = f"the fork server (pid {pid}) does not answer: no client starts, and none that ends is noticed"
        hint = f"if it was stopped, kill -CONT {pid}; else it is started again soon, with all clients"
        self._emit(ev.RunAlert(id=alerts.FORKSERVER_HUNG.id(), severity="error", text=text, hint=hint))

    def _exited(self, child: Child) -> None:
        name, code = self._name(child), child.code or 0
        self._telemetry.over(name)
        self._emit(ev.ClientExited(id=name, pid=child.pid or 0, code=code, asked=child.asked))
        if self.stopping or (child.asked and code in (0, -signal.SIGTERM)):
            return
        text = f"{name} {ending(code)}"
        hint = f"restart it (dltui client restart {name}); its log: {self._log(child)}"
        if child.asked:
            text += ", as the operator asked"
        elif self._config.clients.restart:
            pause = self._restarts.ended(name)
            if pause is None:
                text += f" again, after {len(PAUSES)} restarts: it stays away"
            else:
                text, hint = f"{text}; it starts again in {pause:g} s", f"its log: {self._log(child)}"
        self._emit(ev.RunAlert(id=alerts.EXITED.id(name), severity="warning", text=text, hint=hint))

    def late(self, name: str) -> None:
        """A deadline passed without a client: say so where it is one of this machine that runs and is silent."""
        child = self.child(name)
        if child is not None and child.pid is not None and child.code is None:
            self._drain(child)
            self._telemetry.late(name, child.pid)

    def due_restarts(self) -> list[str]:
        """The clients to start again, each told once. A fork server that died takes care of its own."""
        return [name for name in self._restarts.due() if self.is_down(name)]

    def is_down(self, name: str) -> bool:
        """Whether this machine's client of that id has no process."""
        child = self.child(name)
        return child is None or child.code is not None

    @property
    def wanted(self) -> list[str]:
        """The clients of this machine that the operator has not stopped."""
        return [name for name in self.parts if (child := self.child(name)) is None or not child.asked]

    @property
    def running(self) -> list[str]:
        """The clients of this machine that have a process."""
        return [name for name in self.parts if (child := self.child(name)) and child.pid and child.code is None]

    def _drain(self, child: Child) -> None:
        for message in self.fork_server.messages(child):
            if child.role == EVALUATOR:
                self.evaluator.told(message)
            else:
                self._telemetry.told(self._name(child), child, self._log(child), message)

    def _name(self, child: Child) -> str:
        return next(name for name, part in self.parts.items() if _child_id(part) == child.id)

    def _log(self, child: Child) -> str:
        return str(self._paths.logs / f"{child.id}.log")

    def stop(self) -> None:
        """Tell every child to end; `handle` sees them go."""
        self.stopping = True
        self.fork_server.forget_waiting()
        self.fork_server.wake()
        for child in self.fork_server.children.values():
            self.fork_server.signal(child)
        self.evaluator.stop()

    def all_gone(self) -> bool:
        """Whether no child runs any more."""
        return all(child.code is not None for child in self.fork_server.children.values())


def _child_id(part: int) -> str:
    return f"client-{part}"
