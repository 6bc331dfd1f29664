"""The envelope of an event and the bases of its data.

Ids are names people know (`client-3`), amounts are integers (wei, gas, basis points), times are UTC. Everything that
is shown anywhere is a fold of these. A reader ignores kinds and fields that it does not know (an old viewer of a new
run) and refuses a newer envelope version.

An event is one class in a topic module of `core/events`: its fields, how it is made from a contract's log, what it
changes in the state and in the ledger, and the sentence that tells it.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import msgspec

from dltui.core.ledger import Ledger

VERSION = 1
"""Version of the envelope."""

KINDS: dict[str, type[Payload]] = {}
"""Every kind that this version knows."""

LOGS: dict[str, type[ChainFact]] = {}
"""The contracts' events that become events of the run, by their names."""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every event's data. A subclass with a `KIND` is an event, and is known as soon as it is declared.

    Raises TypeError when a second event of one kind, or of one log, is declared.
    """

    KIND: ClassVar[str] = "unknown"
    """The name in the envelope."""
    LEVEL: ClassVar[str] = "info"
    """info, good, warning or error."""
    ADDED: ClassVar[tuple[str, ...]] = ()
    """Fields that journals of earlier releases lack; each has a default."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Enter the event into `KINDS`."""
        super().__init_subclass__(**options)
        if "KIND" in vars(cls) and KINDS.setdefault(cls.KIND, cls) is not cls:
            raise TypeError(f"there is an event {cls.KIND} already")

    def fold(self, state: Any, ts: str) -> tuple[str, ...]:
        """Change the `State` as the event says, which happened at `ts`; return the names of what changed.

        Raises IllegalStep if it cannot follow what came before.
        """
        return ()

    def sentence(self) -> str:
        """Tell the event in one line."""
        return self.KIND

    def level(self) -> str:
        """Say how much it matters: info, good, warning or error."""
        return self.LEVEL


class Names(Protocol):
    """How the clients and blobs of a log are called in an event."""

    def client(self, index: int) -> str:
        """Return the id of the client of that index. Raises LookupError if there is none."""

    def clients(self, bitmap: int) -> tuple[str, ...]:
        """Return the ids of the clients of a bitmap, the lowest index first. Raises LookupError."""

    def id_of(self, address: str) -> str:
        """Return the id shown for an address."""

    def cid(self, digest: str) -> str:
        """Return the CID of a blob by its hex digest."""


class ChainFact(Payload, frozen=True, kw_only=True):
    """Base of what the chain alone says: `verify` derives it again. One with a `LOG` is made from that contract event.

    Raises TypeError as `Payload` does.
    """

    LOG: ClassVar[str] = ""

    def __init_subclass__(cls, **options: Any) -> None:
        """Enter the event into `LOGS`."""
        super().__init_subclass__(**options)
        if "LOG" in vars(cls) and LOGS.setdefault(cls.LOG, cls) is not cls:
            raise TypeError(f"there is an event of the log {cls.LOG} already")

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ChainFact:
        """Make the event from the log's arguments; `tx` is the hash of its transaction. Raises LookupError.

        The ledger has the log by then.
        """
        raise NotImplementedError

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Change the ledger as the log says; what participants act on is there and nowhere else. Raises LookupError."""


class Event(msgspec.Struct, frozen=True):
    """One fact: its number in the run, when the engine wrote it (UTC, ISO 8601 with milliseconds), and what it says."""

    seq: int
    ts: str
    data: Payload

    @property
    def kind(self) -> str:
        """The event's kind, such as `round.opened`."""
        return self.data.KIND


class Unknown(Payload, frozen=True, kw_only=True):
    """An event of a kind that this version does not know; kept so that nothing is lost."""

    kind: str
    fields: dict[str, Any]

    def sentence(self) -> str:
        """Name its kind."""
        return f"{self.kind} (of a newer version)"
