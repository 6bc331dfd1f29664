"""What a transaction did, in one word: the name of the called function, or what it deployed."""

from __future__ import annotations

from functools import cache

from dltui.chain.contracts import abi, artifacts, releases


@cache
def _selectors() -> dict[bytes, str]:
    return {entry.selector: entry.name for entry in abi.by_digest("function").values()}


def deployment(data: bytes) -> tuple[str, bytes] | None:
    """Return the contract that this creation code deploys, and its encoded arguments; None if it is not ours.

    Code of earlier releases counts: runs that were recorded with it stay readable.
    """
    for name in artifacts.names():
        code = artifacts.artifact(name).bytecode
        if data.startswith(code):
            return name, data[len(code) :]
    return releases.creation(data)


def deployed_name(data: bytes) -> str | None:
    """Return the name of the contract that this creation code deploys, None if it is not ours."""
    found = deployment(data)
    return found[0] if found is not None else None


def function_name(to: str | None, data: bytes, ours: bool) -> str:
    """Return `submit`, `deploy FLContract`, `transfer`; `call` for what is not one of our contracts' functions."""
    if to is None:
        return f"deploy {deployed_name(data) or 'contract'}"
    if not data:
        return "transfer"
    return _selectors().get(data[:4], "call") if ours else "call"
