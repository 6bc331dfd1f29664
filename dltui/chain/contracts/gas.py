"""Gas limits of every transaction, so that nothing is estimated on the way.

About 1.6 times the most that a function was measured to use with 256 clients and 16 seats; a test measures again.
"""

from __future__ import annotations

_LIMITS: dict[str, dict[str, int]] = {
    "DataRegistry": {
        "approveData": 60_000,
        "commit": 150_000,
        "constructor": 1_540_000,
        "grant": 45_000,
        "grantRole": 85_000,
        "lowerBudget": 50_000,
        "recordUse": 55_000,
        "renounceRole": 50_000,
        "revoke": 45_000,
        "revokeRole": 55_000,
        "setFederation": 76_000,
    },
    "FLContract": {
        "approveClient": 160_000,
        "attest": 170_000,
        "banClient": 140_000,
        "baseRejected": 45_000,
        "closeAttestations": 190_000,
        "closeReports": 185_000,
        "closeSubmissions": 70_000,
        "completeLeave": 55_000,
        "constructor": 6_490_000,
        "finalise": 520_000,
        "grantRole": 85_000,
        "join": 80_000,
        "leave": 100_000,
        "openRound": 295_000,
        "recordMiss": 115_000,
        "reinstateClient": 60_000,
        "rejectClient": 50_000,
        "renounceRole": 50_000,
        "report": 120_000,
        "revokeRole": 60_000,
        "setPlan": 170_000,
        "submit": 135_000,
        "suspendClient": 100_000,
    },
    "ModelRegistry": {
        "approve": 65_000,
        "constructor": 1_925_000,
        "genesis": 140_000,
        "grantRole": 85_000,
        "register": 205_000,
        "reject": 115_000,
        "renounceRole": 50_000,
        "revokeRole": 55_000,
        "setFederation": 76_000,
    },
}


def limit(contract: str, function: str) -> int:
    """The gas limit of a contract's function ("constructor" for its deployment); KeyError for another."""
    return _LIMITS[contract][function]


def contracts() -> tuple[str, ...]:
    """The contracts of a federation."""
    return tuple(_LIMITS)


def functions() -> set[tuple[str, str]]:
    """Every (contract, function) that has a limit."""
    return {(contract, function) for contract, table in _LIMITS.items() for function in table}
