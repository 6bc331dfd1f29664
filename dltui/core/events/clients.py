"""Clients: processes, membership on chain, data commitments."""

from __future__ import annotations

from typing import ClassVar

from dltui.core.events.envelope import Payload


class ClientSpawned(Payload, frozen=True, kw_only=True):
    """A client process was started; `part` is its slice of the data, and names its log file `client-PART.log`."""

    KIND: ClassVar[str] = "client.spawned"
    id: str
    pid: int
    address: str
    part: int | None = None


class ClientReady(Payload, frozen=True, kw_only=True):
    """A client process has loaded its data: record counts of its training and held-out splits."""

    KIND: ClassVar[str] = "client.ready"
    id: str
    pid: int
    train: int
    held_out: int


class ClientPending(Payload, frozen=True, kw_only=True):
    """Somebody asked to join; `name` is what they call themselves, made harmless."""

    KIND: ClassVar[str] = "client.pending"
    id: str
    address: str
    name: str


class ClientRegistered(Payload, frozen=True, kw_only=True):
    """The operator accepted a client: its index on chain; it takes part from the next round."""

    KIND: ClassVar[str] = "client.registered"
    id: str
    index: int
    address: str
    tx: str


class ClientRejected(Payload, frozen=True, kw_only=True):
    """The operator refused a pending client."""

    KIND: ClassVar[str] = "client.rejected"
    id: str
    address: str


class ClientSuspended(Payload, frozen=True, kw_only=True):
    """A client takes no part until it is reinstated."""

    KIND: ClassVar[str] = "client.suspended"
    id: str
    reason: str


class ClientReinstated(Payload, frozen=True, kw_only=True):
    """A suspended client takes part again from the next round."""

    KIND: ClassVar[str] = "client.reinstated"
    id: str


class ClientBanned(Payload, frozen=True, kw_only=True):
    """A client was excluded for good."""

    KIND: ClassVar[str] = "client.banned"
    id: str


class ClientLeaving(Payload, frozen=True, kw_only=True):
    """A client leaves after the round that it is selected in."""

    KIND: ClassVar[str] = "client.leaving"
    id: str


class ClientLeft(Payload, frozen=True, kw_only=True):
    """A client left."""

    KIND: ClassVar[str] = "client.left"
    id: str


class ClientProgress(Payload, frozen=True, kw_only=True):
    """What a client says it is doing: no decision uses it. Replaceable, at most once a second a client."""

    KIND: ClassVar[str] = "client.progress"
    id: str
    round: int
    activity: str
    epoch: int = 0
    epochs: int = 0
    batch: int = 0
    batches: int = 0
    loss: float | None = None
    accuracy_bp: int | None = None


class ClientLate(Payload, frozen=True, kw_only=True):
    """The deadline of a phase passed without this client's part (`submit`, `report` or `attest`)."""

    KIND: ClassVar[str] = "client.late"
    id: str
    round: int
    what: str


class ClientMissed(Payload, frozen=True, kw_only=True):
    """The chain counted a missed round: consecutive misses so far."""

    KIND: ClassVar[str] = "client.missed"
    id: str
    round: int
    misses: int


class ClientExited(Payload, frozen=True, kw_only=True):
    """A client process ended; a negative code is the signal that ended it. `asked` where the operator stopped it."""

    KIND: ClassVar[str] = "client.exited"
    id: str
    pid: int
    code: int
    asked: bool = False


class DataCommitted(Payload, frozen=True, kw_only=True):
    """A client committed to its records: salted Merkle root, record count, schema hash."""

    KIND: ClassVar[str] = "data.committed"
    id: str
    root: str
    count: int
    schema: str


class DataApproved(Payload, frozen=True, kw_only=True):
    """The operator approved a client's record count: it is now the client's weight."""

    KIND: ClassVar[str] = "data.approved"
    id: str
    count: int


class DataRevoked(Payload, frozen=True, kw_only=True):
    """A client withdrew the use of its data."""

    KIND: ClassVar[str] = "data.revoked"
    id: str


class DataGranted(Payload, frozen=True, kw_only=True):
    """A client allowed the use of its data again."""

    KIND: ClassVar[str] = "data.granted"
    id: str
