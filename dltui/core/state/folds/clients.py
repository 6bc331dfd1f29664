"""Folds of clients: processes, membership, data commitments, progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dltui.core.events import (
    ClientBanned,
    ClientExited,
    ClientLate,
    ClientLeaving,
    ClientLeft,
    ClientMissed,
    ClientPending,
    ClientProgress,
    ClientReady,
    ClientRegistered,
    ClientReinstated,
    ClientRejected,
    ClientSpawned,
    ClientSuspended,
    DataApproved,
    DataCommitted,
    DataGranted,
    DataRevoked,
)
from dltui.core.state.entities import Client
from dltui.core.state.fold_registry import IllegalStep, fold, require

if TYPE_CHECKING:
    from dltui.core.state.state import State

CHANGED = ("clients",)

_BEFORE = {
    "pending": ("unknown", "rejected", "left"),
    "active": ("unknown", "pending", "suspended", "left"),
    "rejected": ("pending",),
    "suspended": ("active",),
    "leaving": ("active", "suspended"),
    "left": ("active", "suspended", "leaving"),
    "banned": ("unknown", "pending", "active", "suspended", "rejected", "leaving", "left"),
}


def _move(state: State, id: str, membership: str, ts: str) -> Client:
    client = state.client(id)
    if client.membership not in _BEFORE[membership]:
        raise IllegalStep(f"{id} became {membership} while {client.membership}")
    client.membership, client.last_seen = membership, ts
    return client


@fold(ClientSpawned)
def spawned(state: State, data: ClientSpawned, ts: str) -> tuple[str, ...]:
    """Its process starts."""
    client = state.client(data.id)
    client.process, client.pid, client.exit_code = "starting", data.pid, None
    client.address, client.activity, client.last_seen = data.address or client.address, "", ts
    client.part = data.part
    return CHANGED


@fold(ClientReady)
def ready(state: State, data: ClientReady, ts: str) -> tuple[str, ...]:
    """Its data is loaded."""
    client = state.client(data.id)
    client.process, client.pid, client.last_seen = "ready", data.pid, ts
    client.train, client.held_out = data.train, data.held_out
    return CHANGED


@fold(ClientPending)
def pending(state: State, data: ClientPending, ts: str) -> tuple[str, ...]:
    """It asked to join."""
    client = _move(state, data.id, "pending", ts)
    client.address, client.name = data.address, data.name
    return CHANGED


@fold(ClientRegistered)
def registered(state: State, data: ClientRegistered, ts: str) -> tuple[str, ...]:
    """It takes part from the next round."""
    owner = next((c.id for c in state.clients.values() if c.index == data.index and c.id != data.id), None)
    require(owner is None, f"{data.id} was given index {data.index}, which is {owner}'s")
    client = _move(state, data.id, "active", ts)
    client.index, client.address, client.misses = data.index, data.address, 0
    return CHANGED


@fold(ClientRejected)
def rejected(state: State, data: ClientRejected, ts: str) -> tuple[str, ...]:
    """It was refused."""
    _move(state, data.id, "rejected", ts)
    return CHANGED


@fold(ClientSuspended)
def suspended(state: State, data: ClientSuspended, ts: str) -> tuple[str, ...]:
    """It takes no part for now."""
    _move(state, data.id, "suspended", ts)
    return CHANGED


@fold(ClientReinstated)
def reinstated(state: State, data: ClientReinstated, ts: str) -> tuple[str, ...]:
    """It takes part again."""
    require(state.client(data.id).membership == "suspended", f"{data.id} was reinstated without being suspended")
    _move(state, data.id, "active", ts).misses = 0
    return CHANGED


@fold(ClientBanned)
def banned(state: State, data: ClientBanned, ts: str) -> tuple[str, ...]:
    """It is out for good."""
    _move(state, data.id, "banned", ts)
    return CHANGED


@fold(ClientLeaving)
def leaving(state: State, data: ClientLeaving, ts: str) -> tuple[str, ...]:
    """It leaves after its round."""
    _move(state, data.id, "leaving", ts)
    return CHANGED


@fold(ClientLeft)
def left(state: State, data: ClientLeft, ts: str) -> tuple[str, ...]:
    """It is gone."""
    _move(state, data.id, "left", ts)
    return CHANGED


@fold(ClientProgress)
def progress(state: State, data: ClientProgress, ts: str) -> tuple[str, ...]:
    """What it says it is doing in the newest round; its last word on epochs and batches stays until the next round."""
    client = state.client(data.id)
    client.last_seen = ts
    if data.round < next(reversed(state.rounds), 0):
        return CHANGED
    client.activity = data.activity
    if data.epochs:
        client.epoch, client.epochs, client.batch, client.batches = data.epoch, data.epochs, data.batch, data.batches
    client.loss = data.loss if data.loss is not None else client.loss
    client.accuracy_bp = data.accuracy_bp if data.accuracy_bp is not None else client.accuracy_bp
    return CHANGED


@fold(ClientLate)
def late(state: State, data: ClientLate, ts: str) -> tuple[str, ...]:
    """It let a deadline pass."""
    require(data.round in state.rounds, f"{data.id} was late in round {data.round}, which was never opened")
    state.rounds[data.round].late[data.id] = data.what
    state.rounds[data.round].story.append((ts, f"no {data.what} by the deadline", data.id))
    state.client(data.id)
    return ("clients", "round")


@fold(ClientMissed)
def missed(state: State, data: ClientMissed, ts: str) -> tuple[str, ...]:
    """The chain counted a miss."""
    state.client(data.id).misses = data.misses
    return CHANGED


@fold(ClientExited)
def exited(state: State, data: ClientExited, ts: str) -> tuple[str, ...]:
    """Its process ended."""
    client = state.client(data.id)
    client.process, client.exit_code, client.pid = "stopped" if data.asked else "exited", data.code, None
    client.activity, client.last_seen = "", ts
    return CHANGED


@fold(DataCommitted)
def committed(state: State, data: DataCommitted, ts: str) -> tuple[str, ...]:
    """A new commitment takes the approval of the old one away."""
    client = state.client(data.id)
    client.records, client.granted, client.last_seen = 0, True, ts
    return CHANGED


@fold(DataApproved)
def approved(state: State, data: DataApproved, ts: str) -> tuple[str, ...]:
    """Its record count is its weight now."""
    state.client(data.id).records = data.count
    return CHANGED


@fold(DataRevoked)
def revoked(state: State, data: DataRevoked, ts: str) -> tuple[str, ...]:
    """It withdrew the use of its data."""
    state.client(data.id).granted = False
    return CHANGED


@fold(DataGranted)
def granted(state: State, data: DataGranted, ts: str) -> tuple[str, ...]:
    """It allows it again."""
    state.client(data.id).granted = True
    return CHANGED
