"""Why a call reverted, in words for people."""

from __future__ import annotations

from functools import cache
from typing import Any

from eth_abi.exceptions import DecodingError
from eth_utils import keccak

from dltui.chain.contracts import abi
from dltui.chain.contracts.declarations import CONTRACTS, ROLES
from dltui.chain.contracts.records import ClientStatus, RoundState, VersionState
from dltui.chain.types import Revert

_TEXT_LIMIT = 200

_WORDS = {error: words for contract in CONTRACTS for error, words in contract.words.items()}
_ENUMS = {"WrongStatus": ClientStatus, "WrongState": RoundState, "WrongVersionState": VersionState}
_ROLES = {role: name for name, role in ROLES.items()}
_PANICS = {
    0x01: "an assertion failed",
    0x11: "arithmetic overflow",
    0x12: "division by zero",
    0x21: "a value is out of an enum's range",
    0x32: "an index is out of range",
    0x41: "too much memory",
}
_ERROR = keccak(text="Error(string)")[:4]
_PANIC = keccak(text="Panic(uint256)")[:4]


def explain(data: Any) -> Revert:
    """Return the revert behind `data`: bytes, 0x-hex, or whatever a node gave instead. Never raises.

    Knows the contracts' and OpenZeppelin's custom errors, Error(string) and Panic(uint256); what it does not know is
    named "Unknown", and no data at all "Empty".
    """
    raw = _bytes(data)
    if raw is None:
        return Revert("Unknown", "reverted, and the node did not say why")
    if not raw:
        return Revert("Empty", "reverted without a reason (out of gas, or nothing there to call)")
    try:
        return _decode(raw)
    except (DecodingError, ValueError, OverflowError):
        return Revert("Unknown", f"reverted for a reason unknown here (0x{raw[:4].hex()})", {"data": raw})


@cache
def _errors() -> dict[bytes, abi.Entry]:
    return {entry.selector: entry for entry in abi.by_digest("error").values()}


def _decode(raw: bytes) -> Revert:
    selector, body = raw[:4], raw[4:]
    if selector == _ERROR:
        reason = abi.named([abi.Param("reason", "string")], body)["reason"]
        return Revert("Error", f"reverted: {reason[:_TEXT_LIMIT]}", {"reason": reason})
    if selector == _PANIC:
        code = abi.named([abi.Param("code", "uint256")], body)["code"]
        return Revert("Panic", f"the contract failed: {_PANICS.get(code, f'panic {code:#x}')}", {"code": code})
    entry = _errors().get(selector)
    if entry is None:
        raise ValueError("unknown selector")
    args = entry.decode_inputs(body)
    if entry.name in _ENUMS:
        key = "status" if entry.name == "WrongStatus" else "state"
        args[key] = _ENUMS[entry.name](args[key])
    words = {name: _word(name, value) for name, value in args.items()}
    return Revert(entry.name, _WORDS.get(entry.name, entry.name).format(**words), args)


def _word(name: str, value: Any) -> str:
    if isinstance(value, (ClientStatus, RoundState, VersionState)):
        return value.name
    if name == "neededRole":
        return str(_ROLES.get(value, "0x" + value.hex()))
    if name == "field":
        return str(value.rstrip(b"\0").decode("ascii", "replace"))
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)


def _bytes(data: Any) -> bytes | None:
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2:])
        except ValueError:
            return None
    return None
