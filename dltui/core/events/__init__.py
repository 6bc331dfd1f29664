"""The typed events of a run: facts in the past tense, one struct a kind."""

from __future__ import annotations

from typing import Any

import msgspec

from dltui.core.events.chain import (
    ChainBlock,
    ChainLost,
    ChainReady,
    ChainRewound,
    ChainStarting,
    ChainStopped,
    ContractDeployed,
    TxMined,
    TxReverted,
)
from dltui.core.events.clients import (
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
from dltui.core.events.envelope import VERSION, Event, Payload, Unknown
from dltui.core.events.learning import DataDescribed, ModelDescribed
from dltui.core.events.models import ModelApproved, ModelEvaluated, ModelPublished, ModelRejected
from dltui.core.events.operator import DemoStep, OpCommand, OpResult
from dltui.core.events.rounds import (
    Phases,
    PlanSet,
    RoundAborted,
    RoundAttested,
    RoundAttesting,
    RoundExcused,
    RoundFinalised,
    RoundIncluded,
    RoundOpened,
    RoundReported,
    RoundReporting,
    RoundTimed,
    UpdateSubmitted,
    VerdictRow,
)
from dltui.core.events.run import RunAlert, RunAlertCleared, RunFinished, RunPaused, RunResumed, RunStarted

__all__ = [
    "KINDS",
    "VERSION",
    "ChainBlock",
    "ChainLost",
    "ChainReady",
    "ChainRewound",
    "ChainStarting",
    "ChainStopped",
    "ClientBanned",
    "ClientExited",
    "ClientLate",
    "ClientLeaving",
    "ClientLeft",
    "ClientMissed",
    "ClientPending",
    "ClientProgress",
    "ClientReady",
    "ClientRegistered",
    "ClientReinstated",
    "ClientRejected",
    "ClientSpawned",
    "ClientSuspended",
    "ContractDeployed",
    "DataApproved",
    "DataCommitted",
    "DataDescribed",
    "DataGranted",
    "DataRevoked",
    "DemoStep",
    "Event",
    "ModelApproved",
    "ModelDescribed",
    "ModelEvaluated",
    "ModelPublished",
    "ModelRejected",
    "OpCommand",
    "OpResult",
    "Payload",
    "Phases",
    "PlanSet",
    "RoundAborted",
    "RoundAttested",
    "RoundAttesting",
    "RoundExcused",
    "RoundFinalised",
    "RoundIncluded",
    "RoundOpened",
    "RoundReported",
    "RoundReporting",
    "RoundTimed",
    "RunAlert",
    "RunAlertCleared",
    "RunFinished",
    "RunPaused",
    "RunResumed",
    "RunStarted",
    "TxMined",
    "TxReverted",
    "Unknown",
    "UpdateSubmitted",
    "VerdictRow",
    "payload_from",
]


def _kinds(base: type[Payload]) -> dict[str, type[Payload]]:
    return {cls.KIND: cls for cls in base.__subclasses__() if cls is not Unknown}


KINDS: dict[str, type[Payload]] = _kinds(Payload)
"""Every kind that this version knows."""


def payload_from(kind: str, fields: Any) -> Payload:
    """The typed data of an event of `kind`; `Unknown` for a kind of a newer version.

    Raises `msgspec.ValidationError` where a known kind's fields are missing or of another type.
    """
    cls = KINDS.get(kind)
    if cls is None:
        return Unknown(kind=kind, fields=dict(fields) if isinstance(fields, dict) else {})
    return msgspec.convert(fields, cls)
