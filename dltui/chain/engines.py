"""Which chain a run uses, and why: the embedded one, an anvil of its own, or a node by its address."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from dltui.chain.anvil import INSTALL, VERSION, Anvil, find
from dltui.errors import ChainError

EMBEDDED = "embedded"
ANVIL = "anvil"
URL = "url"


@dataclass(frozen=True)
class Choice:
    """The engine with the reason in words; `anvil` where it is anvil, `url` where it is somebody's node."""

    engine: str
    reason: str
    anvil: Anvil | None = None
    url: str = ""


def choose(engine: str, anvil: str = "", env: Mapping[str, str] = os.environ) -> Choice:
    """The engine behind `[chain] engine`: auto, embedded, anvil or an address; `anvil` is the path in `[chain] anvil`.

    Raises `ChainError` where anvil is asked for and there is none that can be used. `auto` never fails: it falls
    back to the embedded chain and says why.
    """
    if engine == "auto":
        try:
            found = find(anvil, env)
        except ChainError as error:
            return Choice(EMBEDDED, f"auto, and anvil cannot be used: {error}")
        if found is None:
            return Choice(EMBEDDED, f"auto, and no anvil was found (`{INSTALL}` gets one)")
        return Choice(ANVIL, f"auto: {_words(found)}", found)
    if engine == ANVIL:
        found = find(anvil, env)
        if found is None:
            raise ChainError("no anvil was found", where="[chain] engine", hint=f"`{INSTALL}`, or set DLTUI_ANVIL")
        return Choice(ANVIL, f"configured: {_words(found)}", found)
    if engine == EMBEDDED:
        return Choice(EMBEDDED, "configured")
    return Choice(URL, "configured: a node by its address", url=engine)


def _words(anvil: Anvil) -> str:
    tested = "" if anvil.version == VERSION else f", dltui is tested with {VERSION}"
    return f"anvil {anvil.version}{tested}, {anvil.source} ({anvil.path})"
