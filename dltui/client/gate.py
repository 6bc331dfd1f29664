"""How many clients of one machine train at once: file locks, which the kernel frees when their holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def turn(folder: str, slots: int, part: int) -> Iterator[None]:
    """Hold one of `slots` locks in `folder` for the time of the block; waits for a lock if all are taken.

    `part` spreads the waiting clients over the locks. No bound where `slots` is 0 or `folder` is empty.
    """
    if not folder or slots <= 0:
        yield
        return
    descriptor = _take(Path(folder), slots, part)
    try:
        yield
    finally:
        os.close(descriptor)


def _take(folder: Path, slots: int, part: int) -> int:
    for offset in range(slots):
        descriptor = os.open(folder / f"slot-{(part + offset) % slots}", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            os.close(descriptor)
    descriptor = os.open(folder / f"slot-{part % slots}", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return descriptor
