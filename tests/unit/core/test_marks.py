from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.core import events as ev
from dltui.core.events import Event
from dltui.core.marks import Mark, Marks
from dltui.errors import ConfigError
from dltui.rundir.journal import read
from tests.kits.story import FIXTURE

STORY = list(read(FIXTURE / "journal"))
OPENED = [event.seq for event in STORY if isinstance(event.data, ev.RoundOpened)]


def without_beats() -> Marks:
    return Marks(event for event in STORY if not isinstance(event.data, ev.DemoStep))


def test_a_walkthrough_is_marked_by_its_beats_and_another_run_by_its_rounds() -> None:
    (beat,) = Marks(STORY).places
    assert beat.text == "beat 1/2 Round 1"
    assert [mark.text for mark in without_beats().places] == ["round 1", "round 2", "round 3"]


def test_the_next_and_the_previous_place() -> None:
    marks = without_beats()
    assert marks.after(0) == Mark(OPENED[0], "round 1")
    assert marks.after(OPENED[0]) == Mark(OPENED[1], "round 2") and marks.after(OPENED[2]) is None
    assert marks.before(OPENED[1]) == Mark(OPENED[0], "round 1") and marks.before(OPENED[0]) is None
    assert marks.before(OPENED[1] + 1) == Mark(OPENED[1], "round 2")


@pytest.mark.parametrize(("text", "seq"), [("1", OPENED[0]), ("r3", OPENED[2]), ("@1", 1), ("@263", 263)])
def test_places_by_name(text: str, seq: int) -> None:
    assert Marks(STORY).find(text) == seq


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("4", "there is no round 4 - 1 to 3"),
        ("0", "there is no round 0"),
        ("@264", "there is no event 264 - @1 to @263"),
        ("@0", "there is no event 0"),
        ("r", "no place in a run"),
        ("@@3", "no place in a run"),
        ("-1", "no place in a run"),
        ("\u0663", "no place in a run"),
        ("9" * 400, "no place in a run"),
    ],
)
def test_what_is_no_place(text: str, words: str) -> None:
    with pytest.raises(ConfigError, match="--from") as error:
        Marks(STORY).find(text)
    assert words in str(error.value)


@given(st.text(max_size=20))
def test_random_text_is_a_place_or_an_error_for_people(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert 1 <= Marks(STORY).find(text) <= 263


def test_a_run_without_rounds_has_no_places() -> None:
    marks = Marks([Event(1, "", ev.ChainLost(reason="x"))])
    assert marks.places == [] and marks.after(0) is None and marks.before(9) is None
    with pytest.raises(ConfigError, match="no round was opened"):
        marks.find("1")
