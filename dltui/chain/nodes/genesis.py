"""The first block of a local chain: chain id, timestamp and first balances, in the genesis format of geth.

The chain id is what keeps a signature of one run from being valid in another.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dltui.core.safe_json import decode_json
from dltui.errors import ChainError
from dltui.files import read_regular, write_whole

GAS_LIMIT = 30_000_000
"""Gas limit of every block."""
BASE_FEE = 1_000_000_000
"""Base fee of the first block in wei per gas; it moves by EIP-1559 from there."""
DEMO_CHAIN_ID = 31_337
"""Of chains with demo keys, which protect nothing: wallets and tools know it as that of a development chain."""

_FORKS = (
    "homesteadBlock",
    "eip150Block",
    "eip155Block",
    "eip158Block",
    "byzantiumBlock",
    "constantinopleBlock",
    "petersburgBlock",
    "istanbulBlock",
    "berlinBlock",
    "londonBlock",
)
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,63})")
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Genesis:
    """What the first block is made of: `timestamp` in unix seconds, `alloc` wei by lower-case address."""

    chain_id: int
    timestamp: int
    alloc: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raise `ChainError` if a value is out of range, so that no two spellings of one genesis exist."""
        if not 0 < self.chain_id < 2**53:
            raise ChainError(f"chain id {self.chain_id} is out of range", where="genesis")
        if not 0 <= self.timestamp < 2**40:
            raise ChainError(f"timestamp {self.timestamp} is out of range", where="genesis")
        alloc = {address.lower(): wei for address, wei in self.alloc.items()}
        if len(alloc) != len(self.alloc):
            raise ChainError("an address is named twice", where="genesis alloc")
        for address, wei in alloc.items():
            if not _ADDRESS.fullmatch(address):
                raise ChainError(f"{address[:60]!r} is not an address", where="genesis alloc")
            if not 0 <= wei < 2**128:
                raise ChainError(f"the balance of {address} is out of range", where="genesis alloc")
        object.__setattr__(self, "alloc", dict(sorted(alloc.items())))

    def encode(self) -> bytes:
        """Return the canonical bytes of the genesis file (geth's format, sorted keys)."""
        config: dict[str, Any] = dict.fromkeys(_FORKS, 0)
        config |= {"chainId": self.chain_id, "shanghaiTime": 0, "cancunTime": 0}
        config |= {"terminalTotalDifficulty": 0, "terminalTotalDifficultyPassed": True}
        document = {
            "alloc": {address: {"balance": hex(wei)} for address, wei in self.alloc.items()},
            "baseFeePerGas": hex(BASE_FEE),
            "coinbase": "0x" + "00" * 20,
            "config": config,
            "difficulty": "0x0",
            "extraData": "0x",
            "gasLimit": hex(GAS_LIMIT),
            "mixHash": "0x" + "00" * 32,
            "nonce": "0x0",
            "timestamp": hex(self.timestamp),
        }
        return json.dumps(document, sort_keys=True, indent=1).encode() + b"\n"

    def sha256(self) -> str:
        """Return the SHA-256 of the genesis file in hex: what a transaction log refers to."""
        return hashlib.sha256(self.encode()).hexdigest()


def own_chain_id(configured: int, keystore: str, federation_id: bytes) -> int:
    """Return `configured` if it is not 0; with a `keystore` one that only this federation has, otherwise the demo's.

    One keystore signs for many runs, from nonce 0 in each: by the id alone their transactions differ in what they bind.
    """
    if configured:
        return configured
    return 2**32 + int.from_bytes(federation_id[:4], "big") if keystore else DEMO_CHAIN_ID


def decode_genesis(data: bytes, where: str = "genesis") -> Genesis:
    """Read a genesis file. Only the canonical bytes are accepted: an altered file raises `ChainError`."""
    try:
        document = decode_json(data)
        timestamp, alloc = document["timestamp"], document["alloc"]
        balances = {address: _quantity(account["balance"]) for address, account in alloc.items()}
        genesis = Genesis(_chain_id(document["config"]["chainId"]), _quantity(timestamp), balances)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ChainError(f"not a genesis file ({type(error).__name__})", where=where) from error
    if genesis.encode() != data:
        raise ChainError(
            "the genesis file was altered or written by another program",
            where=where,
            hint="restore the file that came with the run; a chain cannot change its first block",
        )
    return genesis


def write_genesis(path: Path, chain_id: int, timestamp: int, alloc: Mapping[str, int]) -> Genesis:
    """Write `genesis.json`: `timestamp` in unix seconds, `alloc` in wei by address; return the genesis."""
    genesis = Genesis(chain_id, timestamp, alloc)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, genesis.encode())
    return genesis


def read_genesis(path: Path) -> Genesis:
    """Read `genesis.json`; raises `ChainError` if it is missing, too large or altered."""
    try:
        data = read_regular(path, _MAX_BYTES)
    except FileNotFoundError as error:
        raise ChainError(f"cannot read the genesis file: {error.strerror}", where=str(path)) from error
    return decode_genesis(data, str(path))


def _chain_id(value: Any) -> int:
    if type(value) is not int:
        raise TypeError("chainId")
    return value


def _quantity(text: Any) -> int:
    if not isinstance(text, str) or not _QUANTITY.fullmatch(text):
        raise ValueError("quantity")
    return int(text, 16)
