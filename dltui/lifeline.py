"""Ties between processes: children that end with their parent, and names that `ps` shows."""

from __future__ import annotations

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_NAME = 15


def die_with_parent(signum: int) -> None:
    """Have the kernel send `signum` to this process when its parent ends (Linux; elsewhere nothing happens).

    A parent that ended before the kernel knew counts too: the signal is then sent from here.
    """
    if sys.platform != "linux":
        return
    parent = os.getppid()
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
    if os.getppid() != parent:
        os.kill(os.getpid(), signum)


def name_process(name: str) -> None:
    """Set the name that `ps` and `top` show, cut to 15 bytes (Linux; elsewhere nothing happens)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_NAME, name.encode()[:15], 0, 0, 0)
