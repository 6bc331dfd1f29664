"""Receipts from a node's JSON, checked before anything relies on them."""

from __future__ import annotations

import re
from typing import Any

from dltui.chain.types import Receipt
from dltui.errors import ChainError

_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def parse_receipt(answer: Any) -> Receipt:
    """Return the receipt in a JSON-RPC answer; raises `ChainError` if a field is missing or of the wrong kind.

    The fee is gas used times effective gas price, in wei.
    """
    try:
        gas_used = _number(answer["gasUsed"])
        to, created = answer.get("to"), answer.get("contractAddress")
        return Receipt(
            hash=_text(_HASH, answer["transactionHash"]).lower(),
            block=_number(answer["blockNumber"]),
            status=_status(answer["status"]),
            gas_used=gas_used,
            fee=gas_used * _number(answer.get("effectiveGasPrice", "0x0")),
            sender=_text(_ADDRESS, answer["from"]),
            to=None if to is None else _text(_ADDRESS, to),
            contract_address=None if created is None else _text(_ADDRESS, created),
            logs=tuple(_object(log) for log in answer["logs"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ChainError("the node's receipt cannot be read", where="receipt") from error


def _number(text: Any) -> int:
    value = int(text, 16)
    if not 0 <= value < 2**256:
        raise ValueError("range")
    return value


def _status(text: Any) -> int:
    value = _number(text)
    if value not in (0, 1):
        raise ValueError("status")
    return value


def _text(pattern: re.Pattern[str], value: Any) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError("text")
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("log")
    return value
