"""Secrets of a client for one purpose each: from 32 bytes that it alone knows, the same after every restart.

`learning.runtime.derive` is no source of secrets: it starts from the seed, which is in the plan.
"""

from __future__ import annotations

import hashlib

ROOT_BYTES = 32
RECORD_SALT = b"dltui record salt"
"""The label of the salt under which a client commits to its records."""


def derive_secret(root: bytes, label: bytes) -> bytes:
    """Return 32 bytes that look random without `root`, and that say nothing of it.

    They are SHA-256 of label and root. The root has a fixed length, so two labels never give one input. A purpose with
    a context, such as a round, puts it into the label. Raises ValueError unless the root has 32 bytes.
    """
    if len(root) != ROOT_BYTES:
        raise ValueError(f"a root has {ROOT_BYTES} bytes, not {len(root)}")
    return hashlib.sha256(label + root).digest()
