"""The compiled contracts that the package ships."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Artifact:
    """One compiled contract.

    `bytecode` is what a deployment runs, `deployed_bytecode` what then lies on chain; `immutables` are the
    (start, length) places in it that the constructor fills in.
    """

    name: str
    abi: tuple[dict[str, Any], ...]
    bytecode: bytes
    deployed_bytecode: bytes
    immutables: tuple[tuple[int, int], ...]

    def is_code(self, code: bytes) -> bool:
        """Whether `code` (as from eth_getCode) is this contract, whatever its constructor was given."""
        return len(code) == len(self.deployed_bytecode) and blanked(code, self.immutables) == blanked(
            self.deployed_bytecode, self.immutables
        )


def blanked(code: bytes, immutables: Iterable[Sequence[int]]) -> bytes:
    """Deployed code with zeros in the places (start, length) that its constructor filled in."""
    blank = bytearray(code)
    for start, length in immutables:
        blank[start : start + length] = bytes(length)
    return bytes(blank)


@cache
def document() -> dict[str, Any]:
    """The whole shipped document: compiler, settings, SHA-256 of the sources, contracts."""
    loaded: dict[str, Any] = json.loads(files("dltui.chain.contracts").joinpath("artifacts.json").read_bytes())
    return loaded


@cache
def artifact(name: str) -> Artifact:
    """A contract by its name; KeyError for another."""
    entry = document()["contracts"][name]
    return Artifact(
        name,
        tuple(entry["abi"]),
        bytes.fromhex(entry["bytecode"][2:]),
        bytes.fromhex(entry["deployedBytecode"][2:]),
        tuple((start, length) for start, length in entry["immutables"]),
    )


def names() -> tuple[str, ...]:
    """The contracts' names, sorted."""
    return tuple(sorted(document()["contracts"]))
