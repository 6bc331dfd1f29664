"""Which processes that ended unasked come back by themselves, when, and how often."""

from __future__ import annotations

import time

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each try; after the last one a process that ends again stays away."""
STEADY_SECONDS = 60.0
"""A process that ran for so long has all its tries again."""


class Restarts:
    """Counts the tries of each process by its name."""

    def __init__(self) -> None:
        self._begun: dict[str, float] = {}
        self._tries: dict[str, int] = {}
        self._due: dict[str, float] = {}

    def started(self, name: str) -> None:
        """A process of that name begins."""
        self._begun[name] = time.monotonic()
        self._due.pop(name, None)

    def ended(self, name: str) -> float | None:
        """It ended unasked: the seconds after which it is due again, None after the last try."""
        now = time.monotonic()
        if now - self._begun.get(name, now) >= STEADY_SECONDS:
            self._tries.pop(name, None)
        tries = self._tries.get(name, 0)
        if tries >= len(PAUSES):
            return None
        self._tries[name] = tries + 1
        self._due[name] = now + PAUSES[tries]
        return PAUSES[tries]

    def forget(self, name: str) -> None:
        """The operator has taken it in hand: it does not come back by itself, and has all its tries again."""
        self._due.pop(name, None)
        self._tries.pop(name, None)

    def due(self) -> list[str]:
        """The processes to start now, each told once."""
        now = time.monotonic()
        names = [name for name, at in self._due.items() if now >= at]
        for name in names:
            del self._due[name]
        return names
