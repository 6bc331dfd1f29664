"""The operator's schedule: register the clients of this machine, open rounds, count misses, and say what is waited for.

It decides nothing about a round's result; a round that is open goes on without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dltui.aggregation.blobs.verdicts import Reason, Verdict
from dltui.chain import merkle
from dltui.chain.types import Call
from dltui.config.sections import Config
from dltui.core import alerts
from dltui.core.chain_states import RoundState
from dltui.core.format import names, plural
from dltui.core.ledger import Ledger, Member, RoundFacts
from dltui.engine.deployment import Federation
from dltui.protocol import keeper
from dltui.protocol.result import leaves_of

JOIN_SECONDS = 60.0
"""How long the first round waits for clients of this machine that have not joined."""
STARVED_SECONDS = 60.0
"""How long a run waits for enough active clients before it fails."""
MOST_ABORTS = 3
"""This many aborted rounds in a row end the run; those in which the run itself was down do not count."""
MOST_LOST = 10
"""This many aborted rounds in a row end the run, whatever the reasons."""
ENGINE_RANK = 12
"""The engine pokes after the members had their turns."""
NO_DIGEST = bytes(32)


@dataclass(frozen=True)
class Waiting:
    """Why no round can be opened now: an alert's id and words; `fails_after` seconds end the run, 0 never does."""

    id: str
    text: str
    hint: str
    fails_after: float = 0.0


class LocalClients(Protocol):
    """The clients of this machine."""

    local: dict[str, int]
    """Address to slice: only these are registered without being asked."""

    def is_gone(self, address: str) -> bool:
        """Whether that is a client of this machine without a process."""


class Scheduler:
    """Looks at the ledger and says which transaction the operator should send next, or what is waited for.

    `excused` says of a round that nobody is to blame for what it lacks, `verdicts` gives those of a closed round.
    """

    def __init__(
        self,
        config: Config,
        federation: Federation,
        ledger: Ledger,
        verdicts: Callable[[RoundFacts], tuple[Verdict, ...]],
        excused: Callable[[int], bool],
        clients: LocalClients,
    ) -> None:
        self._config = config
        self._federation = federation
        self._ledger = ledger
        self._verdicts = verdicts
        self._excused = excused
        self._clients = clients
        self._first = max(ledger.rounds, default=0) + 1
        """The first round of this engine: what an earlier one gave up does not end this one."""
        self._started = time.monotonic()
        self._counted: set[int] = set()
        self._overdue_phase: tuple[int, int, str] | None = None
        self._pokes_from = 0.0
        self.paused = False
        self.lack: Waiting | None = None
        """What a round would need that the machine does not have now."""
        self.order: list[str] = []
        """Addresses of the clients that the run starts with, in the order in which they get their indices."""
        self.missed_before: set[str] = set()
        """Clients of this machine that an earlier engine left suspended for misses, and that may come back."""

    @property
    def finished_rounds(self) -> int:
        """Rounds that gave a version."""
        return sum(1 for facts in self._ledger.rounds.values() if facts.state == RoundState.FINALISED)

    def failure(self) -> str:
        """Why the run has to end now; empty while it may go on. Only rounds of this engine since the last version."""
        aborted = []
        for number in sorted(self._ledger.rounds, reverse=True):
            if number < self._first or self._ledger.rounds[number].state != "aborted":
                break
            aborted.append(number)
        blamed = [number for number in aborted if not self._excused(number)]
        if len(blamed) >= MOST_ABORTS or len(aborted) >= MOST_LOST:
            return f"{len(aborted)} rounds in a row were aborted"
        return ""

    def complete(self) -> bool:
        """Whether the run has its rounds, and nothing of them waits for the operator."""
        facts = self._ledger.current
        done = self.finished_rounds >= self._config.run.rounds and (facts is None or not facts.state.in_flight)
        return done and not self._misses_due() and not self._awaiting_approval()

    def next_call(self) -> Call | None:
        """The transaction that is due for the operator now, one at a time."""
        return self._registration() or self._reinstatement() or self._overdue() or self._miss() or self._opening()

    def waiting(self) -> Waiting | None:
        """What keeps the next round from being opened, for the alert line; a lack is told in an open round, too."""
        facts = self._ledger.current
        if self.lack is not None and not self.complete():
            return self.lack
        if self.paused or (facts is not None and facts.state.in_flight):
            return None
        if self._awaiting_approval():
            version = self._ledger.base
            return Waiting(
                alerts.APPROVAL.id(),
                f"version {version} waits for the operator's approval",
                f"approve it (dltui model approve {version}) or reject it (dltui model reject {version})",
            )
        if self.unanswered() is not None and not self._ledger.rounds:
            return None
        if len(self._able) < self._needed() and time.monotonic() - self._started > JOIN_SECONDS / 4:
            return self._starved()
        return None

    def unanswered(self) -> Waiting | None:
        """Who asked to join and has no answer of the operator, whatever else goes on."""
        if self._config.clients.auto_register:
            return None
        members = self._ledger.members.values()
        ids = sorted(self._id(m) for m in members if m.status == "pending" and m.address in self._ledger.data)
        if not ids:
            return None
        hint = f"register {'it' if len(ids) == 1 else 'one'} (dltui client register {ids[0]})"
        return Waiting(alerts.PENDING.id(), f"waiting to be registered: {names(ids, 2)}", hint)

    def _starved(self) -> Waiting:
        """Too few can take part: who could, and what the operator would do for each."""
        members = self._ledger.members.values()
        suspended = sorted(self._id(m) for m in members if m.status == "suspended")
        down = sorted(self._id(m) for m in members if m.status == "active" and self._clients.is_gone(m.address))
        ways = []
        if suspended:
            ways.append(f"reinstate {names(suspended)} (dltui client reinstate {suspended[0]})")
        if down:
            ways.append(f"restart {names(down)} (dltui client restart {down[0]})")
        return Waiting(
            alerts.STARVED.id(),
            f"{plural(len(self._able), 'client')} can take part, a round needs {self._needed()}",
            "; ".join(ways) or "register or restart clients",
            STARVED_SECONDS,
        )

    def pending_call(self, member: Member) -> list[Call]:
        """The transactions that accept a pending client: its record count, then itself."""
        calls = []
        commitment = self._ledger.data.get(member.address)
        if commitment is not None and not commitment.approved:
            calls.append(self._federation.data.approve_data(member.address, commitment.root, commitment.count))
        if member.status == "pending":
            calls.append(self._federation.fl.approve_client(member.address))
        return calls

    def _id(self, member: Member) -> str:
        part = self._clients.local.get(member.address)
        return f"client-{part}" if part is not None else member.address[:8]

    @property
    def _able(self) -> list[int]:
        """Indices of the clients that the next round can count on: active, and not without a process here."""
        return [i for i in self._ledger.active if not self._clients.is_gone(self._ledger.by_index[i].address)]

    def _needed(self) -> int:
        rounds = self._config.rounds
        return max(rounds.min_submissions, rounds.quorum)

    def _awaiting_approval(self) -> bool:
        version = self._ledger.versions.get(self._ledger.base)
        return self._config.rounds.require_approval and version is not None and version.state == "verified"

    def _joined(self, address: str) -> bool:
        return address in self._ledger.members and address in self._ledger.data

    def _registration(self) -> Call | None:
        """The next acceptance of a client of this machine; those of the start in their order, once all have joined."""
        if not self._config.clients.auto_register:
            return None
        everybody = all(self._joined(address) for address in self.order)
        if not everybody and time.monotonic() - self._started < JOIN_SECONDS:
            return None
        for address in [*self.order, *(a for a in self._clients.local if a not in self.order)]:
            member = self._ledger.members.get(address)
            if member is not None and member.status == "pending" and self._joined(address):
                calls = self.pending_call(member)
                if calls:
                    return calls[0]
        return None

    def _reinstatement(self) -> Call | None:
        """The return of a client that was suspended for misses before this engine came, which has started it again."""
        for address in sorted(self.missed_before):
            member = self._ledger.members[address]
            if member.status == "suspended" and member.index is not None:
                return self._federation.fl.reinstate_client(member.index)
            self.missed_before.discard(address)
        return None

    def _overdue(self) -> Call | None:
        facts = self._ledger.current
        if facts is None or not facts.state.in_flight:
            return None
        now, due = time.time(), keeper.due_at(facts, ENGINE_RANK)
        phase = (facts.number, facts.attempt, facts.state)
        if now >= due and phase != self._overdue_phase:
            # Long overdue: this engine was not there. The members come first, each once.
            late = now >= due + 1
            self._overdue_phase = phase
            self._pokes_from = now + (len(facts.selected) + 1) * keeper.LATE if late else due
        call = keeper.poke(self._federation.fl, facts, self._ledger.plan_of(facts), now, ENGINE_RANK)
        if call is None or now < self._pokes_from:
            return None
        if not keeper.is_still(self._federation.fl, facts):
            self._pokes_from = now + keeper.LATE  # the ledger follows once the block counts
            return None
        return call

    def _misses_due(self) -> list[tuple[RoundFacts, int, Verdict | None]]:
        """Who missed the last closed round: no update, or one that nobody could fetch."""
        facts = self._ledger.current
        if facts is None or facts.state.in_flight or self._ledger.plan_of(facts)["maxMissed"] == 0:
            return []
        if self._excused(facts.number):
            return []
        due: list[tuple[RoundFacts, int, Verdict | None]] = [
            (facts, index, None) for index in facts.selected - facts.submitted if self._counts(facts, index)
        ]
        if facts.has_verdicts and facts.number not in self._counted:
            withheld = [v for v in self._verdicts(facts) if v.reason == Reason.WITHHELD]
            due += [(facts, v.client, v) for v in withheld if self._counts(facts, v.client)]
            if not due:
                self._counted.add(facts.number)
        return due

    def _counts(self, facts: RoundFacts, index: int) -> bool:
        return index not in facts.missed and self._ledger.by_index[index].status == "active"

    def _miss(self) -> Call | None:
        due = self._misses_due()
        if not due:
            return None
        facts, index, verdict = due[0]
        if verdict is None:
            return self._federation.fl.record_miss(facts.number, index, NO_DIGEST, 0, ())
        verdicts = self._verdicts(facts)
        proof = merkle.proof(leaves_of(facts.number, verdicts), verdicts.index(verdict))
        return self._federation.fl.record_miss(
            facts.number, index, bytes.fromhex(verdict.digest), verdict.weight, tuple(proof)
        )

    def _opening(self) -> Call | None:
        facts = self._ledger.current
        if self.paused or (facts is not None and facts.state.in_flight) or self._awaiting_approval():
            return None
        if self.lack is not None:
            return None
        if self.finished_rounds >= self._config.run.rounds or len(self._able) < self._needed():
            return None
        starting = facts is None and any(not self._settled(address) for address in self.order)
        if starting and (not self._config.clients.auto_register or time.monotonic() - self._started < JOIN_SECONDS):
            return None
        return self._federation.fl.open_round()

    def _settled(self, address: str) -> bool:
        """Whether a client of the start needs nothing from the operator any more."""
        member = self._ledger.members.get(address)
        return member is not None and member.status != "pending"
