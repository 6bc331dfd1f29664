"""How the node's process takes memory from the system, and gives it back."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_LARGE = 128 * 1024
_ARENAS = 2


def give_memory_back() -> None:
    """Have the C library return what large requests and answers took as soon as they are gone.

    By itself glibc keeps it, after the first large one that is freed, in as many heaps as there were threads at work.
    Elsewhere nothing happens.
    """
    if sys.platform != "linux" or not hasattr(library := ctypes.CDLL(None), "mallopt"):
        return
    for parameter, value in ((_M_MMAP_THRESHOLD, _LARGE), (_M_TRIM_THRESHOLD, _LARGE), (_M_ARENA_MAX, _ARENAS)):
        library.mallopt(parameter, value)
