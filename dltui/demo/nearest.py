"""The words for a key that nothing knows."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from dltui.core.sanitize import clean
from dltui.errors import ConfigError


def unknown_key(what: str, word: str, valid: Sequence[str], where: str) -> ConfigError:
    """An error that names the nearest valid word, or all of them where none is near."""
    found = difflib.get_close_matches(word, valid, n=1, cutoff=0.4)
    hint = f"the nearest is {found[0]}" if found else f"one of {', '.join(valid)}"
    return ConfigError(f"no {what} is called {clean(word, 40)!r}", where=where, hint=hint)
