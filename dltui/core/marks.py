"""The places in a recording that people go to: where a beat of its walkthrough begins, or a round."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

from dltui.core.events import DemoStep, Event, RoundOpened
from dltui.errors import ConfigError


@dataclass(frozen=True)
class Mark:
    """A place: the number of the event that begins it, and its name."""

    seq: int
    text: str


class Marks:
    """The places of one run, found as its events come in."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.beats: list[Mark] = []
        self.rounds: list[Mark] = []
        self.last = 0
        """Number of the newest event."""
        for event in events:
            self.take(event)

    def take(self, event: Event) -> None:
        """Take one event in."""
        self.last = event.seq
        if isinstance(event.data, DemoStep):
            self.beats.append(Mark(event.seq, f"beat {event.data.n}/{event.data.of} {event.data.title}"))
        elif isinstance(event.data, RoundOpened):
            self.rounds.append(Mark(event.seq, f"round {event.data.round}"))

    @property
    def places(self) -> list[Mark]:
        """The beats if the run was led by a walkthrough, else the rounds."""
        return self.beats or self.rounds

    def after(self, seq: int) -> Mark | None:
        """Return the next place after event `seq`."""
        at = bisect_right(self.places, seq, key=lambda mark: mark.seq)
        return self.places[at] if at < len(self.places) else None

    def before(self, seq: int) -> Mark | None:
        """Return the last place that begins before event `seq`."""
        at = bisect_left(self.places, seq, key=lambda mark: mark.seq)
        return self.places[at - 1] if at else None

    def find(self, text: str) -> int:
        """Return the event that `text` names: a round (`3`, `r3`) or an event (`@120`). Raises ConfigError."""
        digits = text[1:] if text[:1] in ("@", "r") else text
        if not digits.isascii() or not digits.isdecimal() or len(digits) > 12:
            raise ConfigError(
                f"{text[:40]!r} is no place in a run", where="--from", hint="3 for round 3, @120 for event 120"
            )
        number = int(digits)
        if text.startswith("@"):
            if not 1 <= number <= self.last:
                raise ConfigError(f"there is no event {number}", where="--from", hint=f"@1 to @{self.last}")
            return number
        if not 1 <= number <= len(self.rounds):
            opened = f"1 to {len(self.rounds)}" if self.rounds else "no round was opened"
            raise ConfigError(f"there is no round {number}", where="--from", hint=opened)
        return self.rounds[number - 1].seq
