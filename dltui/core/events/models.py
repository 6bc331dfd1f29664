"""The registry's versions."""

from __future__ import annotations

from typing import Any, ClassVar

from dltui.core import format as fmt
from dltui.core.chain_states import VersionState
from dltui.core.client_set import ClientSet
from dltui.core.envelope import ChainFact, Names, Payload
from dltui.core.ledger import Ledger, VersionFacts
from dltui.core.state.entities import Version
from dltui.core.state.state import IllegalStep, State, require

__all__ = ["ModelApproved", "ModelEvaluated", "ModelPublished", "ModelRejected"]

CHANGED = ("registry", "round")


class ModelPublished(ChainFact, frozen=True, kw_only=True):
    """A version entered the registry: verified by a quorum, or version 0. `accuracy_bp` is the committee's median."""

    KIND: ClassVar[str] = "model.published"
    LOG: ClassVar[str] = "VersionRegistered"
    version: int
    round: int
    digest: str
    cid: str
    parent: int | None
    accuracy_bp: int | None

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ModelPublished:
        """Make it; version 0 has no parent, and no committee measured it."""
        version, digest = args["version"], args["digest"].hex()
        return cls(
            version=version,
            round=args["round"],
            digest=digest,
            cid=names.cid(digest),
            parent=args["parent"] if version else None,
            accuracy_bp=args["accuracyBp"] if version else None,
        )

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Add the row; it is the base from now on."""
        number, digest, proposers = args["version"], args["digest"].hex(), ClientSet(args["proposers"])
        ledger.versions[number] = VersionFacts(
            number, args["parent"], digest, args["accuracyBp"], args["round"], proposers
        )
        ledger.base = number

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Add the version; the first is approved and released from the start."""
        due = len(state.versions)
        require(self.version == due, f"version {self.version} was published where {due} is due")
        require(self.parent is None or self.parent in state.versions, f"version {self.version} has an unknown parent")
        parent = state.versions[self.parent] if self.parent is not None else None
        state.versions[self.version] = Version(
            number=self.version,
            round=self.round,
            digest=self.digest,
            cid=self.cid,
            parent=self.parent,
            state=VersionState.VERIFIED if parent else VersionState.APPROVED,
            tainted=parent is not None and (parent.tainted or parent.state == VersionState.REJECTED),
            released=parent is None,
            accuracy_bp=self.accuracy_bp,
            published_at=ts,
        )
        return CHANGED

    def sentence(self) -> str:
        """Say where it comes from and how good its committee found it."""
        if self.parent is None:
            return f"version {self.version} is the first model  {fmt.short(self.digest)}"
        acc = f"  committee {fmt.accuracy(self.accuracy_bp)}" if self.accuracy_bp is not None else ""
        return f"version {self.version} verified, from version {self.parent}  {fmt.short(self.digest)}{acc}"


class ModelApproved(ChainFact, frozen=True, kw_only=True):
    """The operator approved a version; it is the released one."""

    KIND: ClassVar[str] = "model.approved"
    LOG: ClassVar[str] = "VersionApproved"
    LEVEL: ClassVar[str] = "good"
    version: int
    by: str
    tx: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ModelApproved:
        """Make it."""
        return cls(version=args["version"], by=names.id_of(args["by"]), tx=tx)

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Mark the row."""
        ledger.versions[args["version"]].state = VersionState.APPROVED

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Release the version; again for a rollback."""
        version = _version(state, self.version)
        sound = version.state != VersionState.REJECTED and not version.tainted
        require(sound, f"version {self.version} was approved after a rejection")
        for other in state.versions.values():
            other.released = False
        version.state, version.released, version.by = VersionState.APPROVED, True, self.by
        return CHANGED

    def sentence(self) -> str:
        """Say who approved it."""
        return f"version {self.version} approved by {self.by}"


class ModelRejected(ChainFact, frozen=True, kw_only=True):
    """The operator rejected a version; the next round starts from `new_base`."""

    KIND: ClassVar[str] = "model.rejected"
    LOG: ClassVar[str] = "VersionRejected"
    LEVEL: ClassVar[str] = "warning"
    version: int
    by: str
    new_base: int
    tx: str

    @classmethod
    def from_log(cls, args: dict[str, Any], tx: str, names: Names) -> ModelRejected:
        """Make it."""
        return cls(version=args["version"], by=names.id_of(args["by"]), new_base=args["newBase"], tx=tx)

    @staticmethod
    def record(ledger: Ledger, args: dict[str, Any]) -> None:
        """Mark the row and change the base."""
        ledger.versions[args["version"]].state = VersionState.REJECTED
        ledger.base = args["newBase"]

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Reject the version and, with it, all that descends from it."""
        version = _version(state, self.version)
        require(version.state != VersionState.REJECTED, f"version {self.version} was rejected twice")
        version.state, version.by, version.released = VersionState.REJECTED, self.by, False
        for number in sorted(state.versions):
            other = state.versions[number]
            parent = state.versions.get(other.parent) if other.parent is not None else None
            if parent is not None and (parent.tainted or parent.state == VersionState.REJECTED):
                other.tainted, other.released = True, False
        return CHANGED

    def sentence(self) -> str:
        """Say who rejected it and what comes instead."""
        return f"version {self.version} rejected by {self.by}, next base is version {self.new_base}"


class ModelEvaluated(Payload, frozen=True, kw_only=True):
    """The engine measured a version on the test split that no client sees; it decides nothing.

    `loss` is None if it is no finite number.
    """

    KIND: ClassVar[str] = "model.evaluated"
    version: int
    accuracy_bp: int
    loss: float | None
    samples: int

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Keep what the version reaches."""
        version = _version(state, self.version)
        version.test_accuracy_bp, version.test_loss = self.accuracy_bp, self.loss
        return CHANGED

    def sentence(self) -> str:
        """Say what it reaches."""
        reached = f"acc {fmt.accuracy(self.accuracy_bp, 4)}  loss {fmt.number(self.loss)}"
        return f"version {self.version} on the test split: {reached}"


def _version(state: State, number: int) -> Version:
    version = state.versions.get(number)
    if version is None:
        raise IllegalStep(f"version {number} was never published")
    return version
