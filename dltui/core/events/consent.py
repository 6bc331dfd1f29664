"""What clients commit to in the data registry, and whether their data may be used."""

from __future__ import annotations

from typing import Any, ClassVar

from dltui.core import format as fmt
from dltui.core.envelope import ChainFact, Names
from dltui.core.ledger import Commitment, Ledger
from dltui.core.state.state import State

__all__ = ["DataApproved", "DataCommitted", "DataGranted", "DataRevoked"]

CHANGED = ("clients",)


class DataCommitted(ChainFact, frozen=True, kw_only=True):
    """A client committed to its records: salted Merkle root, record count, schema hash."""

    KIND: ClassVar[str] = "data.committed"
    LOG: ClassVar[str] = "DataCommitted"
    id: str
    root: str
    count: int
    schema: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> DataCommitted:
        """Make it."""
        root, schema = args["root"].hex(), args["schema"].hex()
        return cls(id=names.id_of(args["owner"]), root=root, count=args["count"], schema=schema)

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Keep the commitment."""
        ledger.data[args["owner"]] = Commitment(args["root"], args["count"], args["schema"])

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Take the approval of the commitment before it away."""
        client = state.client(self.id)
        client.records, client.granted, client.last_seen = 0, True, ts
        return CHANGED

    def sentence(self) -> str:
        """Say how many records it is about."""
        return f"{self.id} committed to {fmt.plural(self.count, 'record')}  {fmt.short(self.root)}"


class DataApproved(ChainFact, frozen=True, kw_only=True):
    """The operator approved a client's record count: it is now the client's weight."""

    KIND: ClassVar[str] = "data.approved"
    LOG: ClassVar[str] = "DataApproved"
    id: str
    count: int

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> DataApproved:
        """Make it."""
        return cls(id=names.id_of(args["owner"]), count=args["count"])

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Mark the commitment."""
        ledger.data[args["owner"]].approved = True

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Take the record count as its weight."""
        state.client(self.id).records = self.count
        return CHANGED

    def sentence(self) -> str:
        """Say what it weighs."""
        return f"{self.id} weighs {fmt.plural(self.count, 'approved record')}"


class DataRevoked(ChainFact, frozen=True, kw_only=True):
    """A client withdrew the use of its data."""

    KIND: ClassVar[str] = "data.revoked"
    LOG: ClassVar[str] = "DataRevoked"
    LEVEL: ClassVar[str] = "warning"
    id: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> DataRevoked:
        """Make it."""
        return cls(id=names.id_of(args["owner"]))

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Take its consent away."""
        state.client(self.id).granted = False
        return CHANGED

    def sentence(self) -> str:
        """Say whose data."""
        return f"{self.id} withdrew the use of its data"


class DataGranted(ChainFact, frozen=True, kw_only=True):
    """A client allowed the use of its data again."""

    KIND: ClassVar[str] = "data.granted"
    LOG: ClassVar[str] = "DataGranted"
    id: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> DataGranted:
        """Make it."""
        return cls(id=names.id_of(args["owner"]))

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Have its consent."""
        state.client(self.id).granted = True
        return CHANGED

    def sentence(self) -> str:
        """Say whose data."""
        return f"{self.id} allows the use of its data"
