"""Values of the ABI's static types, read from single 32-byte words: what eth_abi gives, several times quicker."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache, partial
from typing import Any

from eth_utils import to_checksum_address

WORD = 32
"""Bytes of a word."""

Reader = Callable[[bytes], Any]
"""Takes one word; raises ValueError for one that the type does not have."""

_KIND = re.compile(r"(uint|bytes)(\d+)")


@cache
def reader(kind: str) -> Reader | None:
    """Return what reads a value of type `kind`; None for one that is not one word, or that our contracts do not use."""
    if kind == "address":
        return address
    if kind == "bool":
        return partial(_uint, 1, as_=bool)
    found = _KIND.fullmatch(kind)
    if found is None:
        return None
    size = int(found[2])
    return partial(_uint, size) if found[1] == "uint" else partial(_bytes, size)


def _uint(bits: int, word: bytes, as_: Callable[[int], Any] = int) -> Any:
    value = int.from_bytes(_whole(word), "big")
    if value >> bits:
        raise ValueError("the number is too large for its type")
    return as_(value)


def _bytes(size: int, word: bytes) -> bytes:
    if any(_whole(word)[size:]):
        raise ValueError("there are bytes behind the value")
    return word[:size]


@lru_cache(maxsize=4096)
def address(word: bytes) -> str:
    """Return the checksummed address in the last 20 bytes of a word; raises ValueError if the others are not zero."""
    if any(_whole(word)[:12]):
        raise ValueError("there are bytes before the address")
    return str(to_checksum_address(word[12:]))


def _whole(word: bytes) -> bytes:
    if len(word) != WORD:
        raise ValueError("the data end within a word")
    return word
