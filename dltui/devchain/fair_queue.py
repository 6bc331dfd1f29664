"""Who may work now: the run's own processes at once, strangers one at a time and for half of the time at most.

Python runs one thread at a time, so each thread that works slows the others down. A stranger is a caller that does
not know the run's word. Each of its connections asks for one thing at a time and waits in one line with the others,
so the turns go round from connection to connection. A turn is short: long work calls `step` between its parts.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

SLICE = 0.005
"""Seconds of one turn; what has more to do goes to the end of the line."""

_here = threading.local()


class FairQueue:
    """The line of the strangers, and whether the run works. Safe to use from many threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.line: deque[_StrangersTurn] = deque()
        self.rest_until = 0.0
        self.working = 0
        """Threads that work for the run now."""
        self.begun = 0
        """How often a thread began to work for the run."""

    def run(self) -> _Turn:
        """A context that works for the run, at once."""
        return _Turn(self)

    def stranger(self) -> _Turn:
        """A context that works for a stranger when it is its turn."""
        return _StrangersTurn(self)

    def rest(self, began: float, begun: int) -> float:
        """Seconds to rest after work that began at `began`: as long as it took, if the run worked since it had `begun`.

        Times in seconds of `time.monotonic`.
        """
        return time.monotonic() - began if self.working or self.begun != begun else 0.0


class _Turn:
    """Work for the run in this thread, from `with` to its end."""

    def __init__(self, queue: FairQueue) -> None:
        self._queue = queue

    def __enter__(self) -> None:
        self.begin()
        _here.turn = self

    def __exit__(self, *_: object) -> None:
        _here.turn = None
        self.end()

    def begin(self) -> None:
        with self._queue.lock:
            self._queue.working += 1
            self._queue.begun += 1

    def end(self) -> None:
        with self._queue.lock:
            self._queue.working -= 1

    def step(self) -> None:
        """The run works on."""


class _StrangersTurn(_Turn):
    """Work for a stranger in this thread, one turn after the other."""

    def __init__(self, queue: FairQueue) -> None:
        super().__init__(queue)
        self._called = threading.Event()
        self._began = 0.0
        self._begun = 0

    def begin(self) -> None:
        """Stand in line, and return when this one is the first and the rest after the last turn is over."""
        queue = self._queue
        with queue.lock:
            queue.line.append(self)
            first = queue.line[0] is self
        if not first:
            self._called.wait()
            self._called.clear()
        rest = queue.rest_until - time.monotonic()
        if rest > 0:
            time.sleep(rest)
        self._began, self._begun = time.monotonic(), queue.begun

    def end(self) -> None:
        queue = self._queue
        queue.rest_until = time.monotonic() + queue.rest(self._began, self._begun)
        with queue.lock:
            queue.line.popleft()
            following = queue.line[0] if queue.line else None
        if following is not None:
            following._called.set()

    def step(self) -> None:
        if time.monotonic() - self._began >= SLICE:
            self.end()
            self.begin()


def is_stranger() -> bool:
    """Whether this thread works for a stranger."""
    return isinstance(getattr(_here, "turn", None), _StrangersTurn)


def step() -> None:
    """Between two parts of long work: a stranger whose turn is used up lets the others go first. Hold no lock."""
    turn: _Turn | None = getattr(_here, "turn", None)
    if turn is not None:
        turn.step()


@contextmanager
def aside() -> Iterator[None]:
    """Let others go first while this thread waits for something. Hold no lock."""
    turn: _Turn | None = getattr(_here, "turn", None)
    if turn is not None:
        turn.end()
    try:
        yield
    finally:
        if turn is not None:
            turn.begin()
