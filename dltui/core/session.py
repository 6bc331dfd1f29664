"""Sessions: how a face sees a run, live or recorded."""

from __future__ import annotations

import contextlib
import socket
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from dltui.core import journal
from dltui.core.commands import Command, encode
from dltui.core.events import Event, RunFinished, RunResumed
from dltui.core.jsontext import decode_json
from dltui.core.text import clean
from dltui.errors import RunError
from dltui.paths import RunPaths

ANSWER_SECONDS = 30.0
MAX_ANSWER_BYTES = 65_536


class Session(Protocol):
    """What a face needs of a run: the events since the last call, and a way to ask for something."""

    @property
    def finished(self) -> bool:
        """The last event of the run has been handed out."""

    @property
    def read_only(self) -> bool:
        """Commands are refused."""

    def events(self) -> list[Event]:
        """What is new; does not wait."""

    def send(self, command: Command) -> str:
        """Asks the engine and returns what became of it, in words; raises RunError where it is refused."""


class LiveSession:
    """A run of this machine: its journal is tailed, commands go over the control socket named in `run.json`.

    An end of the run up to event number `after` does not count: it is the one that a resumed run goes on from.
    """

    read_only = False

    def __init__(self, run_dir: Path, *, after: int = 0) -> None:
        self._paths = RunPaths(run_dir)
        self._after = after
        self._tail = journal.Tail(self._paths.journal)
        self.finished = False

    def events(self) -> list[Event]:
        """The events since the last call. Raises MismatchError where the journal is damaged."""
        events = self._tail.poll()
        for event in events:
            if isinstance(event.data, RunFinished) and event.seq > self._after:
                self.finished = True
            elif isinstance(event.data, RunResumed):
                self.finished = False
        return events

    def send(self, command: Command) -> str:
        """Sends one command and returns its answer in words. Raises RunError with the reason where there is no yes."""
        with contextlib.closing(self._connect()) as sock:
            try:
                sock.sendall(encode(command))
                answer = _answer(sock)
            except OSError as error:
                raise RunError(
                    f"the engine did not answer {command.name} ({error})",
                    where=self._paths.id,
                    hint=f"look at {self._paths.logs}",
                ) from error
        if answer.get("ok") is not True:
            raise RunError(clean(str(answer.get("message") or "refused"), 500), where=command.name)
        return clean(str(answer.get("message") or ""), 4_000)

    def alive(self) -> bool:
        """An engine listens on the control socket."""
        try:
            self._connect().close()
        except RunError:
            return False
        return True

    def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(ANSWER_SECONDS)
        try:
            sock.connect(self._socket())
        except OSError as error:
            sock.close()
            raise RunError(
                "no engine runs it now", where=self._paths.id, hint=f"`dltui resume {self._paths.id}` starts one"
            ) from error
        return sock

    def _socket(self) -> str:
        try:
            described = decode_json(self._paths.run_json.read_bytes())
            return str(described["socket"])
        except FileNotFoundError as error:
            raise RunError("the engine has not started yet", where=self._paths.id) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError("cannot be read", where=str(self._paths.run_json)) from error


class ReplaySession:
    """A recorded run. `speed` 1.0 keeps its pace, 10.0 is ten times as fast, None hands everything out at once."""

    read_only = True

    def __init__(
        self, run_dir: Path, speed: float | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        paths = RunPaths(run_dir)
        self._events = deque(journal.read(paths.journal))
        if not self._events:
            raise RunError("has no journal to replay", where=paths.id)
        self._speed, self._clock = speed, clock
        self._began: float | None = None
        self._first = _seconds(self._events[0])

    @property
    def finished(self) -> bool:
        """Everything has been handed out."""
        return not self._events

    def events(self) -> list[Event]:
        """The events whose time has come."""
        if self._speed is None:
            due = list(self._events)
            self._events.clear()
            return due
        now = self._clock()
        self._began = now if self._began is None else self._began
        reached = self._first + (now - self._began) * self._speed
        due = []
        while self._events and _seconds(self._events[0]) <= reached:
            due.append(self._events.popleft())
        return due

    def send(self, command: Command) -> str:
        """Refuses: a recorded run cannot be changed."""
        raise RunError("a replay changes nothing", where=command.name)


def _seconds(event: Event) -> float:
    try:
        return datetime.fromisoformat(event.ts.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return 0.0


def _answer(sock: socket.socket) -> dict[str, Any]:
    received = b""
    while not received.endswith(b"\n"):
        part = sock.recv(4096)
        if not part or len(received) > MAX_ANSWER_BYTES:
            raise OSError("the connection ended")
        received += part
    try:
        answer = decode_json(received)
    except (ValueError, RecursionError):
        raise OSError("its answer is no JSON") from None
    return answer if isinstance(answer, dict) else {}
