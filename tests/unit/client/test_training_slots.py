"""Turns for training: as many as there are places, whoever hangs, and never past the deadline."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from dltui.client.training_slots import HUNG_SECONDS, turn
from dltui.learning.training.estimate import rank
from dltui.learning.training.training import TrainSettings

NEVER = 2.0**40


def got(folder: Path, slots: int, rank: int = 0) -> bool:
    """Whether a place is to be had at once."""
    with turn(str(folder), slots, rank, 0.0, lambda: None) as going_on:
        return going_on is not None


@contextmanager
def held(folder: Path, slots: int, rank: int = 0) -> Iterator[None]:
    with turn(str(folder), slots, rank, 0.0, lambda: None) as going_on:
        assert going_on is not None
        yield


def silent_for(folder: Path, seconds: float, slot: int = 0) -> None:
    then = time.time() - seconds
    os.utime(folder / f"slot-{slot}", (then, then))


def test_there_are_as_many_turns_as_places(tmp_path: Path) -> None:
    with ExitStack() as stack:
        for rank in range(3):
            stack.enter_context(held(tmp_path, 3, rank=0))
            assert got(tmp_path, 3, rank) is (rank < 2)
    assert got(tmp_path, 3)


def test_whichever_place_becomes_free_is_taken(tmp_path: Path) -> None:
    """The first place is held for good; the waiting one would try it first."""
    with held(tmp_path, 2), ExitStack() as other:
        other.enter_context(held(tmp_path, 2, rank=1))
        looks: list[int] = []

        def waiting() -> None:
            looks.append(1)
            if len(looks) == 3:
                other.close()

        with turn(str(tmp_path), 2, 0, NEVER, waiting) as going_on:
            assert going_on is not None
    assert len(looks) == 3


def test_past_the_deadline_nobody_waits(tmp_path: Path) -> None:
    with held(tmp_path, 1):
        assert not got(tmp_path, 1)


def test_a_holder_that_says_nothing_loses_its_place_to_one_at_a_time(tmp_path: Path) -> None:
    with held(tmp_path, 1):
        silent_for(tmp_path, HUNG_SECONDS - 5)
        assert not got(tmp_path, 1)
        silent_for(tmp_path, HUNG_SECONDS + 5)
        with held(tmp_path, 1):
            assert not got(tmp_path, 1)
        assert got(tmp_path, 1), "the lock is a hung one's, and its place is free again"


def test_a_holder_that_goes_on_keeps_its_place(tmp_path: Path) -> None:
    with turn(str(tmp_path), 1, 0, 0.0, lambda: None) as going_on:
        assert going_on is not None
        silent_for(tmp_path, HUNG_SECONDS + 5)
        going_on()
        assert not got(tmp_path, 1)


@pytest.mark.parametrize(("folder", "slots"), [("", 1), ("x", 0)])
def test_without_a_bound_everybody_has_a_turn(folder: str, slots: int) -> None:
    with turn(folder, slots, 0, 0.0, lambda: None) as going_on:
        assert going_on is not None


WAITER = """
import sys
from dltui.client.training_slots import turn
said = []
def waiting():
    if not said:
        said.append(print("waits", flush=True))
with turn(sys.argv[1], 1, int(sys.argv[2]), 2.0**40, waiting):
    print("trains", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def waiters(folder: Path, ranks: list[int]) -> Iterator[dict[int, subprocess.Popen[str]]]:
    """Processes that wait for the one place, come in this order."""
    began = {}
    try:
        for rank in ranks:
            command = [sys.executable, "-c", WAITER, str(folder), str(rank)]
            began[rank] = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            assert line(began[rank]) == "waits"
        yield began
    finally:
        for process in began.values():
            process.kill()
            process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], 20.0)
    assert readable, "nothing was said in time"
    return process.stdout.readline().strip()


def test_of_those_who_wait_the_longest_training_is_the_next(tmp_path: Path) -> None:
    with ExitStack() as stack:
        mine = stack.enter_context(ExitStack())
        mine.enter_context(held(tmp_path, 1))
        began = stack.enter_context(waiters(tmp_path, [4, 1, 3, 2]))
        mine.close()
        for rank in (1, 2, 3, 4):
            assert line(began[rank]) == "trains"
            others = [process.stdout for other, process in began.items() if other > rank]
            assert select.select(others, [], [], 0)[0] == [], "one trains at a time"
            print("go on", file=began[rank].stdin, flush=True)
            began[rank].wait(20.0)


def test_one_that_hangs_in_the_queue_does_not_hold_up_the_others(tmp_path: Path) -> None:
    with ExitStack() as stack:
        mine = stack.enter_context(ExitStack())
        mine.enter_context(held(tmp_path, 1))
        began = stack.enter_context(waiters(tmp_path, [1, 2]))
        os.kill(began[1].pid, signal.SIGSTOP)
        mine.close()
        assert line(began[2]) == "trains"


LOOKER = """
import fcntl, sys
queue = open(sys.argv[1], "w+")
fcntl.lockf(queue, fcntl.LOCK_SH, 6)
print("looks", flush=True)
sys.stdin.readline()
"""


def test_one_that_hangs_while_it_looks_at_the_queue_does_not_hold_up_the_others(tmp_path: Path) -> None:
    def begin(code: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *arguments]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    looker = begin(LOOKER, str(tmp_path / "queue"))
    comer = None
    try:
        assert line(looker) == "looks"
        comer = begin(WAITER, str(tmp_path), "1")
        assert line(comer) == "trains"
    finally:
        for process in filter(None, (looker, comer)):
            process.kill()
            process.communicate()


@pytest.mark.parametrize(
    ("records", "steps", "order"),
    [([10, 640, 64, 640], None, [1, 3, 2, 0]), ([10, 640, 64], 5, [0, 1, 2]), ([33, 64, 65], None, [2, 0, 1])],
)
def test_the_order_is_that_of_the_steps_then_of_the_slices(
    records: list[int], steps: int | None, order: list[int]
) -> None:
    settings = TrainSettings(epochs=1, steps=steps, batch_size=32)
    assert [rank(part, records, settings) for part in order] == list(range(len(records)))
