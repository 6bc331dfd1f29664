"""How many clients of one machine train at once: file locks, which the kernel frees when their holder dies.

A holder that hangs keeps its lock, so it also has to say that it goes on: the time of the file is when it last did.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HUNG_SECONDS = 10.0
"""A holder that says nothing for so long gives its place to the next one, locked or not."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.1
_FREED = (0, 0)


@contextmanager
def turn(
    folder: str, slots: int, part: int, until: float, waiting: Callable[[], None]
) -> Iterator[Callable[[], None] | None]:
    """Hold one of `slots` places in `folder` for the time of the block.

    Gives the block what it calls at every step, or None where no place was free up to `until` (unix seconds); `waiting`
    is called again and again before. `part` spreads the waiting clients over the places. No bound where `slots` is 0 or
    `folder` is empty.
    """
    if not folder or slots <= 0:
        yield lambda: None
        return
    places = [
        os.open(Path(folder) / f"slot-{(part + offset) % slots}", os.O_CREAT | os.O_RDWR, 0o600)
        for offset in range(slots)
    ]
    try:
        place = _take(places, until, waiting)
        if place is None:
            yield None
            return
        try:
            yield lambda: os.utime(place)
        finally:
            os.utime(place, _FREED)
    finally:
        for descriptor in places:
            os.close(descriptor)


def _take(places: list[int], until: float, waiting: Callable[[], None]) -> int | None:
    pause = _FIRST_PAUSE
    while True:
        for place in places:
            if _is_free(place):
                os.utime(place)
                return place
        if time.time() >= until:
            return None
        waiting()
        time.sleep(pause)
        pause = min(1.5 * pause, _LONGEST_PAUSE)


def _is_free(place: int) -> bool:
    try:
        fcntl.flock(place, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return time.time() - os.fstat(place).st_mtime > HUNG_SECONDS
    return True
