"""Strict canonical JSON: one value has exactly one encoding, so equal facts have equal digests.

The house's canonical form, and in it only printable ASCII text and whole numbers (a number with a fraction has no
single text form). Reading accepts nothing else.
"""

from __future__ import annotations

import hashlib
from typing import Any

from dltui.aggregation.errors import Malformed
from dltui.core import canonical_json
from dltui.core.safe_json import decode_json

MAX_INT = 2**63 - 1
MAX_DEPTH = 8

ZERO_DIGEST = "00" * 32
"""No blob: the parent of the first version, or the result of a round with too few valid updates."""


def dumps(value: Any) -> bytes:
    """Return `value` as canonical JSON.

    It may hold dicts with text keys, lists, printable ASCII text, whole numbers, booleans and None; Malformed
    is raised for any other value.
    """
    _check(value, MAX_DEPTH)
    return canonical_json.dumps(value)


def loads(data: bytes, limit: int = 1 << 20) -> Any:
    """Return the value of canonical JSON of at most `limit` bytes. Raises Malformed for what `dumps` never writes."""
    if len(data) > limit:
        raise Malformed(f"JSON of {len(data)} bytes, over the limit of {limit}")
    try:
        value = decode_json(data)
    except ValueError as error:
        raise Malformed("not JSON") from error
    if dumps(value) != data:
        raise Malformed("JSON is not canonical")
    return value


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of `data`, 64 lower-case hex digits: the name of a blob."""
    return hashlib.sha256(data).hexdigest()


def is_digest(value: object) -> bool:
    """Return whether `value` is the text of a SHA-256 digest: 64 lower-case hex digits."""
    return isinstance(value, str) and len(value) == 64 and all(c in "0123456789abcdef" for c in value)


def is_int(value: object, low: int, high: int) -> bool:
    """Return whether `value` is a whole number (not a boolean) in `low` … `high`."""
    return type(value) is int and low <= value <= high


def _check(value: Any, depth: int) -> None:
    if depth == 0:
        raise Malformed("JSON is nested too deep")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise Malformed("a JSON key is not text")
            _check(key, depth)
            _check(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth - 1)
    elif isinstance(value, str):
        if not (value.isascii() and value.isprintable()):
            raise Malformed("JSON text is not printable ASCII")
    elif type(value) is int:
        if abs(value) > MAX_INT:
            raise Malformed("a JSON number is out of range")
    elif value is not None and not isinstance(value, bool):
        raise Malformed(f"JSON value of type {type(value).__name__}")
