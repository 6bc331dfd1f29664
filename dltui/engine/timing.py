"""Where a round's time goes: wall time by phase, the slowest participant of each part, and when nobody worked."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import dataclass, field

from dltui.core import events as ev
from dltui.core.events import Payload, RoundTimed

WORK = ("training", "chain", "store", "aggregation", "attestation")
PARTS = (*WORK, "queue")
"""What participants tell; the queue is the wait for a turn to train, in which others train."""
SETTLE = 0.3
"""Seconds after a round's end in which the last participants still tell their times."""
LONGEST = 86_400.0
MOST_SPELLS = 10_000
"""Spells of work that are kept of one round."""
_TURNS = (ev.RoundReporting, ev.RoundAttesting, ev.RoundAttested, ev.RoundFinalised, ev.RoundAborted)


@dataclass
class _Account:
    """One round. Times are monotonic seconds; `phase` is the one that began at `since`."""

    opened: float
    since: float
    phase: str = "open"
    whole: bool = True
    """Whether this engine saw its phases from the beginning."""
    closed: float | None = None
    phases: dict[str, float] = field(default_factory=lambda: dict.fromkeys(ev.Phases.__struct_fields__, 0.0))
    told: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    spells: list[tuple[float, float, str]] = field(default_factory=list)
    """When a participant worked: from, to, and which."""

    def turns(self, phase: str, now: float, into: str | None = None) -> None:
        """`phase` begins; the time since the last turn belongs to the phase `into`, by default the one that ends."""
        self.phases[into or self.phase] += now - self.since
        self.phase, self.since = phase, now

    def idle(self) -> tuple[float, str]:
        """Seconds in which nobody worked, and who began to work after the longest of them."""
        end, total, longest, who = self.opened, 0.0, 0.0, ""
        closed = self.closed or end
        for began, ended, name in [*sorted(self.spells), (closed, closed, "")]:
            gap = min(began, closed) - end
            total += max(0.0, gap)
            if gap > longest:
                longest, who = gap, name
            end = max(end, ended)
        return total, who


class Timings:
    """Collects what participants and chain tell of a round and closes its account when it has ended."""

    def __init__(self) -> None:
        self._accounts: dict[int, _Account] = {}
        self._early: dict[int, list[tuple[str, str, float, float]]] = defaultdict(list)
        self._late: dict[int, list[str]] = defaultdict(list)
        self._newest = 0

    def add(self, number: int, client: str, part: str, seconds: float) -> None:
        """A participant spent the last `seconds` on a part of a round; nonsense is dropped, and other rounds.

        A participant may see a round before the engine does, so the next one counts as present too.
        """
        if part not in PARTS or not 0 <= seconds <= LONGEST:
            return
        now = time.monotonic()
        if number in self._accounts:
            self._book(self._accounts[number], client, part, seconds, now)
        elif number == self._newest + 1 and len(self._early[number]) < MOST_SPELLS:
            self._early[number].append((client, part, seconds, now))

    def saw(self, payload: Payload) -> None:
        """The chain said something, perhaps of a round's phase."""
        now = time.monotonic()
        if isinstance(payload, ev.RoundOpened):
            self.opened(payload.round)
        elif isinstance(payload, ev.ClientLate):
            self._late[payload.round].append(payload.id)
        elif isinstance(payload, _TURNS) and payload.round in self._accounts:
            account = self._accounts[payload.round]
            if isinstance(payload, ev.RoundReporting):
                account.turns("reporting", now)
            elif isinstance(payload, ev.RoundAttesting):
                account.turns("attesting", now)
            elif isinstance(payload, ev.RoundAttested):
                account.turns("closing", now, into="attesting")
            else:
                account.turns("closed", now)
                account.closed = now

    def opened(self, number: int, ago: float = 0.0) -> None:
        """A round began, `ago` seconds ago if an earlier engine opened it."""
        began = time.monotonic() - ago
        self._accounts[number] = account = _Account(began, began, whole=ago == 0.0)
        self._newest = number
        for told in self._early.pop(number, []):
            self._book(account, *told)
        self._early.clear()

    def settled(self, at_once: bool = False) -> list[RoundTimed]:
        """The accounts of rounds that ended a moment ago, or of all that ended."""
        now = time.monotonic()
        ended = [(n, a.closed) for n, a in self._accounts.items() if a.closed is not None]
        return [self._close(number) for number, closed in ended if at_once or now - closed > SETTLE]

    def _book(self, account: _Account, client: str, part: str, seconds: float, now: float) -> None:
        account.told[client][part] += seconds
        if part in WORK and len(account.spells) < MOST_SPELLS:
            account.spells.append((now - seconds, now, client))

    def _close(self, number: int) -> RoundTimed:
        account = self._accounts.pop(number)
        idle, who = account.idle()
        late = tuple(dict.fromkeys(self._late.pop(number, [])))
        longest = {part: max((times[part] for times in account.told.values()), default=0.0) for part in PARTS}
        return RoundTimed(
            round=number,
            total=round((account.closed or account.opened) - account.opened, 3),
            waiting=round(idle, 3),
            awaited=late or ((who,) if who else ()),
            trained=sum("training" in times for times in account.told.values()),
            phases=ev.Phases(**{n: round(s, 3) for n, s in account.phases.items()}) if account.whole else None,
            **{part: round(seconds, 3) for part, seconds in longest.items()},
        )
