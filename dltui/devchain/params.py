"""The door of the JSON-RPC methods: every parameter is checked for type, size and range before it is used."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from dltui.chain.nodes.genesis import GAS_LIMIT
from dltui.devchain.evm import Message

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
)
SERVER_ERROR, REVERTED, NOT_YET_MINED, LIMIT_EXCEEDED = -32000, 3, 4, -32005
TIMED_OUT, TOO_LARGE = -32002, -32003

MAX_INDEX = 2**31
"""Highest position of a transaction in a block that can be asked for."""
TAGS = ("latest", "pending", "earliest", "safe", "finalized")
_QUANTITY = re.compile(r"0[xX](0|[1-9a-fA-F][0-9a-fA-F]{0,63})")
_HEX = re.compile(r"0[xX]([0-9a-fA-F]{2})*")
_SLOT = re.compile(r"0[xX][0-9a-fA-F]{1,64}")
_HASH_LENGTH = 66
_MAX_DATA = 1024 * 1024
_MAX_CHOICES = 1000
_MAX_ACCESS = 1000


class RpcFault(Exception):
    """A JSON-RPC error object: `code`, `message` and optional `data`."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


def invalid(what: str) -> RpcFault:
    """Return the error for a parameter that cannot be used."""
    return RpcFault(INVALID_PARAMS, f"invalid params: {what}")


def arguments(params: Any, least: int, most: int) -> list[Any]:
    """Return the positional parameters, filled up with None to `most`."""
    given = [] if params is None else params
    if not isinstance(given, list):
        raise invalid("expected a list")
    if not least <= len(given) <= most:
        raise invalid(f"expected {least} to {most} values, got {len(given)}")
    return given + [None] * (most - len(given))


def quantity(value: Any, what: str, bits: int = 256) -> int:
    """Return a number in hex without leading zeros, below 2**bits."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value) or (number := int(value, 16)) >= 1 << bits:
        raise invalid(f"{what} is not a hex number of at most {bits} bits")
    return number


def count(value: Any, what: str, most: int) -> int:
    """Return a number from 0 to `most`, as a JSON integer or in hex."""
    number = value if type(value) is int else quantity(value, what)
    if not 0 <= number <= most:
        raise invalid(f"{what} is not from 0 to {most}")
    return number


def data(value: Any, what: str, size: int | None = None) -> bytes:
    """Return bytes in hex: exactly `size` of them, or at most 1 MiB."""
    if not isinstance(value, str) or len(value) > 2 * _MAX_DATA + 2 or not _HEX.fullmatch(value):
        raise invalid(f"{what} is not a hex string of whole bytes")
    result = bytes.fromhex(value[2:])
    if size is not None and len(result) != size:
        raise invalid(f"{what} has {len(result)} bytes instead of {size}")
    return result


def address(value: Any, what: str = "address") -> bytes:
    """Return a 20-byte address in hex."""
    return data(value, what, 20)


def slot(value: Any) -> int:
    """Return a storage slot: up to 32 bytes in hex, leading zeros allowed."""
    if not isinstance(value, str) or not _SLOT.fullmatch(value):
        raise invalid("the storage slot is not a hex number of at most 32 bytes")
    return int(value, 16)


def flag(value: Any, what: str) -> bool:
    """Return a boolean; absent means false."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise invalid(f"{what} is not true or false")
    return value


def block_tag(value: Any) -> str | int | bytes:
    """Return which block: a tag (default "latest"), a number, or a 32-byte hash, plain or as an object (EIP-1898)."""
    if value is None:
        return "latest"
    if isinstance(value, dict):
        if "blockHash" in value and "blockNumber" not in value:
            return data(value["blockHash"], "blockHash", 32)
        if "blockNumber" in value and "blockHash" not in value:
            return block_tag(value["blockNumber"])
        raise invalid("the block object needs either blockHash or blockNumber")
    if isinstance(value, str) and value in TAGS:
        return value
    if isinstance(value, str) and len(value) == _HASH_LENGTH:
        return data(value, "block hash", 32)
    return quantity(value, "block number", 63)


def message(value: Any) -> Message:
    """Return the call object of eth_call and eth_estimateGas. Fee fields and the nonce are accepted and not used."""
    if not isinstance(value, dict):
        raise invalid("the call is not an object")
    given = {key: item for key, item in value.items() if item is not None}
    inputs = {data(given[key], key) for key in ("data", "input") if key in given}
    if len(inputs) > 1:
        raise invalid('both "data" and "input" are set and not equal')
    gas = quantity(given["gas"], "gas", 64) if "gas" in given else GAS_LIMIT
    return Message(
        sender=address(given["from"], "from") if "from" in given else Message.sender,
        to=address(given["to"], "to") if "to" in given else b"",
        data=next(iter(inputs), b""),
        value=quantity(given["value"], "value") if "value" in given else 0,
        gas=min(gas, GAS_LIMIT),
        access_list=_access_list(given.get("accessList", [])),
    )


def choices(value: Any, what: str, size: int) -> tuple[bytes, ...]:
    """Return one byte string of `size` bytes or a list of them; absent means any."""
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if len(items) > _MAX_CHOICES:
        raise invalid(f"{what} has more than {_MAX_CHOICES} choices")
    return tuple(data(item, what, size) for item in items)


def topics(value: Any) -> tuple[tuple[bytes, ...], ...]:
    """Return the topics of a log filter: up to four positions, each any, one or a list."""
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > 4:
        raise invalid("topics is not a list of at most 4")
    return tuple(choices(item, "topic", 32) for item in value)


def _access_list(value: Any) -> tuple[tuple[bytes, tuple[int, ...]], ...]:
    if not isinstance(value, list) or len(value) > _MAX_ACCESS:
        raise invalid("accessList is not a list of at most 1000")
    entries = []
    for item in value:
        if not isinstance(item, Mapping) or not isinstance(item.get("storageKeys"), list):
            raise invalid("an entry of accessList needs address and storageKeys")
        keys = item["storageKeys"]
        if len(keys) > _MAX_ACCESS:
            raise invalid("an entry of accessList has more than 1000 storageKeys")
        entries.append((address(item.get("address")), tuple(int.from_bytes(data(k, "key", 32), "big") for k in keys)))
    return tuple(entries)
