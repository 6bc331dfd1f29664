"""How much of the code that a chain allows a contract each of ours takes."""

from __future__ import annotations

from dltui.chain.contracts import artifacts
from dltui.errors import ChainError

LIMIT = 24_576
"""The most bytes of code that a contract may have (EIP-170); a chain refuses to deploy more."""
ALARM = 23_500
"""From this size on it is time to move something into a contract of its own."""


def sizes() -> dict[str, int]:
    """The bytes of code of each contract, by its name."""
    return {name: len(artifacts.artifact(name).deployed_bytecode) for name in artifacts.names()}


def table(found: dict[str, int]) -> str:
    """The sizes as a Markdown table, the largest first."""
    rows = [
        f"| `{name}` | {size:,} | {size / LIMIT:.1%} |" for name, size in sorted(found.items(), key=lambda x: -x[1])
    ]
    return "\n".join([f"| contract | bytes of code | of {LIMIT:,} |", "|---|---|---|", *rows])


def warnings(found: dict[str, int]) -> list[str]:
    """A sentence for each contract that has reached the alarm. Raises ChainError for one above the limit."""
    for name, size in found.items():
        if size > LIMIT:
            raise ChainError(
                f"{name} has {size:,} bytes of code, and a chain takes at most {LIMIT:,}",
                hint="move a part of it into a contract or a library of its own",
            )
    return [
        f"{name} has {size:,} bytes of code: only {LIMIT - size:,} are left"
        for name, size in found.items()
        if size >= ALARM
    ]
