"""The keys of a demonstration follow from its seed: equal runs have equal addresses, and they protect nothing."""

from __future__ import annotations

from dataclasses import dataclass

from dltui.chain.accounts import address_of
from dltui.chain.wallet import demo_key


@dataclass(frozen=True)
class Key:
    """A private key (32 bytes), its checksummed address, and what its owner's salts come from (32 bytes).

    The salts of a drawn key outlive it: a key can be changed, a commitment cannot. A demo's come from the key itself.
    """

    secret: bytes
    address: str
    salt: bytes


def operator_key(seed: int) -> Key:
    """Return the operator's key."""
    return _key(seed, "operator", 0)


def client_key(seed: int, part: int) -> Key:
    """Return the key of the client that holds slice `part`."""
    return _key(seed, "client", part)


def _key(seed: int, role: str, index: int) -> Key:
    secret = demo_key(seed, role, index)
    return Key(secret, address_of(secret), secret)
