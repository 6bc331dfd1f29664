"""Did you mean: the nearest known word, for the hint of an error about an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known word that is most like `word`, None if none is; `cutoff` from 0 (any) to 1 (equal)."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=cutoff)), None)


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a hint: the nearest known word as a question, `otherwise` if none is near."""
    found = nearest(word, known)
    return f"did you mean {found}?" if found else otherwise
