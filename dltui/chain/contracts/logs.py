"""Raw JSON-RPC logs to typed events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from eth_abi.exceptions import DecodingError

from dltui.chain.contracts import abi, words
from dltui.chain.contracts.abi import Entry, Param
from dltui.chain.types import Log


def topics_of(events: Iterable[str]) -> list[str]:
    """Return the first topics (hex) of the contracts' events of these names, sorted: what a log query asks for."""
    wanted = set(events)
    return sorted("0x" + digest.hex() for digest, entry in abi.by_digest("event").items() if entry.name in wanted)


def decode_log(raw: Any, addresses: Mapping[str, str] | None = None) -> Log | None:
    """Return the event in one JSON-RPC log object, or None when it is not one of ours. Never raises.

    `addresses` maps checksummed contract addresses to contract names: a log of any other address is then not ours.
    Without it the contract follows from the event alone (role events, which all have, count as one contract's).
    Text that is not UTF-8 is repaired with U+FFFD, never dropped; it is a stranger's, so show it with care.
    """
    try:
        return _decode(raw, addresses)
    except (DecodingError, ValueError, TypeError, KeyError, IndexError, OverflowError):
        return None


def _decode(raw: Any, addresses: Mapping[str, str] | None) -> Log | None:
    address = words.address(bytes(12) + _hex(raw["address"], 20))
    topics = [_hex(topic, words.WORD) for topic in raw["topics"]]
    entry = abi.by_digest("event").get(topics[0])
    if entry is None:
        return None
    contract = entry.contract
    if addresses is not None:
        contract = addresses[address]
        entry = abi.entries(contract, "event")[entry.name]
    indexed = [param for param in entry.inputs if param.indexed]
    if len(indexed) != len(topics) - 1:
        return None
    args = _arguments(entry, indexed, topics[1:], _hex(raw["data"]))
    tx = "0x" + _hex(raw["transactionHash"], words.WORD).hex()
    return Log(contract, entry.name, args, _number(raw["blockNumber"]), tx, _number(raw["logIndex"]), address)


def _arguments(entry: Entry, indexed: list[Param], topics: list[bytes], data: bytes) -> dict[str, Any]:
    readers = _readers(entry.contract, entry.name)
    if readers is None:
        found = {
            param.name: abi.named([param], topic)[param.name] for param, topic in zip(indexed, topics, strict=True)
        }
        found |= abi.named([param for param in entry.inputs if not param.indexed], data)
        return {param.name: found[param.name] for param in entry.inputs}
    at, args, left = 0, {}, iter(topics)
    for param, read in readers:
        if param.indexed:
            word = next(left)
        else:
            word, at = data[at : at + words.WORD], at + words.WORD
        args[param.name] = read(word)
    return args


@cache
def _readers(contract: str, event: str) -> tuple[tuple[Param, words.Reader], ...] | None:
    """Return how each parameter of an event is read from its word; None if one of them is longer than a word."""
    found = [(param, words.reader(param.type)) for param in abi.entries(contract, "event")[event].inputs]
    return tuple((param, read) for param, read in found if read) if all(read for _, read in found) else None


def _hex(value: Any, length: int | None = None) -> bytes:
    if not isinstance(value, str) or not value.startswith("0x"):
        raise ValueError("not 0x-hex")
    decoded = bytes.fromhex(value[2:])
    if length is not None and len(decoded) != length:
        raise ValueError("wrong length")
    return decoded


def _number(value: Any) -> int:
    if not isinstance(value, str) or not value.startswith("0x") or len(value) > 18:
        raise ValueError("not a 0x-hex number of at most 64 bits")
    return int(value, 16)
