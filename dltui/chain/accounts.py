"""Accounts: the address that belongs to a private key, and keys in encrypted keystore files (Web3 Secret Storage 3)."""

from __future__ import annotations

import json
from pathlib import Path

from eth_account import Account

from dltui.errors import ConfigError
from dltui.files import refuse_readable

_MAX_BYTES = 64 * 1024


class WrongPassword(ConfigError):
    """The keystore is in order, and opens with another password."""


def address_of(key: bytes) -> str:
    """Return the checksummed address of a private key of 32 bytes."""
    return str(Account.from_key(key).address)


def open_keystore(path: Path, password: str) -> bytes:
    """Return the private key (32 bytes) in a keystore file.

    Raises WrongPassword, or ConfigError if the file is wrong or others than its owner may read it.
    """
    refuse_readable(path)
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"the keystore cannot be read: {error.strerror}", where=str(path)) from error
    try:
        if len(data) > _MAX_BYTES:
            raise TypeError("size")
        document = json.loads(data)
        if not isinstance(document, dict) or not isinstance(document.get("crypto"), dict):
            raise TypeError("crypto")
    except (ValueError, TypeError, RecursionError) as error:
        raise ConfigError("is not a keystore file", where=str(path)) from error
    try:
        return bytes(Account.decrypt(document, password))
    except (ValueError, TypeError, KeyError, NotImplementedError) as error:
        if "MAC" in str(error):
            raise WrongPassword("wrong password", where=str(path)) from error
        raise ConfigError(f"the keystore cannot be opened ({type(error).__name__})", where=str(path)) from error
