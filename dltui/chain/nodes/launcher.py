"""`python -m dltui.chain.nodes.launcher BYTES PROGRAM ARG…`: become PROGRAM, bounded in memory, until the parent ends.

A process of its own rather than code between fork and exec, which is unsafe in a program with threads.
"""

from __future__ import annotations

import os
import resource
import signal
import sys

from dltui.lifeline import die_with_parent


def main(arguments: list[str]) -> None:
    """Limit the address space to BYTES, tie this process to its parent, and execute PROGRAM in its place."""
    die_with_parent(signal.SIGTERM)
    limit = int(arguments[0])
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    os.execv(arguments[1], arguments[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
