"""The evaluator as the engine sees it: it makes version 0, measures each version, and comes back if it ends."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from dltui.config.sections import Config
from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.core.format import ending
from dltui.engine.forkserver_client import Child, ForkServerClient
from dltui.engine.restarts import Restarts
from dltui.engine.specs import evaluator_spec
from dltui.errors import ConfigError, RunError
from dltui.rundir.paths import RunPaths

EVALUATOR = "evaluator"
HUNG_SECONDS = 30.0
"""An evaluator that has work and says nothing for so long is killed: it says that it lives every few seconds."""


class EvaluatorClient:
    """What is to be measured, and by whom. `emit` writes one event to the journal.

    One request is on its way at a time, so the pipe never fills, whatever becomes of the reader.
    """

    def __init__(
        self, config: Config, paths: RunPaths, fork_server: ForkServerClient, emit: Callable[[Payload], None]
    ) -> None:
        self._path = paths.root / "evaluator.fifo"
        self._spec = evaluator_spec(config, paths, str(self._path))
        self._log = paths.logs / f"{EVALUATOR}.log"
        self._fork_server = fork_server
        self._emit = emit
        self._pipe: int | None = None
        self._todo: dict[int, str] = {}
        self._asked: int | None = None
        self._heard = 0.0
        self._restarts = Restarts()
        self._given_up = False
        self._alert = False
        self.genesis: str | None = None
        """Digest of version 0, once the evaluator has made it."""
        self.data_sha256 = ""
        """Fingerprint of the data that the run began with; empty until it is known."""

    @property
    def begun(self) -> bool:
        """Whether an evaluator was started."""
        return self._pipe is not None

    @property
    def unmeasured(self) -> int:
        """Versions that it still has to measure."""
        return len(self._todo)

    def start(self) -> None:
        """Fork the evaluator; its first message names version 0."""
        self._path.unlink(missing_ok=True)
        os.mkfifo(self._path, 0o600)
        self._fork_server.spawn(EVALUATOR, EVALUATOR, self._spec)
        self._restarts.started(EVALUATOR)
        self._close()
        # Opened for both directions so that neither side waits for the other.
        self._pipe = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        self._asked, self._heard = None, time.monotonic()

    def measure(self, version: int, digest: str) -> None:
        """Have a version measured on the test split; the answer becomes `model.evaluated`."""
        if not self._given_up:
            self._todo[version] = digest

    def turn(self) -> None:
        """Do what is due: start it again, ask for the next version, end one that hangs."""
        if self._restarts.due():
            self.start()
        child = self._fork_server.children.get(EVALUATOR)
        if self._pipe is None or child is None or child.code is not None:
            return
        if self.genesis is not None and self._asked is None and self._todo:
            self._ask(next(iter(self._todo)))
        working = self.genesis is None or self._asked is not None
        if working and child.pid is not None and time.monotonic() - self._heard > HUNG_SECONDS:
            self._fork_server.signal(child, signal.SIGKILL)

    def told(self, message: dict[str, Any]) -> None:
        """Take what the evaluator says. Raises ConfigError if the task cannot be learned."""
        self._heard = time.monotonic()
        kind = message["kind"]
        if kind == "genesis":
            self.genesis = message["digest"]
            self._describe_data(ev.DataDescribed(**message["data"]))
            self._emit(ev.ModelDescribed(**message["model"]))
        elif kind == "failed":
            raise ConfigError(message["message"], where=message["where"], hint=message["hint"])
        elif kind in ("measured", "unmeasured"):
            self._asked = None
            self._todo.pop(message["version"], None)
            self._clear()
            if kind == "measured":
                fields = {key: message[key] for key in ("version", "accuracy_bp", "loss", "samples")}
                self._emit(ev.ModelEvaluated(**fields))

    def lost(self) -> None:
        """It was ended with its fork server, whose successor starts it again."""
        self._asked = None

    def ended(self, child: Child) -> None:
        """Its process ended unasked: it comes back a little later, with what it had to measure, or not at all."""
        self._asked = None
        code = child.code or 0
        pause = self._restarts.ended(EVALUATOR)
        if self.genesis is None and (pause is None or code >= 0):
            raise RunError("version 0 could not be made", where=str(self._log))
        how = ending(code)
        if pause is None:
            self._give_up(f"the evaluator {how} again: versions are no longer measured on the test split")
        else:
            self._say(f"the evaluator {how}; it starts again in {pause:g} s")

    def give_up(self, seconds: float) -> None:
        """It did not answer for `seconds`: what it still has to measure stays unmeasured."""
        text = f"the evaluator did not answer for {seconds:.0f} s: {self.unmeasured} versions stay unmeasured"
        self._give_up(text)

    def stop(self) -> None:
        """Ask for nothing more, and remove the pipe."""
        self._close()
        self._path.unlink(missing_ok=True)

    def _ask(self, version: int) -> None:
        assert self._pipe is not None
        try:
            os.write(self._pipe, json.dumps({"version": version, "digest": self._todo[version]}).encode() + b"\n")
        except BlockingIOError:
            return
        self._asked, self._heard = version, time.monotonic()

    def _close(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    def _give_up(self, text: str) -> None:
        self._given_up = True
        self._todo.clear()
        self._say(text)

    def _say(self, text: str) -> None:
        self._alert = True
        self._emit(ev.RunAlert(id=alerts.EVALUATOR.id(), severity="warning", text=text, hint=f"its log: {self._log}"))

    def _clear(self) -> None:
        if self._alert:
            self._alert = False
            self._emit(ev.RunAlertCleared(id=alerts.EVALUATOR.id()))

    def _describe_data(self, data: ev.DataDescribed) -> None:
        if self.data_sha256 not in ("", data.sha256):
            raise ConfigError(
                f"other data than the run began with: SHA-256 {data.sha256[:12]}, not {self.data_sha256[:12]}",
                where=data.dataset,
                hint="put the first file back to resume this run, or start a new one",
            )
        self.data_sha256 = data.sha256
        self._emit(data)
