"""A walkthrough beside the narration: its director may wait for the engine's answers, the narration may not."""

from __future__ import annotations

import queue
import threading
from typing import Protocol

from dltui.core.events import Event
from dltui.errors import DltuiError, RunError


class Director(Protocol):
    """A walkthrough: gets the new events on every turn, may send commands, raises DltuiError if it fails."""

    def tick(self, events: list[Event], now: float) -> None:
        """One turn."""


class Stage:
    """Gives a director its turns in a thread of its own, in order."""

    def __init__(self, director: Director) -> None:
        self._director = director
        self._turns: queue.SimpleQueue[tuple[list[Event], float] | None] = queue.SimpleQueue()
        self._waiting: list[Event] = []
        self._busy = threading.Event()
        self._failure: DltuiError | None = None
        self._thread = threading.Thread(target=self._play, name="walkthrough", daemon=True)
        self._thread.start()

    def tick(self, events: list[Event], now: float) -> None:
        """Pass events on, at once or after the turn being played. Raises the DltuiError of an earlier turn."""
        if self._failure is not None:
            raise self._failure
        self._waiting += events
        if not self._busy.is_set():
            self._busy.set()
            self._turns.put((self._waiting, now))
            self._waiting = []

    def finish(self, now: float, seconds: float) -> None:
        """Pass on what is left and wait, at most `seconds`, until it is played. Raises as `tick` does."""
        self._turns.put((self._waiting, now))
        self._waiting = []
        self._turns.put(None)
        self._thread.join(seconds)
        if self._failure is not None:
            raise self._failure

    def _play(self) -> None:
        while (turn := self._turns.get()) is not None:
            try:
                if self._failure is None:
                    self._director.tick(*turn)
            except DltuiError as error:
                self._failure = error
            except Exception as error:  # else the thread would end without a word, and nobody would lead the run
                self._failure = RunError(f"the walkthrough broke down: {type(error).__name__}: {error}")
            finally:
                self._busy.clear()
