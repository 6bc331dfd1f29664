"""A run without a screen: follows a session to its end, narrates it and returns the exit code."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Literal, TextIO

from dltui import exits
from dltui.core import views
from dltui.core.commands import new_command
from dltui.core.events import Event
from dltui.core.state.state import State
from dltui.core.summary import summarise
from dltui.errors import DltuiError, RunError
from dltui.headless.console import console, silence
from dltui.headless.jsonl import JsonLines
from dltui.headless.printer import Level, Printer
from dltui.headless.signals import Interrupts, caught
from dltui.headless.stage import Director, Stage
from dltui.headless.summary import print_summary
from dltui.rundir.session import Session

POLL_SECONDS = 0.05
GRACE_SECONDS = 30.0
"""How long an engine may take to be reached for the first time."""
FINISH_SECONDS = 5.0
"""How long a walkthrough may take to play its last turn when the run has finished."""
LOST_SECONDS = 2.0
"""How long an engine that was reached may be away before the run counts as left."""


def follow(
    session: Session,
    format: Literal["text", "jsonl"] = "text",
    *,
    level: Level = "normal",
    director: Director | None = None,
    alive: Callable[[], bool] | None = None,
    stop_on_interrupt: bool = True,
    first: int = 1,
    out: TextIO | None = None,
    err: TextIO | None = None,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Follow the run until `run.finished` and return its exit code.

    Narration goes to `err`; `out` gets the closing tables, or with `jsonl` the journal lines and nothing else. `alive`
    says whether the engine still runs (by default the session's own `alive`, if it has one). The first ctrl+c or
    TERM sends `run.stop` and waits, the second leaves with 130 or 143; with `stop_on_interrupt` false the first leaves.
    `level` says how much is narrated. Events before number `first` are taken in without a word.
    Raises MismatchError if the journal is damaged.
    """
    follower = _Follower(session, format, director, out or sys.stdout, Printer(err or sys.stderr, level), clock, first)
    watch = _Watch(alive or getattr(session, "alive", None), clock)
    with caught() as interrupts:
        try:
            while not follower.turn():
                if interrupts.count and not follower.stopping:
                    if session.read_only or not stop_on_interrupt:
                        return _code(interrupts)
                    follower.stop("stopping the run, once more leaves at once", code=_code(interrupts))
                if watch.lost():
                    return follower.abandoned()
                sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            return _code(interrupts)
    return follower.close()


class _Follower:
    """What is known of the run and what is said about it."""

    def __init__(
        self,
        session: Session,
        format: str,
        director: Director | None,
        out: TextIO,
        printer: Printer,
        clock: Callable[[], float],
        first: int,
    ) -> None:
        self._session, self._clock, self._first = session, clock, first
        self._stage = Stage(director) if director is not None else None
        self._out: TextIO | None = out
        self._state = State()
        self._printer = printer
        self._lines = JsonLines(out) if format == "jsonl" else None
        self._failure: int | None = None
        self._stop = new_command("run.stop", "cli")
        self._asked_at = float("inf")
        self._refused = False
        self.stopping = False

    def turn(self) -> bool:
        """Take in what is new; True when the run has finished."""
        events, now = self._session.events(), self._clock()
        for event in events:
            self._state.apply(event)
            if event.seq < self._first:
                continue
            self._write(event)
            self._printer.event(event, self._state, now)
        if self._stage is not None and not self.stopping:
            try:
                self._stage.tick(events, now)
            except DltuiError as error:
                self._failed(error)
        if now - self._asked_at >= 1.0 and not self._session.finished:
            self._ask_stop()
        if not events:
            self._printer.idle(self._state, now)
        return self._session.finished

    def _failed(self, error: DltuiError) -> None:
        self._printer.note(f"the walkthrough failed: {error}", "bold red")
        if self._session.finished:
            self._failure = error.exit_code
        else:
            self.stop("stopping the run", code=error.exit_code)

    def stop(self, why: str, *, code: int) -> None:
        """Ask the engine to stop; `code` is this program's own exit code from now on."""
        self.stopping = True
        self._failure = code
        self._printer.note(why, "yellow")
        self._ask_stop()

    def _ask_stop(self) -> None:
        """Send `run.stop`; an engine that still starts is asked again a second later."""
        self._asked_at = self._clock()
        try:
            self._session.send(self._stop)
            self._asked_at = float("inf")
        except RunError as error:
            if not self._refused:
                self._printer.note(str(error), "bold red")
            self._refused = True

    def abandoned(self) -> int:
        """Return whether the engine is gone without having finished the run."""
        self.turn()
        if self._session.finished:
            return self.close()
        run = self._state.run
        hint = f"`dltui resume {run}` goes on from chain and blobs" if run else "look at the engine's log"
        self._printer.note(f"the engine ended before the run did - {hint}", "bold red")
        return exits.FAILED if self._failure is None else self._failure

    def close(self) -> int:
        """Print the tables and the last line, and return the exit code."""
        if self._stage is not None and not self.stopping:
            try:
                self._stage.finish(self._clock(), FINISH_SECONDS)
            except DltuiError as error:
                self._failed(error)
        farewell = views.farewell(self._state)
        if self._lines is None and self._out is not None:
            tables = console(self._out)
            print_summary(summarise(self._state, ""), tables)
            tables.print(farewell, soft_wrap=True)
        else:
            self._printer.note(farewell)
        code = self._state.exit_code if self._state.exit_code is not None else exits.OK
        return code if self._failure is None else self._failure

    def _write(self, event: Event) -> None:
        if self._lines is None or self._out is None:
            return
        try:
            self._lines.write(event)
        except BrokenPipeError:
            self._printer.note("nobody reads the journal any more; the run goes on", "yellow")
            silence(self._out)
            self._out = None


class _Watch:
    """Whether an engine that has been there is gone."""

    def __init__(self, alive: Callable[[], bool] | None, clock: Callable[[], float]) -> None:
        self._alive, self._clock = alive, clock
        self._limit = GRACE_SECONDS
        self._asked = self._seen = clock()

    def lost(self) -> bool:
        """True once it has been away for too long; asks once a second."""
        now = self._clock()
        if self._alive is None or now - self._asked < 1.0:
            return False
        self._asked = now
        if self._alive():
            self._seen, self._limit = now, LOST_SECONDS
        return now - self._seen > self._limit


def _code(interrupts: Interrupts) -> int:
    return 128 + interrupts.last if interrupts.last else exits.INTERRUPTED
