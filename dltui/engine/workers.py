"""The crew: this machine's client processes and the examiner, kept in step with what the operator wants."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from dltui.chain.nodes.endpoint import Link
from dltui.config.sections import Config
from dltui.core import events as ev
from dltui.core.client_ids import client_id
from dltui.core.events import Payload
from dltui.core.format import ending
from dltui.engine.evaluator_client import EXAMINER, Examination
from dltui.engine.forkserver_client import Child, Nursery
from dltui.engine.keys import Key
from dltui.engine.pace import Pace
from dltui.engine.restarts import PAUSES, Restarts
from dltui.engine.specs import client_spec, name_of, parts_of
from dltui.engine.telemetry import Hearing
from dltui.engine.timing import Timings
from dltui.errors import RunError
from dltui.rundir.paths import RunPaths

HUNG = "nursery-hung"


class Crew:
    """Starts, watches and restarts children through the nursery.

    `keys` are those of the slices, `emit` writes one event to the journal.
    """

    def __init__(
        self,
        config: Config,
        paths: RunPaths,
        keys: tuple[Key, ...],
        nursery: Nursery,
        timings: Timings,
        emit: Callable[[Payload], None],
    ) -> None:
        self._config = config
        self._paths = paths
        self._keys = keys
        self.nursery = nursery
        self._hearing = Hearing(timings, Pace(config, emit), emit)
        self._emit = emit
        self._restarts = Restarts()
        self.examination = Examination(config, paths, nursery, emit)
        self.parts: dict[str, int] = {}
        """Client id to the slice of the data that it holds."""
        self.names: dict[int, str] = {}
        """What the client of a slice calls itself, where that is not what the configuration says."""
        self.stopping = self._hung = False

    @property
    def logs(self) -> Path:
        """Where the children's logs are."""
        return self._paths.logs

    def start_client(self, part: int, link: Link, addresses: dict[str, str]) -> str:
        """Fork the client of slice `part` and return its id."""
        if not 0 <= part < parts_of(self._config):
            raise RunError(
                f"there are only {parts_of(self._config)} slices of the data", hint="set [data] parts before the run"
            )
        address = self._keys[part].address
        taken = {name: self._keys[other].address for name, other in self.parts.items()}
        called = self.names.get(part) or name_of(self._config, part)
        name = client_id(called, address, taken)
        spec = client_spec(self._config, self._paths, part, self._keys[part], link, addresses) | {"name": called}
        self.nursery.spawn(_child_id(part), "client", spec)
        self._restarts.started(name)
        self.parts[name] = part
        return name

    def restart_client(self, name: str, link: Link, addresses: dict[str, str]) -> None:
        """Start a client again whose process has ended."""
        child = self.child(name)
        if child is not None and child.code is None:
            raise RunError(f"{name} still runs (pid {child.pid})", hint="stop it first")
        if name not in self.parts:
            raise RunError(f"{name} is not a client of this machine")
        self.start_client(self.parts[name], link, addresses)

    def stop_client(self, name: str, kill: bool) -> int:
        """Ask a client to end, or kill it; returns its pid."""
        child = self.child(name)
        if child is None or child.code is not None or child.pid is None:
            raise RunError(f"{name} does not run")
        self._restarts.forget(name)
        self.nursery.signal(child, signal.SIGKILL if kill else signal.SIGTERM)
        return child.pid

    def child(self, name: str) -> Child | None:
        """The process of a client, by the client's id."""
        part = self.parts.get(name)
        return None if part is None else self.nursery.children.get(_child_id(part))

    def everybody_lost(self) -> list[str]:
        """The nursery is gone, and its children were ended with it: the clients that ran or were on their way."""
        lost = []
        for child in self.nursery.children.values():
            if child.code is None:
                child.code = -signal.SIGKILL
                if child.role != EXAMINER:
                    lost.append(self._name(child))
                    if child.pid is not None:
                        self._exited(child)
        self.examination.lost()
        return lost

    def handle(self) -> None:
        """Take what the nursery and the children say. Raises NurseryLost if the nursery ended or hangs."""
        for happened, child in self.nursery.handle():
            if child.role == EXAMINER:
                if happened == "exited" and not self.stopping:
                    # What it said last tells why it ended.
                    self._drain(child)
                    self.examination.ended(child)
            elif happened == "started":
                name = self._name(child)
                self._hearing.heard(name)
                address = self._keys[self.parts[name]].address
                self._emit(ev.ClientSpawned(id=name, pid=child.pid or 0, address=address, part=self.parts[name]))
            else:
                self._drain(child)
                self._exited(child)
        for child in list(self.nursery.children.values()):
            self._drain(child)
        if not self.stopping:
            self.examination.turn()
            self._watch_nursery()
        self.nursery.overdue()

    def _watch_nursery(self) -> None:
        if self.nursery.hung == self._hung:
            return
        self._hung = self.nursery.hung
        if not self._hung:
            self._emit(ev.RunAlertCleared(id=HUNG))
            return
        pid = self.nursery.pid
        text = f"the nursery (pid {pid}) does not answer: no client starts, and none that ends is noticed"
        hint = f"if it was stopped, kill -CONT {pid}; else it is started again soon, with all clients"
        self._emit(ev.RunAlert(id=HUNG, severity="error", text=text, hint=hint))

    def _exited(self, child: Child) -> None:
        name, code = self._name(child), child.code or 0
        self._hearing.over(name)
        self._emit(ev.ClientExited(id=name, pid=child.pid or 0, code=code, asked=child.asked))
        if self.stopping or (child.asked and code in (0, -signal.SIGTERM)):
            return
        text = f"{name} {ending(code)}"
        hint = f"R restarts it (dltui client restart {name}); its log: {self._log(child)}"
        if child.asked:
            text += ", as the operator asked"
        elif self._config.clients.restart:
            pause = self._restarts.ended(name)
            if pause is None:
                text += f" again, after {len(PAUSES)} restarts: it stays away"
            else:
                text, hint = f"{text}; it starts again in {pause:g} s", f"its log: {self._log(child)}"
        self._emit(ev.RunAlert(id=f"exited-{name}", severity="warning", text=text, hint=hint))

    def late(self, name: str) -> None:
        """A deadline passed without a client: say so where it is one of this machine that runs and is silent."""
        child = self.child(name)
        if child is not None and child.pid is not None and child.code is None:
            self._drain(child)
            self._hearing.late(name, child.pid)

    def due_restarts(self) -> list[str]:
        """The clients to start again, each told once. A nursery that died takes care of its own."""
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
        for message in self.nursery.messages(child):
            if child.role == EXAMINER:
                self.examination.told(message)
            else:
                self._hearing.told(self._name(child), child, self._log(child), message)

    def _name(self, child: Child) -> str:
        return next(name for name, part in self.parts.items() if _child_id(part) == child.id)

    def _log(self, child: Child) -> str:
        return str(self._paths.logs / f"{child.id}.log")

    def stop(self) -> None:
        """Tell every child to end; `handle` sees them go."""
        self.stopping = True
        self.nursery.forget_waiting()
        self.nursery.wake()
        for child in self.nursery.children.values():
            self.nursery.signal(child)
        self.examination.stop()

    def all_gone(self) -> bool:
        """Whether no child runs any more."""
        return all(child.code is not None for child in self.nursery.children.values())


def _child_id(part: int) -> str:
    return f"client-{part}"
