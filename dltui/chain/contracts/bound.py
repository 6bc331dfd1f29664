"""The contracts as Python sees them: typed wrappers, event decoding and revert reasons in one place."""

from __future__ import annotations

from collections.abc import Mapping

from dltui.chain.contracts.binding import ADMIN_ROLE, OPERATOR_ROLE, Caller, Contract, deploy_call
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
)
from dltui.chain.contracts.registries import DataRegistry, ModelRegistry, Registry
from dltui.chain.contracts.reverts import explain

WRAPPERS: Mapping[str, type[Contract]] = {kind.name: kind for kind in (ModelRegistry, DataRegistry, FLContract)}
"""The wrapper of each declared contract, by its name."""

__all__ = [
    "ADMIN_ROLE",
    "NO_LIMIT",
    "OPERATOR_ROLE",
    "WRAPPERS",
    "AbortReason",
    "Caller",
    "ClientInfo",
    "ClientStatus",
    "Commitment",
    "Contract",
    "DataRegistry",
    "FLContract",
    "Membership",
    "ModelRegistry",
    "Plan",
    "Registry",
    "RoundInfo",
    "RoundState",
    "SuspendReason",
    "VersionInfo",
    "VersionState",
    "decode_log",
    "deploy_call",
    "explain",
]
