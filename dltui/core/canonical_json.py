"""Canonical JSON: one byte string for one value."""

from __future__ import annotations

import json
from typing import Any


def dumps(obj: Any) -> bytes:
    """`obj` as JSON with sorted keys, no spaces and ASCII only. Raises ValueError for NaN and infinities."""
    return json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode("ascii")
