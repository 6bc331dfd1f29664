"""The state of a run: what its events have told so far, and the questions that can be asked of it."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from dltui.core.chain_states import VersionState
from dltui.core.envelope import Event
from dltui.core.state.entities import Alert, Chain, Client, DataSet, Model, Plan, Round, Step, Tx, Version

MAX_EVENTS = 5_000
MAX_TXS = 2_000
MAX_ALERTS = 200
ENDS = ("done", "failed", "stopped")
"""What a run can end as."""


class IllegalStep(Exception):
    """The event cannot follow what came before; the text says why, for people."""


def require(condition: bool, text: str) -> None:
    """Raise IllegalStep with `text` unless the condition holds."""
    if not condition:
        raise IllegalStep(text)


@dataclass
class State:
    """Everything that a face shows. Equal journals give equal states, however they are cut into pieces."""

    run: str = ""
    version: str = ""
    seed: int = 0
    target: int = 0
    """Rounds to run."""
    config: dict[str, Any] = field(default_factory=dict)
    status: str = "starting"
    """starting, running, paused, done, failed or stopped."""
    started_at: str = ""
    finished_at: str = ""
    exit_code: int | None = None
    reason: str = ""
    demo: Step | None = None
    plan: Plan | None = None
    data: DataSet | None = None
    model: Model | None = None
    chain: Chain = field(default_factory=Chain)
    clients: dict[str, Client] = field(default_factory=dict)
    rounds: dict[int, Round] = field(default_factory=dict)
    versions: dict[int, Version] = field(default_factory=dict)
    txs: deque[Tx] = field(default_factory=lambda: deque(maxlen=MAX_TXS))
    alerts: dict[str, Alert] = field(default_factory=dict)
    last_seq: int = 0
    last_ts: str = ""
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=MAX_EVENTS))
    deployments: set[str] = field(default_factory=set)
    """Transactions of deployments, so that each is counted once whichever event tells of it first."""

    def apply(self, event: Event) -> frozenset[str]:
        """Take one event in; return the names of what changed: run chain round clients registry events alert.

        Never raises: an event that cannot follow from what came before changes nothing but adds an alert whose id
        begins with `journal: `.
        """
        if event.seq <= self.last_seq:
            self._illegal(event, f"event {event.seq} came again after {self.last_seq}")
            return frozenset({"alert"})
        changed = {"events"}
        if self.last_seq and event.seq != self.last_seq + 1:
            self._illegal(event, f"events {self.last_seq + 1} to {event.seq - 1} are missing")
            changed.add("alert")
        self.last_seq, self.last_ts = event.seq, event.ts
        self.events.append(event)
        try:
            changed.update(event.data.fold(self, event.ts))
        except IllegalStep as error:
            self._illegal(event, str(error))
            changed.add("alert")
        return frozenset(changed)

    @property
    def round(self) -> Round | None:
        """The round in flight, or the last one."""
        return self.rounds[max(self.rounds)] if self.rounds else None

    @property
    def in_flight(self) -> Round | None:
        """The round in flight, if one is."""
        last = self.round
        return last if last and last.state.in_flight else None

    @property
    def base(self) -> Version | None:
        """The version that the next round starts from: the newest without a rejected ancestor."""
        sound = [v for v in self.versions.values() if v.state != VersionState.REJECTED and not v.tainted]
        return max(sound, key=lambda v: v.number) if sound else None

    @property
    def released(self) -> Version | None:
        """The version in use."""
        return next((version for version in self.versions.values() if version.released), None)

    @property
    def quorum(self) -> int:
        """How many equal seals decide a round."""
        return self.plan.quorum if self.plan else self.setting("rounds", "quorum", 1)

    @property
    def min_submissions(self) -> int:
        """Fewer updates abort a round; of the configuration if the journal is too old to have the plan's."""
        told = self.plan.min_submissions if self.plan else 0
        return told or self.setting("rounds", "min_submissions", 1)

    @property
    def require_approval(self) -> bool:
        """The next round waits for the operator's word on its base."""
        return self.plan.require_approval if self.plan else self.setting("rounds", "require_approval", False)

    @property
    def awaiting(self) -> list[Version]:
        """Sound versions that nobody has approved or rejected, oldest first."""
        return [v for _, v in sorted(self.versions.items()) if v.state == VersionState.VERIFIED and not v.tainted]

    @property
    def finished(self) -> bool:
        """The run has ended."""
        return self.status in ENDS

    def setting(self, section: str, key: str, default: Any) -> Any:
        """Return a value of the run's configuration, if it is there and of the default's type."""
        values = self.config.get(section)
        value = values.get(key) if isinstance(values, dict) else None
        return value if type(value) is type(default) else default

    def client(self, id: str) -> Client:
        """Return the client of that id; a new one if it is not known yet."""
        return self.clients.setdefault(id, Client(id))

    def alert(self, id: str, severity: str, text: str, hint: str, at: str) -> None:
        """Raise an alert, or renew the one of that id; the oldest goes when there are too many."""
        self.alerts.pop(id, None)
        self.alerts[id] = Alert(id, severity, text, hint, at)
        if len(self.alerts) > MAX_ALERTS:
            del self.alerts[next(iter(self.alerts))]

    def _illegal(self, event: Event, text: str) -> None:
        self.alert(
            f"journal: {event.kind}",
            "error",
            f"journal: {text}",
            "the journal does not agree with itself: `dltui verify` finds the place",
            event.ts,
        )
