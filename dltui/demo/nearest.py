"""The words for a key that nothing knows."""

from __future__ import annotations

from collections.abc import Sequence

from dltui.config.suggest import nearest
from dltui.core.sanitize import clean
from dltui.errors import ConfigError


def unknown_key(what: str, word: str, valid: Sequence[str], where: str) -> ConfigError:
    """Return an error that names the nearest valid word, or all of them if none is near."""
    found = nearest(word, valid, cutoff=0.4)
    hint = f"the nearest is {found}" if found else f"one of {', '.join(valid)}"
    return ConfigError(f"no {what} is called {clean(word, 40)!r}", where=where, hint=hint)
