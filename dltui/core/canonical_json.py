"""Canonical JSON: one byte string for one value.

The bytes are those of RFC 8785 for ASCII text without DEL, whole numbers of up to 53 bits, and fractions from 0.0001 to
10^15. So every blob of this system follows the standard, but for integers of more than 53 bits. The two differ in other
text (escaped here), in floats that are whole, smaller or larger, and in the order of keys beyond the BMP. Recorded
bytes depend on it: do not change it.
"""

from __future__ import annotations

import json
from typing import Any


def dumps(obj: Any) -> bytes:
    """Return `obj` as JSON with sorted keys, no spaces and ASCII only. Raises ValueError for NaN and infinities."""
    return json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")
