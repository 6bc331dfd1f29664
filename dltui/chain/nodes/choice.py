"""Which chain a run uses, and why: the embedded one, an anvil of its own, or a node by its address.

anvil is a development node: it answers `anvil_impersonateAccount`, `anvil_setStorageAt` and `evm_setTime` to every
program of the machine, and has no switch that closes them or its HTTP port (`--ipc` only adds a socket). So it is taken
only if it is asked for, and never with a keystore.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from dltui.chain.nodes.anvil import INSTALL, VERSION, Anvil, find
from dltui.errors import ChainError, ConfigError

EMBEDDED = "embedded"
ANVIL = "anvil"
URL = "url"
OPEN = "any program of this machine can act as the operator on anvil"
"""What every user of anvil must know."""


@dataclass(frozen=True)
class Choice:
    """The engine with the reason in words; `anvil` is set for anvil, `url` for a node by its address."""

    engine: str
    reason: str
    anvil: Anvil | None = None
    url: str = ""


def choose(engine: str, anvil: str = "", env: Mapping[str, str] = os.environ) -> Choice:
    """Return the engine behind `[chain] engine`: auto, embedded, anvil or an address.

    `anvil` is the path in `[chain] anvil`.

    Raises `ChainError` if anvil is asked for and there is none that can be used.
    """
    if engine == "auto":
        return Choice(EMBEDDED, "auto: only keys can act on it, and it needs nothing installed")
    if engine == ANVIL:
        found = find(anvil, env)
        if found is None:
            raise ChainError("no anvil was found", where="[chain] engine", hint=f"`{INSTALL}`, or set DLTUI_ANVIL")
        return Choice(ANVIL, f"{OPEN}; configured: {_words(found)}", found)
    if engine == EMBEDDED:
        return Choice(EMBEDDED, "configured")
    return Choice(URL, "configured: a node by its address", url=engine)


def refuse_open(engine: str, keystore: str) -> None:
    """Raise `ConfigError` for anvil together with a keystore: what its key protects would be open to everybody."""
    if engine == ANVIL and keystore:
        raise ConfigError(
            f"a keystore protects nothing there: {OPEN}",
            where="[chain] engine",
            hint="use --chain embedded, or leave [chain] keystore away",
        )


def _words(anvil: Anvil) -> str:
    tested = "" if anvil.version == VERSION else f", dltui is tested with {VERSION}"
    return f"anvil {anvil.version}{tested}, {anvil.source} ({anvil.path})"
