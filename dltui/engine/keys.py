"""The demo's keys: derived from the run's seed, so equal runs have equal addresses, and so they protect nothing."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from dltui.chain.accounts import address_of, open_keystore
from dltui.chain.wallet import demo_key
from dltui.config import Config


@dataclass(frozen=True)
class Key:
    """A private key (32 bytes) and its checksummed address."""

    secret: bytes
    address: str


def operator_key(seed: int) -> Key:
    """The operator's key."""
    return _key(seed, "operator", 0)


def client_key(seed: int, part: int) -> Key:
    """The key of the client that holds slice `part`."""
    return _key(seed, "client", part)


def operator_of(config: Config, password: str) -> Key:
    """The operator's key from its keystore; raises ConfigError where file or password is wrong."""
    secret = open_keystore(Path(config.chain.keystore).expanduser(), password)
    return Key(secret, address_of(secret))


def write_keys(folder: Path, seed: int, clients: int, operator: bool = True) -> None:
    """Write all demo keys to `demo.json` (mode 0600), for whoever wants to use them in a wallet.

    Without `operator` only those of the clients: the operator has a keystore.
    """
    keys = {"operator": operator_key(seed)} if operator else {}
    keys |= {f"client-{i}": client_key(seed, i) for i in range(clients)}
    document = {
        "note": "derived from the run's seed: for demonstrations only",
        "keys": {name: {"address": key.address, "key": "0x" + key.secret.hex()} for name, key in keys.items()},
    }
    descriptor = os.open(folder / "demo.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=1)


def _key(seed: int, role: str, index: int) -> Key:
    secret = demo_key(seed, role, index)
    return Key(secret, address_of(secret))
