"""A bell that threads listen to: something happened, go and look."""

from __future__ import annotations

import threading


class Bell:
    """Counts its rings, so that a listener misses none that came while it looked."""

    def __init__(self) -> None:
        self.rings = 0
        self._changed = threading.Condition()

    def ring(self) -> None:
        """Wake the listeners."""
        with self._changed:
            self.rings += 1
            self._changed.notify_all()

    def wait(self, heard: int, timeout: float) -> int:
        """Wait for a ring after the first `heard`, `timeout` seconds at most; returns how many there were."""
        with self._changed:
            self._changed.wait_for(lambda: self.rings != heard, timeout)
            return self.rings
