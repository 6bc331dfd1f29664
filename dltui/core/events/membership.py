"""Where clients stand on chain: from asking to join until they have left."""

from __future__ import annotations

from typing import Any, ClassVar

from dltui.core import format as fmt
from dltui.core.chain_states import ClientStatus, SuspendReason
from dltui.core.envelope import ChainFact, Names
from dltui.core.ledger import Ledger, Member
from dltui.core.state.entities import Client
from dltui.core.state.state import State, require

__all__ = [
    "ClientBanned",
    "ClientLeaving",
    "ClientLeft",
    "ClientMissed",
    "ClientPending",
    "ClientRegistered",
    "ClientReinstated",
    "ClientRejected",
    "ClientSuspended",
]

CHANGED = ("clients",)

S = ClientStatus
_BEFORE = {
    S.PENDING: (S.NONE, S.REJECTED, S.LEFT),
    S.ACTIVE: (S.NONE, S.PENDING, S.SUSPENDED, S.LEFT),
    S.REJECTED: (S.PENDING,),
    S.SUSPENDED: (S.ACTIVE,),
    S.LEAVING: (S.ACTIVE, S.SUSPENDED),
    S.LEFT: (S.ACTIVE, S.SUSPENDED, S.LEAVING),
    S.BANNED: (S.NONE, S.PENDING, S.ACTIVE, S.SUSPENDED, S.REJECTED, S.LEAVING, S.LEFT),
}
"""What a client can have been before it became something."""


class ClientPending(ChainFact, frozen=True, kw_only=True):
    """A client asked to join; `name` is what it calls itself, made harmless."""

    KIND: ClassVar[str] = "client.pending"
    LOG: ClassVar[str] = "ClientJoined"
    id: str
    address: str
    name: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ClientPending:
        """Make it."""
        return cls(id=names.id_of(args["client"]), address=args["client"], name=args["name"])

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Add the member; one that was here before keeps its index."""
        known = ledger.members.get(args["client"])
        member = Member(args["client"], args["name"], index=known.index if known else None)
        ledger.members[member.address] = member
        if member.index is not None:
            ledger.by_index[member.index] = member

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Have it wait for the operator."""
        client = _move(state, self.id, S.PENDING, ts)
        client.address, client.name = self.address, self.name
        return CHANGED

    def sentence(self) -> str:
        """Say who asks."""
        return f"{self.id} asks to join" + (f' as "{self.name}"' if self.name not in ("", self.id) else "")


class ClientRegistered(ChainFact, frozen=True, kw_only=True):
    """The operator accepted a client: its index on chain; it takes part from the next round."""

    KIND: ClassVar[str] = "client.registered"
    LOG: ClassVar[str] = "ClientApproved"
    LEVEL: ClassVar[str] = "good"
    id: str
    index: int
    address: str
    tx: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ClientRegistered:
        """Make it."""
        return cls(id=names.id_of(args["client"]), index=args["index"], address=args["client"], tx=tx)

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Give the member its index."""
        member = ledger.members[args["client"]]
        member.status, member.index = S.ACTIVE, args["index"]
        ledger.by_index[args["index"]] = member

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Have it take part from the next round."""
        owner = next((c.id for c in state.clients.values() if c.index == self.index and c.id != self.id), None)
        require(owner is None, f"{self.id} was given index {self.index}, which is {owner}'s")
        client = _move(state, self.id, S.ACTIVE, ts)
        client.index, client.address, client.misses = self.index, self.address, 0
        return CHANGED

    def sentence(self) -> str:
        """Say who is in."""
        return f"{self.id} registered  {fmt.short(self.address)}"


class ClientRejected(ChainFact, frozen=True, kw_only=True):
    """The operator refused a pending client."""

    KIND: ClassVar[str] = "client.rejected"
    LOG: ClassVar[str] = "ClientRejected"
    LEVEL: ClassVar[str] = "warning"
    id: str
    address: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ClientRejected:
        """Make it."""
        return cls(id=names.id_of(args["client"]), address=args["client"])

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Mark the member."""
        ledger.members[args["client"]].status = S.REJECTED

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Refuse it."""
        _move(state, self.id, S.REJECTED, ts)
        return CHANGED

    def sentence(self) -> str:
        """Say who was refused."""
        return f"{self.id} refused"


class ClientSuspended(ChainFact, frozen=True, kw_only=True):
    """A client takes no part until it is reinstated."""

    KIND: ClassVar[str] = "client.suspended"
    LOG: ClassVar[str] = "ClientSuspended"
    LEVEL: ClassVar[str] = "warning"
    id: str
    reason: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ClientSuspended:
        """Make it."""
        return cls(id=names.client(args["index"]), reason=SuspendReason.say(args["reason"]))

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Mark the member."""
        ledger.set_status(args["index"], S.SUSPENDED).suspended_for = args["reason"]

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Have it pause."""
        _move(state, self.id, S.SUSPENDED, ts)
        return CHANGED

    def sentence(self) -> str:
        """Say why."""
        return f"{self.id} suspended: {self.reason}"


class ClientReinstated(ChainFact, frozen=True, kw_only=True):
    """A suspended client takes part again from the next round."""

    KIND: ClassVar[str] = "client.reinstated"
    LOG: ClassVar[str] = "ClientReinstated"
    id: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ClientReinstated:
        """Make it."""
        return cls(id=names.client(args["index"]))

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Mark the member, without its misses."""
        ledger.set_status(args["index"], S.ACTIVE).misses = 0

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Have it take part again."""
        suspended = state.client(self.id).membership == S.SUSPENDED
        require(suspended, f"{self.id} was reinstated without being suspended")
        _move(state, self.id, S.ACTIVE, ts).misses = 0
        return CHANGED

    def sentence(self) -> str:
        """Say who is back."""
        return f"{self.id} reinstated"


class ClientBanned(ChainFact, frozen=True, kw_only=True):
    """A client was excluded for good."""

    KIND: ClassVar[str] = "client.banned"
    LOG: ClassVar[str] = "ClientBanned"
    LEVEL: ClassVar[str] = "warning"
    id: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ClientBanned:
        """Make it."""
        return cls(id=names.client(args["index"]))

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Mark the member."""
        ledger.set_status(args["index"], S.BANNED)

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Exclude it."""
        _move(state, self.id, S.BANNED, ts)
        return CHANGED

    def sentence(self) -> str:
        """Say who is out."""
        return f"{self.id} banned"


class ClientLeaving(ChainFact, frozen=True, kw_only=True):
    """A client leaves after the round that it is selected in."""

    KIND: ClassVar[str] = "client.leaving"
    LOG: ClassVar[str] = "ClientLeaving"
    id: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ClientLeaving:
        """Make it."""
        return cls(id=names.client(args["index"]))

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Mark the member."""
        ledger.set_status(args["index"], S.LEAVING)

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Have it leave after its round."""
        _move(state, self.id, S.LEAVING, ts)
        return CHANGED

    def sentence(self) -> str:
        """Say who leaves."""
        return f"{self.id} leaves after its round"


class ClientLeft(ChainFact, frozen=True, kw_only=True):
    """A client left."""

    KIND: ClassVar[str] = "client.left"
    LOG: ClassVar[str] = "ClientLeft"
    id: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ClientLeft:
        """Make it."""
        return cls(id=names.client(args["index"]))

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Mark the member."""
        ledger.set_status(args["index"], S.LEFT)

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Have it gone."""
        _move(state, self.id, S.LEFT, ts)
        return CHANGED

    def sentence(self) -> str:
        """Say who is gone."""
        return f"{self.id} left"


class ClientMissed(ChainFact, frozen=True, kw_only=True):
    """The chain counted a missed round: consecutive misses so far."""

    KIND: ClassVar[str] = "client.missed"
    LOG: ClassVar[str] = "MissRecorded"
    LEVEL: ClassVar[str] = "warning"
    id: str
    round: int
    misses: int

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ClientMissed:
        """Make it."""
        return cls(id=names.client(args["index"]), round=args["round"], misses=args["misses"])

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Count the miss, and note that this round's is recorded."""
        ledger.by_index[args["index"]].misses = args["misses"]
        ledger.rounds[args["round"]].missed.add(args["index"])

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Count the miss."""
        state.client(self.id).misses = self.misses
        return CHANGED

    def sentence(self) -> str:
        """Say how many in a row."""
        return f"{self.id} missed r{self.round}, {self.misses} in a row"


def _move(state: State, id: str, membership: ClientStatus, ts: str) -> Client:
    client = state.client(id)
    possible = client.membership in _BEFORE[membership]
    require(possible, f"{id} became {membership} while {client.membership}")
    client.membership, client.last_seen = membership, ts
    return client
