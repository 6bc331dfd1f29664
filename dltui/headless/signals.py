"""Ctrl+c and TERM in a headless face: the first asks the run to stop, the second leaves at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Counts what has come. `last` is the number of the last signal, 0 before any."""

    def __init__(self) -> None:
        self.count = 0
        self.last = 0

    def __call__(self, number: int, frame: FrameType | None = None) -> None:
        """The handler: raises KeyboardInterrupt from the second signal on, which ends whatever is being waited for."""
        self.count += 1
        self.last = number
        if self.count > 1:
            raise KeyboardInterrupt


@contextmanager
def caught() -> Iterator[Interrupts]:
    """Catches the signals for a while, in the main thread; elsewhere there is nothing to catch."""
    interrupts = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield interrupts
        return
    before = {number: signal.signal(number, interrupts) for number in SIGNALS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
