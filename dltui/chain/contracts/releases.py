"""Code that earlier releases deployed: no round is opened on it any more, but what happened there stays readable.

Their functions, events and errors are those of the shipped contracts, or were dropped since; so lengths and hashes
suffice to recognise them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from dltui.chain.contracts.artifacts import blanked


def names() -> tuple[str, ...]:
    """The earlier releases whose code is known."""
    return tuple(_document())


def deployed_by(name: str, code: bytes) -> str | None:
    """The earlier release whose contract `name` is this code (as from eth_getCode); None for other code."""
    for release, contracts in _document().items():
        entry = contracts[name]
        if len(code) == entry["deployed"]["length"] and _is(entry["deployed"], blanked(code, entry["immutables"])):
            return release
    return None


def creation(data: bytes) -> tuple[str, bytes] | None:
    """The contract that an earlier release's creation code deploys, and its constructor's arguments, encoded."""
    for contracts in _document().values():
        for name, entry in contracts.items():
            if _is(entry["creation"], data[: entry["creation"]["length"]]):
                return name, data[entry["creation"]["length"] :]
    return None


def _is(entry: Mapping[str, Any], code: bytes) -> bool:
    return bool(hashlib.sha256(code).hexdigest() == entry["sha256"])


@cache
def _document() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = json.loads(
        files("dltui.chain.contracts").joinpath("releases.json").read_bytes()
    )
    return loaded
