"""Turns for training: as many as there are places, whoever hangs, and never past the deadline."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from dltui.client.gate import HUNG_SECONDS, turn

NEVER = 2.0**40


def got(folder: Path, slots: int, part: int = 0) -> bool:
    """Whether a place is to be had at once."""
    with turn(str(folder), slots, part, 0.0, lambda: None) as going_on:
        return going_on is not None


@contextmanager
def held(folder: Path, slots: int, part: int = 0) -> Iterator[None]:
    with turn(str(folder), slots, part, 0.0, lambda: None) as going_on:
        assert going_on is not None
        yield


def silent_for(folder: Path, seconds: float, slot: int = 0) -> None:
    then = time.time() - seconds
    os.utime(folder / f"slot-{slot}", (then, then))


def test_there_are_as_many_turns_as_places(tmp_path: Path) -> None:
    with ExitStack() as stack:
        for part in range(3):
            stack.enter_context(held(tmp_path, 3, part=0))
            assert got(tmp_path, 3, part) is (part < 2)
    assert got(tmp_path, 3)


def test_whichever_place_becomes_free_is_taken(tmp_path: Path) -> None:
    """The first place is held for good; the waiting one would try it first."""
    with held(tmp_path, 2), ExitStack() as other:
        other.enter_context(held(tmp_path, 2, part=1))
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
