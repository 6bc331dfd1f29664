"""ABI encoding and decoding of the shipped contracts' functions, events and errors, over eth_abi."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from eth_abi import decode, encode
from eth_utils import keccak, to_checksum_address

from dltui.chain.contracts import artifacts


@dataclass(frozen=True)
class Param:
    """One parameter: its canonical ABI type, and its parts when it is a struct."""

    name: str
    type: str
    indexed: bool = False
    parts: tuple[Param, ...] = ()

    @property
    def wire(self) -> str:
        """The type to decode with. A string is taken as bytes: what a stranger wrote need not be valid UTF-8."""
        if self.parts:
            return f"({','.join(part.wire for part in self.parts)})"
        return "bytes" if self.type == "string" else self.type

    def value(self, decoded: Any) -> Any:
        """Return the decoded value as Python sees it: structs as dicts, text repaired, addresses checksummed."""
        if self.parts:
            return {part.name: part.value(item) for part, item in zip(self.parts, decoded, strict=True)}
        if self.type == "string":
            return decoded.decode("utf-8", "replace")
        return to_checksum_address(decoded) if self.type == "address" else decoded


@dataclass(frozen=True)
class Entry:
    """A function, event or error of a contract; `digest` is the keccak of its signature."""

    contract: str
    name: str
    digest: bytes
    inputs: tuple[Param, ...]
    outputs: tuple[Param, ...] = ()

    @property
    def selector(self) -> bytes:
        """The first four bytes of calldata or revert data."""
        return self.digest[:4]

    def encode(self, args: Sequence[Any]) -> bytes:
        """Selector and arguments. Values out of range raise eth_abi's EncodingError."""
        return self.selector + encode([param.type for param in self.inputs], list(args))

    def decode_inputs(self, data: bytes) -> dict[str, Any]:
        """Return arguments by name, from data without the selector."""
        return named(self.inputs, data)


def named(params: Sequence[Param], data: bytes) -> dict[str, Any]:
    """Decode `data` as `params`, by name; raises eth_abi's DecodingError."""
    values = decode([param.wire for param in params], data)
    return {param.name: param.value(item) for param, item in zip(params, values, strict=True)}


@cache
def entries(contract: str, kind: str) -> Mapping[str, Entry]:
    """Return the `kind` ("function", "event", "error") entries of a contract by name; no name is overloaded."""
    found = (item for item in artifacts.artifact(contract).abi if item["type"] == kind)
    return {item["name"]: _entry(contract, item) for item in found}


@cache
def constructor(contract: str) -> tuple[str, ...]:
    """Return the ABI types of a contract's constructor."""
    found = [item for item in artifacts.artifact(contract).abi if item["type"] == "constructor"]
    return tuple(param.type for item in found for param in _params(item["inputs"]))


@cache
def by_digest(kind: str) -> Mapping[bytes, Entry]:
    """Return all contracts' entries of a kind by the keccak of their signature (shared ones: of the first contract)."""
    table: dict[bytes, Entry] = {}
    for name in artifacts.names():
        for entry in entries(name, kind).values():
            table.setdefault(entry.digest, entry)
    return table


def _entry(contract: str, item: dict[str, Any]) -> Entry:
    inputs = _params(item["inputs"])
    signature = f"{item['name']}({','.join(param.type for param in inputs)})"
    return Entry(contract, item["name"], keccak(text=signature), inputs, _params(item.get("outputs", ())))


def _params(items: Iterable[dict[str, Any]]) -> tuple[Param, ...]:
    return tuple(_param(item) for item in items)


def _param(item: dict[str, Any]) -> Param:
    # A trailing underscore only keeps a name apart from a Solidity keyword or a function.
    name = item["name"].rstrip("_")
    parts = _params(item.get("components", ()))
    kind = f"({','.join(part.type for part in parts)})" if parts else item["type"]
    return Param(name, kind, bool(item.get("indexed")), parts)
