"""Typed wrappers of the ModelRegistry and the DataRegistry."""

from __future__ import annotations

from typing import ClassVar

from eth_utils import to_checksum_address

from dltui.chain.contracts.binding import Contract
from dltui.chain.contracts.records import Commitment, VersionInfo, VersionState
from dltui.chain.types import Call


class Registry(Contract):
    """A registry that belongs to one federation."""

    def set_federation(self, fl: str) -> Call:
        """Names the FLContract that writes here. Admin, once."""
        return self._write("setFederation", fl)

    def federation(self) -> str:
        """Address of the FLContract that writes here; the zero address until it is set."""
        return to_checksum_address(self._one("federation"))


class ModelRegistry(Registry):
    """Versions of the model: append-only, approved and rejected by the operator."""

    name: ClassVar[str] = "ModelRegistry"

    def genesis(self, digest: bytes) -> Call:
        """Registers version 0, approved and released. Operator, once."""
        return self._write("genesis", digest)

    def register(self, digest: bytes, accuracy_bp: int, round: int, proposers: int) -> Call:
        """Registers a child of the base. FLContract only, so a client sees it refused."""
        return self._write("register", digest, accuracy_bp, round, proposers)

    def approve(self, version: int) -> Call:
        """Approves and releases a version; an older one again is a rollback. Operator, not one of its proposers."""
        return self._write("approve", version)

    def reject(self, version: int) -> Call:
        """Rejects a version with all its descendants; a round that trains on one of them is aborted. Operator."""
        return self._write("reject", version)

    def base(self) -> tuple[int, bytes]:
        """Number and digest of the newest version without rejected ancestors; Reverted before version 0."""
        version, digest = self._read("base")
        return version, digest

    def awaiting_approval(self) -> bool:
        """Whether the base waits for the operator's approval; Reverted before version 0."""
        return bool(self._one("awaitingApproval"))

    def released(self) -> int | None:
        """The released version; None before version 0, and after it or an ancestor of it was rejected."""
        exists, version = self._read("released")
        return int(version) if exists else None

    def version_of(self, version: int) -> VersionInfo:
        """A version by its number; state NONE when there is none."""
        digest, proposers, parent, round, depth, accuracy_bp, state = self._one("versionOf", version)
        return VersionInfo(digest, proposers, parent, round, depth, accuracy_bp, VersionState(state))

    def is_untainted(self, version: int) -> bool:
        """Whether the version exists and neither it nor an ancestor was rejected."""
        return bool(self._one("isUntainted", version))

    def count(self) -> int:
        """How many versions there are."""
        return int(self._one("count"))


class DataRegistry(Registry):
    """Data commitments, consent and privacy budgets, by owner."""

    name: ClassVar[str] = "DataRegistry"

    def commit(self, root: bytes, count: int, schema: bytes, budget: int) -> Call:
        """Commits the sender to its records; again: clears the approval, keeps the smaller budget (micro-epsilon)."""
        return self._write("commit", root, count, schema, budget)

    def approve_data(self, owner: str, root: bytes, count: int) -> Call:
        """Accepts the commitment that was looked at. Operator."""
        return self._write("approveData", owner, root, count)

    def grant(self) -> Call:
        """Allows use of the sender's data again."""
        return self._write("grant")

    def revoke(self) -> Call:
        """Forbids use of the sender's data from now on."""
        return self._write("revoke")

    def lower_budget(self, budget: int) -> Call:
        """Lowers the sender's privacy budget (micro-epsilon)."""
        return self._write("lowerBudget", budget)

    def record_use(self, owner: str, round: int, cost: int) -> Call:
        """Books a use. FLContract only, so a client sees it refused."""
        return self._write("recordUse", owner, round, cost)

    def commitment_of(self, owner: str) -> Commitment:
        """What an owner committed to; `count` 0 when nothing."""
        return Commitment(*self._one("commitmentOf", owner))
