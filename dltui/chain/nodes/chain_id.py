"""The chain id of a chain that a run makes itself: what keeps a signature of one run from being valid in another."""

from __future__ import annotations

DEMO_CHAIN_ID = 31_337
"""Of chains with demo keys, which protect nothing: wallets and tools know it as that of a development chain."""


def own_chain_id(configured: int, keystore: str, federation_id: bytes) -> int:
    """`configured` if it is not 0; with a `keystore` one that only this federation has, otherwise the demo's.

    One keystore signs for many runs, from nonce 0 in each: by the id alone their transactions differ in what they bind.
    """
    if configured:
        return configured
    return 2**32 + int.from_bytes(federation_id[:4], "big") if keystore else DEMO_CHAIN_ID
