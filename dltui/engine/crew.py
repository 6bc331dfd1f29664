"""The crew: this machine's client processes and the examiner, kept in step with what the operator wants."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dltui.chain.link import Link
from dltui.config import Config
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.core.ids import client_id
from dltui.engine.hearing import Hearing
from dltui.engine.keys import Key
from dltui.engine.processes import Child, Nursery
from dltui.engine.specs import client_spec, examiner_spec, name_of, parts_of
from dltui.engine.timing import Timings
from dltui.errors import ConfigError, RunError
from dltui.paths import RunPaths

EXAMINER = "examiner"
TOO_SLOW = "too-slow"
"""The alert that rounds may end before anybody has trained; a finalised round clears it."""
MOST_RESTARTS = 3
"""How often a client that ends unasked is started again where `[clients] restart` says so."""


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
        self._hearing = Hearing(timings, emit)
        self._emit = emit
        self._requests: int | None = None
        self._restarts: dict[str, int] = {}
        self._due: list[str] = []
        self.parts: dict[str, int] = {}
        """Client id to the slice of the data that it holds."""
        self.names: dict[int, str] = {}
        """What the client of a slice calls itself, where that is not what the configuration says."""
        self.genesis: str | None = None
        """Digest of version 0, once the examiner has made it."""
        self.data_sha256 = ""
        """Fingerprint of the data that the run began with; empty until it is known."""
        self.unmeasured = 0
        """Versions that the examiner still has to measure."""
        self.stopping = False

    def start_examiner(self) -> None:
        """Fork the examiner; its first message names version 0."""
        path = self._paths.root / "examiner.fifo"
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        self.nursery.spawn(EXAMINER, "examiner", examiner_spec(self._config, self._paths, str(path)))
        if self._requests is not None:
            os.close(self._requests)
        # Opened for both directions so that neither side waits for the other.
        self._requests = os.open(path, os.O_RDWR)

    @property
    def examining(self) -> bool:
        """Whether an examiner was started."""
        return self._requests is not None

    @property
    def logs(self) -> Path:
        """Where the children's logs are."""
        return self._paths.logs

    def measure(self, version: int, digest: str) -> None:
        """Have a version measured on the test split; the answer becomes `model.evaluated`."""
        if self._requests is not None:
            os.write(self._requests, json.dumps({"version": version, "digest": digest}).encode() + b"\n")
            self.unmeasured += 1

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
        self.unmeasured = 0
        return lost

    def handle(self) -> None:
        """Take what the nursery and the children say. Raises NurseryLost where the nursery ended."""
        for happened, child in self.nursery.handle():
            if child.role == EXAMINER:
                if happened == "exited" and not self.stopping:
                    # What it said last tells why it ended.
                    self._drain(child)
                    self._examiner_lost(child)
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
        self.nursery.overdue()

    def _exited(self, child: Child) -> None:
        name, code = self._name(child), child.code or 0
        self._hearing.over(name)
        self._emit(ev.ClientExited(id=name, pid=child.pid or 0, code=code, asked=child.asked))
        if not self.stopping and not (child.asked and code in (0, -signal.SIGTERM)):
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
            self._emit(
                ev.RunAlert(
                    id=f"exited-{name}",
                    severity="warning",
                    text=f"{name} {how}; the round goes on without it",
                    hint=f"restart it (dltui client restart {name}); its log: {self._log(child)}",
                )
            )
            if self._config.clients.restart and self._restarts.get(name, 0) < MOST_RESTARTS:
                self._restarts[name] = self._restarts.get(name, 0) + 1
                self._due.append(name)

    def late(self, name: str) -> None:
        """A deadline passed without a client: say so where it is one of this machine that runs and is silent."""
        child = self.child(name)
        if child is not None and child.pid is not None and child.code is None:
            self._drain(child)
            self._hearing.late(name, child.pid)

    def due_restarts(self) -> list[str]:
        """The clients to start again, each told once. A nursery that died takes care of its own."""
        ended = [name for name in self._due if (child := self.child(name)) is not None and child.code is not None]
        self._due = []
        return ended

    def give_up_measuring(self, seconds: float) -> None:
        """The examiner did not answer for `seconds`: what it still has to measure stays unmeasured."""
        self._emit(
            ev.RunAlert(
                id="examiner",
                severity="warning",
                text=f"the examiner did not answer for {seconds:.0f} s: {self.unmeasured} versions stay unmeasured",
                hint=f"its log: {self._paths.logs / EXAMINER}.log",
            )
        )
        self.unmeasured = 0

    def _examiner_lost(self, child: Child) -> None:
        self.unmeasured = 0
        if self.genesis is None:
            raise RunError("version 0 could not be made", where=self._log(child))
        self._emit(
            ev.RunAlert(
                id="examiner",
                severity="warning",
                text="the examiner ended: versions are no longer measured on the test split",
                hint=f"its log: {self._log(child)}",
            )
        )

    def _drain(self, child: Child) -> None:
        for message in self.nursery.messages(child):
            if child.role == EXAMINER:
                self._examined(message)
            else:
                self._hearing.told(self._name(child), child, self._log(child), message)

    def _examined(self, message: dict[str, Any]) -> None:
        if message["kind"] == "genesis":
            self.genesis = message["digest"]
            self._describe_data(ev.DataDescribed(**message["data"]))
            self._emit(ev.ModelDescribed(**message["model"]))
            self._compare_with_deadline(message["model"]["round_seconds"])
        elif message["kind"] == "failed":
            raise ConfigError(message["message"], where=message["where"], hint=message["hint"])
        else:
            self.unmeasured = max(0, self.unmeasured - 1)
            if message["kind"] == "measured":
                fields = {key: message[key] for key in ("version", "accuracy_bp", "loss", "samples")}
                self._emit(ev.ModelEvaluated(**fields))

    def _describe_data(self, data: ev.DataDescribed) -> None:
        if self.data_sha256 not in ("", data.sha256):
            raise ConfigError(
                f"other data than the run began with: SHA-256 {data.sha256[:12]}, not {self.data_sha256[:12]}",
                where=data.dataset,
                hint="put the first file back to resume this run, or start a new one",
            )
        self.data_sha256 = data.sha256
        self._emit(data)

    def _compare_with_deadline(self, seconds: float) -> None:
        """Say it before the first round where nobody can be in time."""
        most = self._config.rounds.train_seconds_max
        if seconds > most:
            text = f"training takes about {seconds:.0f} s a round here, and the deadline is {most} s"
            hint = "raise [rounds] train_seconds_max, or train less: [training] steps"
            self._emit(ev.RunAlert(id=TOO_SLOW, severity="warning", text=text, hint=hint))

    def _name(self, child: Child) -> str:
        return next(name for name, part in self.parts.items() if _child_id(part) == child.id)

    def _log(self, child: Child) -> str:
        return str(self._paths.logs / f"{child.id}.log")

    def stop(self) -> None:
        """Tell every child to end; `handle` sees them go."""
        self.stopping = True
        self.nursery.forget_waiting()
        for child in self.nursery.children.values():
            self.nursery.signal(child)
        if self._requests is not None:
            os.close(self._requests)
            self._requests = None
        (self._paths.root / "examiner.fifo").unlink(missing_ok=True)

    def all_gone(self) -> bool:
        """Whether no child runs any more."""
        return all(child.code is not None for child in self.nursery.children.values())


def _child_id(part: int) -> str:
    return f"client-{part}"
