"""The contracts as Python sees them: typed wrappers, event decoding and revert reasons in one place."""

from __future__ import annotations

from dltui.chain.contracts.binding import ADMIN_ROLE, OPERATOR_ROLE, Caller, deploy_call
from dltui.chain.contracts.fl_contract import FLContract
from dltui.chain.contracts.logs import decode_log
from dltui.chain.contracts.records import (
    NO_LIMIT,
    AbortReason,
    ClientInfo,
    ClientStatus,
    Commitment,
    Membership,
    Plan,
    RoundInfo,
    RoundState,
    SuspendReason,
    VersionInfo,
    VersionState,
    indices,
)
from dltui.chain.contracts.registries import DataRegistry, ModelRegistry
from dltui.chain.contracts.reverts import explain

__all__ = [
    "ADMIN_ROLE",
    "NO_LIMIT",
    "OPERATOR_ROLE",
    "AbortReason",
    "Caller",
    "ClientInfo",
    "ClientStatus",
    "Commitment",
    "DataRegistry",
    "FLContract",
    "Membership",
    "ModelRegistry",
    "Plan",
    "RoundInfo",
    "RoundState",
    "SuspendReason",
    "VersionInfo",
    "VersionState",
    "decode_log",
    "deploy_call",
    "explain",
    "indices",
]
