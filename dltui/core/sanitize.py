"""Text from clients, the chain and files, made harmless before it is kept or shown."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

LIMIT = 2_000
"""Characters of one cleaned string."""
MAX_DEPTH = 32
MAX_INTEGER = 2**256 - 1

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, erase
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS, PM, APC with their end
    r"|\x1b[ -/]*[0-~]"  # two-character escapes, and openings without an end
)


def clean(text: str, limit: int = LIMIT) -> str:
    """`text` without terminal escapes, control characters, bidi overrides and lone surrogates.

    White space becomes one plain space each, a lone surrogate the replacement character; what is longer than `limit`
    characters ends in an ellipsis. Cleaning twice changes nothing.
    """
    if len(text) <= limit and text.isprintable():
        return text
    text = _ESCAPES.sub("", text[: 4 * limit])
    text = "".join(char if char.isprintable() else _replacement(char) for char in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def clean_all(value: Any, depth: int = 0) -> Any:
    """Nested plain data with every string cleaned, and floats that are no number None.

    Raises ValueError if it is nested too deeply or holds an integer of more than 256 bits.
    """
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int):
        if abs(value) > MAX_INTEGER:
            raise ValueError("an integer has more than 256 bits")
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, dict):
        return {clean(str(key)): clean_all(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [clean_all(item, depth + 1) for item in value]
    return value


def _replacement(char: str) -> str:
    if "\ud800" <= char <= "\udfff":
        return "\ufffd"
    return " " if char.isspace() or unicodedata.category(char).startswith("Z") else ""
