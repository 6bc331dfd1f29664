"""The signals that end a run: they wake the loop, which sleeps up to a second, at once."""

from __future__ import annotations

import selectors
import signal
import socket
from collections.abc import Callable
from types import FrameType

from dltui.engine.startup import SIGNALS


class StopSignals:
    """From now on `stop` is called with the reason when one of `SIGNALS` comes, and `selector` wakes."""

    def __init__(self, selector: selectors.BaseSelector, stop: Callable[[str], None]) -> None:
        self._stop = stop
        self._ear, self._waker = socket.socketpair()
        self._ear.setblocking(False)
        self._waker.setblocking(False)
        selector.register(self._ear, selectors.EVENT_READ, lambda: self._ear.recv(64))
        signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        for number in SIGNALS:
            signal.signal(number, self._came)

    def _came(self, number: int, _: FrameType | None) -> None:
        self._stop(f"stopped by {signal.Signals(number).name}")
