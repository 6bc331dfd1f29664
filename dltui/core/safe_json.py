"""JSON from strangers: decoded only when it is not nested deeper than any honest message."""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 64
"""Deepest nesting that is decoded."""
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


def decode_json(data: bytes, *, unique: bool = False) -> Any:
    """Return the decoded document. Raises `ValueError` if `data` is not JSON or nested too deeply.

    With `unique`, a key that an object has twice is refused too: readers would differ on what it says.

    A decoder recurses in C, and py-evm and py_ecc raise Python's recursion limit so far that the C stack ends first:
    deep nesting must be found before decoding, not during it.
    """
    if too_deep(data):
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    # Decoded as UTF-8 here: in other encodings json would see strings where the check saw brackets.
    pairs = _unique if unique else None
    return json.loads(data.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=pairs)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def too_deep(data: bytes) -> bool:
    """Return whether brackets outside of strings are nested deeper than `MAX_DEPTH`; needs no decoder."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _TOKEN.finditer(data):
        first = data[match.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif first in b"]}":
            depth -= 1
    return False
