"""Children that end with their parent, where the kernel can see to it."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import textwrap

import pytest

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
DEADLINE = 20


def run(script: str) -> int:
    """Run `script`, whose processes hold the writing end of a pipe; returns the reading end."""
    reading, writing = os.pipe()
    command = [sys.executable, "-c", textwrap.dedent(script)]
    subprocess.run(command, pass_fds=[writing], timeout=DEADLINE, check=True)
    os.close(writing)
    return reading


def closed(reading: int) -> bool:
    """Whether every process that held the other end is gone before the deadline."""
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        ready, _, _ = select.select([pipe], [], [], DEADLINE)
        return bool(ready) and pipe.read(1) == b""


@linux
def test_a_child_ends_when_its_parent_ends() -> None:
    reading = run(
        """
        import os, signal
        from dltui.lifeline import die_with_parent
        ready, tell = os.pipe()
        if os.fork() == 0:
            die_with_parent(signal.SIGKILL)
            os.write(tell, b"x")
            signal.pause()
        os.read(ready, 1)
        os._exit(0)
        """
    )
    assert closed(reading)


@linux
def test_a_child_whose_parent_ended_before_the_kernel_knew_ends_too() -> None:
    reading = run(
        """
        import os, signal
        from dltui import lifeline
        ready, tell = os.pipe()
        here, there = os.pipe()
        if os.fork() == 0:
            os.close(there)
            real = os.getppid
            answers = [real()]
            os.write(tell, b"x")
            os.read(here, 1)  # ends with the parent
            os.getppid = lambda: answers.pop() if answers else real()
            lifeline.die_with_parent(signal.SIGTERM)
            signal.pause()
        os.read(ready, 1)
        os._exit(0)
        """
    )
    assert closed(reading)
