"""Folds of the registry: versions, their approval and what descends from a rejected one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dltui.core.events import ModelApproved, ModelEvaluated, ModelPublished, ModelRejected
from dltui.core.state.entities import Version
from dltui.core.state.fold_registry import IllegalStep, fold, require

if TYPE_CHECKING:
    from dltui.core.state.state import State

CHANGED = ("registry", "round")


def _version(state: State, number: int) -> Version:
    version = state.versions.get(number)
    if version is None:
        raise IllegalStep(f"version {number} was never published")
    return version


@fold(ModelPublished)
def published(state: State, data: ModelPublished, ts: str) -> tuple[str, ...]:
    """A new version; the first is approved and released from the start."""
    due = len(state.versions)
    require(data.version == due, f"version {data.version} was published where {due} is due")
    require(data.parent is None or data.parent in state.versions, f"version {data.version} has an unknown parent")
    parent = state.versions[data.parent] if data.parent is not None else None
    state.versions[data.version] = Version(
        number=data.version,
        round=data.round,
        digest=data.digest,
        cid=data.cid,
        parent=data.parent,
        state="verified" if parent else "approved",
        tainted=parent is not None and (parent.tainted or parent.state == "rejected"),
        released=parent is None,
        accuracy_bp=data.accuracy_bp,
        published_at=ts,
    )
    return CHANGED


@fold(ModelApproved)
def approved(state: State, data: ModelApproved, ts: str) -> tuple[str, ...]:
    """The operator releases a version; again for a rollback."""
    version = _version(state, data.version)
    require(
        version.state != "rejected" and not version.tainted, f"version {data.version} was approved after a rejection"
    )
    for other in state.versions.values():
        other.released = False
    version.state, version.released, version.by = "approved", True, data.by
    return CHANGED


@fold(ModelRejected)
def rejected(state: State, data: ModelRejected, ts: str) -> tuple[str, ...]:
    """The operator rejects a version and, with it, all that descends from it."""
    version = _version(state, data.version)
    require(version.state != "rejected", f"version {data.version} was rejected twice")
    version.state, version.by, version.released = "rejected", data.by, False
    for number in sorted(state.versions):
        other = state.versions[number]
        parent = state.versions.get(other.parent) if other.parent is not None else None
        if parent is not None and (parent.tainted or parent.state == "rejected"):
            other.tainted, other.released = True, False
    return CHANGED


@fold(ModelEvaluated)
def evaluated(state: State, data: ModelEvaluated, ts: str) -> tuple[str, ...]:
    """What it reaches on the test split."""
    version = _version(state, data.version)
    version.test_accuracy_bp, version.test_loss = data.accuracy_bp, data.loss
    return CHANGED
