"""Where a round's time goes: the slowest participant of each part, and the rest that was waiting."""

from __future__ import annotations

import time
from collections import defaultdict

from dltui.core.events import RoundTimed

PARTS = ("training", "chain", "store", "aggregation", "attestation")
SETTLE = 0.3
"""Seconds after a round's end in which the last participants still tell their times."""
LONGEST = 86_400.0


class Timings:
    """Collects what participants tell of each part and closes a round's account when it has ended."""

    def __init__(self) -> None:
        self._told: dict[int, dict[str, dict[str, float]]] = defaultdict(
            lambda: defaultdict(lambda: defaultdict(float))
        )
        self._opened: dict[int, float] = {}
        self._closed: dict[int, float] = {}
        self._newest = 0
        self._settled = 0

    def add(self, number: int, client: str, part: str, seconds: float) -> None:
        """A participant spent `seconds` on a part of a round; nonsense is dropped, and other rounds than the present.

        A participant may see a round before the engine does, so the next one counts as present too.
        """
        if part in PARTS and 0 <= seconds <= LONGEST and self._settled < number <= self._newest + 1:
            self._told[number][client][part] += seconds

    def opened(self, number: int, ago: float = 0.0) -> None:
        """A round began, `ago` seconds ago where an earlier engine opened it."""
        self._opened[number] = time.monotonic() - ago
        self._newest = number

    def closed(self, number: int) -> None:
        """A round ended."""
        self._closed[number] = time.monotonic()

    def settled(self, at_once: bool = False) -> list[RoundTimed]:
        """The accounts of rounds that ended a moment ago, or of all that ended."""
        now = time.monotonic()
        due = [number for number, ended in self._closed.items() if at_once or now - ended > SETTLE]
        return [self._account(number) for number in due]

    def _account(self, number: int) -> RoundTimed:
        ended = self._closed.pop(number)
        total = ended - self._opened.pop(number, ended)
        told = self._told.pop(number, {})
        self._settled = number
        parts = {part: max((times[part] for times in told.values()), default=0.0) for part in PARTS}
        waiting = max(0.0, total - sum(parts.values()))
        rounded = {part: round(seconds, 3) for part, seconds in parts.items()}
        return RoundTimed(round=number, total=round(total, 3), waiting=round(waiting, 3), **rounded)
