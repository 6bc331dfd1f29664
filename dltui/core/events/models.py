"""The registry's versions."""

from __future__ import annotations

from typing import ClassVar

from dltui.core.events.envelope import Payload


class ModelPublished(Payload, frozen=True, kw_only=True):
    """A version entered the registry: verified by a quorum, or version 0. `accuracy_bp` is the committee's median."""

    KIND: ClassVar[str] = "model.published"
    version: int
    round: int
    digest: str
    cid: str
    parent: int | None
    accuracy_bp: int | None


class ModelApproved(Payload, frozen=True, kw_only=True):
    """The operator approved a version; it is the released one."""

    KIND: ClassVar[str] = "model.approved"
    version: int
    by: str
    tx: str


class ModelRejected(Payload, frozen=True, kw_only=True):
    """The operator rejected a version; the next round starts from `new_base`."""

    KIND: ClassVar[str] = "model.rejected"
    version: int
    by: str
    new_base: int
    tx: str


class ModelEvaluated(Payload, frozen=True, kw_only=True):
    """The engine measured a version on the test split that no client sees; it decides nothing.

    `loss` is None where it is no finite number.
    """

    KIND: ClassVar[str] = "model.evaluated"
    version: int
    accuracy_bp: int
    loss: float | None
    samples: int
