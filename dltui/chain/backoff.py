"""Pauses between tries of something that fails: ever longer ones, so that who is away is not flooded on its return."""

from __future__ import annotations

import random

FIRST, LONGEST = 0.1, 5.0
"""Seconds of the first pause and of the longest; each is twice as long as the one before."""


class Backoff:
    """How long to wait after each failure in a row.

    Each is shortened by chance, by half at most: clients that lost the same node do not return at the same moment.
    """

    def __init__(self) -> None:
        self._pause = FIRST

    def failed(self) -> float:
        """Return the seconds to wait now."""
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST)
        return pause * random.uniform(0.5, 1.0)

    def succeeded(self) -> None:
        """Begin with the first pause again."""
        self._pause = FIRST
