"""Whether a process that is asked now and then still answers."""

from __future__ import annotations

import time

ASK_SECONDS = 2.0
TURN = 1.0
"""At most so much of the time between two looks counts: an engine that was held up itself blames nobody."""


class Pulse:
    """Measures the silence of a process that is looked at again and again."""

    def __init__(self) -> None:
        self.silent = 0.0
        """Seconds since its answer was due."""
        self._asked = False
        self._looked, self._next = time.monotonic(), 0.0

    def heard(self) -> None:
        """It said something."""
        self._asked, self.silent = False, 0.0

    def look(self) -> bool:
        """Count the silence up to now; whether it is time to ask."""
        now = time.monotonic()
        passed, self._looked = min(now - self._looked, TURN), now
        if self._asked:
            self.silent += passed
            return False
        if now < self._next:
            return False
        self._asked, self._next = True, now + ASK_SECONDS
        return True
