"""Who may work now: the run's own processes at once, strangers one at a time and for half of the time at most.

Python runs one thread at a time, so each thread that works slows the others down. A stranger is a caller that does
not know the run's word. Each of its connections asks for one thing at a time and waits in one line with the others,
so the turns go round from connection to connection. A turn is short: long work calls `step` between its parts. What it
has found so far stays in memory meanwhile, so few strangers may have long work at a time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

SLICE = 0.005
"""Seconds of one turn; what has more to do goes to the end of the line."""
LONG = 2
"""Strangers at a time whose work takes more than one turn."""
PATIENCE = 10.0
"""Seconds that long work waits until it is among them."""

_here = threading.local()


class Busy(Exception):
    """Too much is being done for others; the message says so."""

    def __init__(self) -> None:
        super().__init__("too many calls are being executed; try again")


class FairQueue:
    """The line of the strangers, and whether the run works. Safe to use from many threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.line: deque[_StrangersTurn] = deque()
        self.long = threading.BoundedSemaphore(LONG)
        self.rest_until = 0.0
        self.working = 0
        """Threads that work for the run now."""
        self.begun = 0
        """How often a thread began to work for the run."""

    def run(self) -> _Turn:
        """Return a context that works for the run, at once."""
        return _Turn(self)

    def stranger(self) -> _Turn:
        """Return a context that works for a stranger when it is its turn."""
        return _StrangersTurn(self)

    def rest(self, began: float, begun: int) -> float:
        """Return the seconds to rest after work that began at `began` (`time.monotonic`).

        As long as it took, if the run worked since it had `begun`.
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
        """Work on: the run does not wait for its turn."""


class _StrangersTurn(_Turn):
    """Work for a stranger in this thread, one turn after the other."""

    def __init__(self, queue: FairQueue) -> None:
        super().__init__(queue)
        self._called = threading.Event()
        self._began = 0.0
        self._begun = 0
        self._is_long = False

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if self._is_long:
            self._is_long = False
            self._queue.long.release()

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
        if time.monotonic() - self._began < SLICE:
            return
        self.end()
        self._is_long = self._is_long or self._queue.long.acquire(timeout=PATIENCE)
        self.begin()
        if not self._is_long:
            raise Busy


def is_stranger() -> bool:
    """Return whether this thread works for a stranger."""
    return isinstance(getattr(_here, "turn", None), _StrangersTurn)


def step() -> None:
    """Let the others go first between two parts of long work, if the turn of a stranger is used up. Hold no lock.

    Raises `Busy` if too many others have long work.
    """
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
