"""How many clients of one machine train at once, and in which order: file locks, which the kernel frees at a death.

A holder that hangs keeps its lock, so it also has to say that it goes on: the time of the file is when it last did.
Longest first: one that waits locks the byte of its rank in the file `queue`, and those of higher ranks let it go first.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dltui.files import try_lock

HUNG_SECONDS = 10.0
"""A holder that says nothing for so long gives its place to the next one, locked or not."""
YIELD_SECONDS = 0.5
"""How long a free place is left to those of lower ranks: one of them that hangs does not hold up the others."""
GATHER_SECONDS = 0.05
"""How long the ranks that are not the first to train leave those the time to come."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.03
"""Seconds between two looks: of the next in line, and at most of the others, which may soon be the next."""
_FREED = (0, 0)


@contextmanager
def turn(
    folder: str, slots: int, rank: int, until: float, waiting: Callable[[], None]
) -> Iterator[Callable[[], None] | None]:
    """Hold one of `slots` places in `folder` for the time of the block.

    Yields what the block calls at every step, or None if no place was free up to `until` (unix seconds); `waiting` is
    called again and again before. Of those that wait the lowest `rank` is the next. There is no bound if `slots` is 0
    or `folder` is empty.
    """
    if not folder or slots <= 0:
        yield lambda: None
        return
    names = [f"slot-{(rank + offset) % slots}" for offset in range(slots)]
    queue, *places = [os.open(Path(folder) / name, os.O_CREAT | os.O_RDWR, 0o600) for name in ["queue", *names]]
    try:
        place = _take(places, queue, rank, until, waiting)
        if place is None:
            yield None
            return
        try:
            yield lambda: os.utime(place)
        finally:
            os.utime(place, _FREED)
    finally:
        for descriptor in [queue, *places]:
            os.close(descriptor)


def _take(places: list[int], queue: int, rank: int, until: float, waiting: Callable[[], None]) -> int | None:
    queued = _queue_up(queue, rank)
    try:
        if rank >= len(places) and time.time() + GATHER_SECONDS < until:
            time.sleep(GATHER_SECONDS)
        pause, yielded = _FIRST_PAUSE, 0.0
        while True:
            queued = queued or _queue_up(queue, rank)
            first = _is_first(queue, rank) or yielded > YIELD_SECONDS
            for place in places:
                if _is_free(place):
                    if first:
                        os.utime(place)
                        return place
                    fcntl.flock(place, fcntl.LOCK_UN)
                    yielded += pause
                    break
            if time.time() >= until:
                return None
            waiting()
            time.sleep(pause)
            pause = _FIRST_PAUSE if first else min(1.5 * pause, _LONGEST_PAUSE)
    finally:
        fcntl.lockf(queue, fcntl.LOCK_UN, 1, rank)


def _queue_up(queue: int, rank: int) -> bool:
    """Stand in the queue, without waiting: another that looks at the queue and hangs there holds this byte."""
    try:
        fcntl.lockf(queue, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, rank)
    except OSError:
        return False
    return True


def _is_first(queue: int, rank: int) -> bool:
    """Return whether no client of a lower rank waits."""
    if rank == 0:
        return True
    try:
        fcntl.lockf(queue, fcntl.LOCK_SH | fcntl.LOCK_NB, rank)
    except OSError:
        return False
    fcntl.lockf(queue, fcntl.LOCK_UN, rank)
    return True


def _is_free(place: int) -> bool:
    return try_lock(place) or time.time() - os.fstat(place).st_mtime > HUNG_SECONDS
