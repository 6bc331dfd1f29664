"""Sessions: how a face sees a run, live or recorded."""

from __future__ import annotations

import contextlib
import os
import socket
import time
from bisect import bisect_right
from collections.abc import Callable
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from typing import Any, Protocol

from dltui.core.commands import Command, encode
from dltui.core.events import Event, RunFinished, RunResumed
from dltui.core.marks import Marks
from dltui.core.safe_json import decode_json
from dltui.core.sanitize import clean
from dltui.errors import DltuiError, RunError
from dltui.rundir import journal
from dltui.rundir.documents import read_json
from dltui.rundir.paths import RunPaths

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
        """Return what is new; does not wait."""

    def send(self, command: Command) -> str:
        """Ask the engine and return what became of it, in words; raises RunError if it is refused."""


class LiveSession:
    """A run of this machine: its journal is tailed, commands go over the control socket named in `run.json`.

    An end of the run up to event number `after` does not count: it is the one that a resumed run goes on from. A
    session that is `read_only` never opens the socket. `failure` says why the engine that was started for this session
    has ended, None while it runs: one that ends before it begins the run is told by `events`.
    """

    def __init__(
        self,
        run_dir: Path,
        *,
        after: int = 0,
        read_only: bool = False,
        failure: Callable[[], DltuiError | None] | None = None,
    ) -> None:
        self._paths = RunPaths(run_dir)
        self._after = after
        self._failure = failure
        self.refused: DltuiError | None = None
        """Why the run did not begin."""
        self.read_only = read_only
        self._tail = journal.Tail(self._paths.journal)
        self.finished = False

    def events(self) -> list[Event]:
        """Return the events since the last call.

        Raises MismatchError if the journal is damaged, and `refused` if the engine ended before it began.
        """
        ended = self._failure() if self._failure is not None else None
        events = self._tail.poll()
        if events and events[-1].seq > self._after:
            self._failure = None
        elif ended is not None:
            self.refused = ended
            raise ended
        for event in events:
            if isinstance(event.data, RunFinished) and event.seq > self._after:
                self.finished = True
            elif isinstance(event.data, RunResumed):
                self.finished = False
        return events

    def send(self, command: Command) -> str:
        """Send one command and return its answer in words. Raises RunError with the reason if there is no yes."""
        if self.read_only:
            raise RunError("this screen only reads", where=command.name, hint="attach without --read-only")
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
            # The engine's answer is a whole sentence, which names its place itself.
            raise RunError(clean(str(answer.get("message") or f"{command.name} was refused"), 500))
        return clean(str(answer.get("message") or ""), 4_000)

    def alive(self) -> bool:
        """Say whether an engine listens; if nothing may be sent, whether the process of `run.json` is there."""
        if self.read_only:
            return self._process_is_there()
        try:
            self._connect().close()
        except RunError:
            return False
        return True

    def _process_is_there(self) -> bool:
        try:
            os.kill(int(read_json(self._paths.run_json)["pid"]), 0)
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return False
        return True

    def _connect(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(ANSWER_SECONDS)
        try:
            sock.connect(self._socket())
        except (OSError, ValueError) as error:
            sock.close()
            raise self._absent() from error
        return sock

    def _absent(self) -> RunError:
        """Return why nobody listens, and what can be done: a run that has all its rounds cannot be resumed."""
        run = self._paths.id
        try:
            done = read_json(self._paths.summary)["status"] == "done"
        except (OSError, ValueError, KeyError, TypeError):
            done = False
        if done:
            return RunError("has finished", where=run, hint=f"dltui replay {run} shows it again")
        return RunError("no engine runs it now", where=run, hint=f"`dltui resume {run}` starts one")

    def _socket(self) -> str:
        try:
            described = read_json(self._paths.run_json)
            return str(described["socket"])
        except FileNotFoundError as error:
            raise RunError("the engine has not started yet", where=self._paths.id) from error
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError("cannot be read", where=str(self._paths.run_json)) from error


class ReplaySession:
    """A recorded run. `speed` 1.0 keeps its pace, 10.0 is ten times as fast, None hands everything out at once.

    Its clock is that of the events' timestamps: it stands still while `paused`, and `seek` moves it. Equal moments show
    equal pictures, whenever they are reached.
    """

    read_only = True

    def __init__(
        self, run_dir: Path, speed: float | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        paths = RunPaths(run_dir)
        self._all = list(journal.read(paths.journal))
        if not self._all:
            raise RunError("has no journal to replay", where=paths.id)
        self.marks = Marks(self._all)
        self.rewinds = 0
        """How often it went back: a face that sees this change begins again with an empty state."""
        self._next = self._sought = 0
        self._speed, self._clock = speed, clock
        self._paused = False
        self._times = _rising(self._all)
        self._reached = self._times[0]
        self._at: float | None = None

    @property
    def finished(self) -> bool:
        """Everything has been handed out."""
        return self._next >= len(self._all)

    @property
    def speed(self) -> float | None:
        """Seconds of the run in a second; None for everything at once."""
        return self._speed

    @speed.setter
    def speed(self, speed: float | None) -> None:
        self._advance()
        self._speed = speed

    @property
    def paused(self) -> bool:
        """The recording stands still."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._advance()
        self._paused = paused

    @property
    def position(self) -> int:
        """Number of the last event that was handed out, or is due after a seek; 0 before the first."""
        reached = max(self._next, self._sought)
        return self._all[reached - 1].seq if reached else 0

    @property
    def now(self) -> float:
        """Unix seconds of the recording: at or after the last event that was handed out, before the next."""
        shown = self._times[max(0, self._next - 1)]
        return shown if self.finished else min(max(self._reached, shown), self._times[self._next])

    def seek(self, seq: int) -> None:
        """Moves to just after event number `seq` (clipped to the run); `events()` then hands out what leads there."""
        target = min(max(1, seq - self._all[0].seq + 1), len(self._all))
        if target < self._next:
            self.rewinds += 1
            self._next = 0
        self._sought = target
        self._reached, self._at = self._times[target - 1], None

    def events(self) -> list[Event]:
        """Return the events whose time has come."""
        self._advance()
        end = self._sought
        if not self._paused:
            reached = len(self._all) if self._speed is None else bisect_right(self._times, self._reached)
            end = max(end, reached)
        due = self._all[self._next : end]
        self._next = max(self._next, end)
        return due

    def send(self, command: Command) -> str:
        """Refuse: a recorded run cannot be changed."""
        raise RunError("a replay changes nothing", where=command.name)

    def _advance(self) -> None:
        """Moves the recording's clock by what has passed on the real one."""
        now = self._clock()
        if self._at is not None and not self._paused:
            self._reached += (now - self._at) * (self._speed or 0.0)
        self._at = now


def _rising(events: list[Event]) -> list[float]:
    """List the times of the events in unix seconds, never falling: a clock set back hides nothing."""
    return list(accumulate((_seconds(event) for event in events), max))


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
