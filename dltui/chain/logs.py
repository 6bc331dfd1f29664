"""Raw JSON-RPC logs to typed events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_abi.exceptions import DecodingError
from eth_utils import to_checksum_address

from dltui.chain import abi
from dltui.chain.types import Log


def decode_log(raw: Any, addresses: Mapping[str, str] | None = None) -> Log | None:
    """The event in one JSON-RPC log object, or None when it is not one of ours. Never raises.

    `addresses` maps checksummed contract addresses to contract names: a log of any other address is then not ours.
    Without it the contract is told from the event alone (role events, which all three have, count as DataRegistry's).
    Text that is not UTF-8 is repaired with U+FFFD, never dropped; it is a stranger's, so show it with care.
    """
    try:
        return _decode(raw, addresses)
    except (DecodingError, ValueError, TypeError, KeyError, IndexError, OverflowError):
        return None


def _decode(raw: Any, addresses: Mapping[str, str] | None) -> Log | None:
    address = to_checksum_address(_hex(raw["address"], 20))
    topics = [_hex(topic, 32) for topic in raw["topics"]]
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
    found = {
        param.name: abi.named([param], topic)[param.name] for param, topic in zip(indexed, topics[1:], strict=True)
    }
    found |= abi.named([param for param in entry.inputs if not param.indexed], _hex(raw["data"]))
    args = {param.name: found[param.name] for param in entry.inputs}
    tx = "0x" + _hex(raw["transactionHash"], 32).hex()
    return Log(contract, entry.name, args, _number(raw["blockNumber"]), tx, _number(raw["logIndex"]), address)


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
