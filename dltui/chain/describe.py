"""What a transaction did, in one word: the name of the called function, or what it deployed."""

from __future__ import annotations

from functools import cache

from dltui.chain import abi, artifacts


@cache
def _selectors() -> dict[bytes, str]:
    return {entry.selector: entry.name for entry in abi.by_digest("function").values()}


def deployed_name(data: bytes) -> str | None:
    """The contract that this creation code deploys, None for code that is not ours."""
    for name in artifacts.names():
        if data.startswith(artifacts.artifact(name).bytecode):
            return name
    return None


def function_name(to: str | None, data: bytes, ours: bool) -> str:
    """`submit`, `deploy FLContract`, `transfer`; `call` for what is not one of our contracts' functions."""
    if to is None:
        return f"deploy {deployed_name(data) or 'contract'}"
    if not data:
        return "transfer"
    return _selectors().get(data[:4], "call") if ours else "call"
