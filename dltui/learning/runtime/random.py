"""Seeds: all randomness is a function of (seed, client, round, purpose); no generator outlives a round."""

from __future__ import annotations

import hashlib
import json


def derive(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for one purpose, from SHA-256; different purposes give independent seeds.

    Text and numbers are told apart, and so are their boundaries: ("a", "b") is not ("ab",), and "1" is not 1.
    """
    text = json.dumps([seed, *purpose], ensure_ascii=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "big") >> 1
