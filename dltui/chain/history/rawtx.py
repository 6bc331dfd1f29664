"""From the JSON object of a mined transaction back to its signed bytes (EIP-155, EIP-2930, EIP-1559)."""

from __future__ import annotations

from typing import Any

import rlp
from eth_utils import keccak

from dltui.errors import ChainError

_NUMBERS = {
    0: ("nonce", "gasPrice", "gas", "to", "value", "input"),
    1: ("chainId", "nonce", "gasPrice", "gas", "to", "value", "input"),
    2: ("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value", "input"),
}


def raw_transaction(tx: Any) -> bytes:
    """Return the signed raw transaction behind a full block's JSON object of type 0, 1 or 2.

    Raises `ChainError` if a field is missing or malformed, or if the bytes do not hash to the object's
    `hash`: what this returns is what the sender signed, whatever the node says.
    """
    try:
        kind = int(tx.get("type", "0x0"), 16)
        fields: list[Any] = [_field(tx, name) for name in _NUMBERS[kind]]
        if kind == 0:
            fields.append(_number(tx["v"]))
        else:
            fields += [_access_list(tx["accessList"]), _number(tx["yParity"] if "yParity" in tx else tx["v"])]
        fields += [_number(tx["r"]), _number(tx["s"])]
        raw = (bytes([kind]) if kind else b"") + rlp.encode(fields)
        expected = _bytes(tx["hash"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ChainError("a transaction object cannot be read", where=_name(tx)) from error
    if keccak(raw) != expected:
        raise ChainError("a transaction object does not hash to its transaction hash", where=_name(tx))
    return bytes(raw)


def hash_of(raw: bytes) -> str:
    """Return the transaction hash of signed bytes."""
    return "0x" + bytes(keccak(raw)).hex()


def _field(tx: Any, name: str) -> bytes:
    if name == "to":
        return b"" if tx["to"] is None else _bytes(tx["to"])
    return _bytes(tx["input"]) if name == "input" else _number(tx[name])


def _number(text: Any) -> bytes:
    """Return a quantity in the form RLP wants: big-endian without leading zeros."""
    value = int(text, 16)
    if value < 0:
        raise ValueError("negative")
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _bytes(text: Any) -> bytes:
    if not text.startswith("0x"):
        raise ValueError("no hex prefix")
    return bytes.fromhex(text[2:])


def _access_list(entries: Any) -> list[Any]:
    return [[_bytes(entry["address"]), [_bytes(key) for key in entry["storageKeys"]]] for entry in entries]


def _name(tx: Any) -> str:
    text = tx.get("hash") if isinstance(tx, dict) else None
    return f"transaction {text[:66]}" if isinstance(text, str) and text.isalnum() else "transaction"
