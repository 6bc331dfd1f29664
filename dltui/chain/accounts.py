"""Accounts: the address that belongs to a private key."""

from __future__ import annotations

from eth_account import Account


def address_of(key: bytes) -> str:
    """The checksummed address of a private key of 32 bytes."""
    return str(Account.from_key(key).address)
