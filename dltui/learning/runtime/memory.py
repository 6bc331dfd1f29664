"""Giving memory back between the heavy parts of a round."""

from __future__ import annotations

import ctypes
import sys


def release() -> None:
    """Hand what was freed back to the system: many clients share one machine, and rarely peak at the same time.

    glibc otherwise keeps it, which is 250 MB a client after a training of ResNet-18. Nothing happens elsewhere.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
