from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.core.sanitize import MAX_DEPTH, clean, clean_all
from tests.kits.strategies import HOSTILE, plain


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("plain text, ümlaut 漢字 ✔", "plain text, ümlaut 漢字 ✔"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("a\x1b[2J\x1b[Hb", "ab"),
        ("\x1b]0;title\x07rest", "rest"),
        ("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9b2Jx", "x"),
        ("\x9d0;title\x9cx", "x"),
        ("\x1b]0;no end", "0;no end"),
        ("\x1bPq#0\x1b\\x", "x"),
        ("\x1bcx", "x"),
        ("two\nlines\tand\rmore", "two lines and more"),
        ("a\x00b\x07c\x7fd\x85e", "abcd e"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("\u2066x\u2069\u200e\u061c", "x"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\ud800x\udfff", "\ufffdx\ufffd"),
        ("a\u2028b\u00a0c", "a b c"),
        ("\x1b\x1b[2J[2J", "[2J"),
        ("[red]markup[/]", "[red]markup[/]"),
    ],
)
def test_what_is_left(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


def test_long_text_ends_in_an_ellipsis() -> None:
    assert clean("x" * 2001) == "x" * 1999 + "…"
    assert clean("x" * 2000) == "x" * 2000
    assert clean("abcdef", 4) == "abc…"


def test_many_openings_without_an_end_are_handled_in_bounded_work() -> None:
    assert clean("\x1b]" * 1_000_000) == ""


@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(), max_size=8))).map("".join))
def test_nothing_that_a_terminal_acts_on_is_left_and_cleaning_twice_changes_nothing(raw: str) -> None:
    once = clean(raw)
    assert once.isprintable()
    assert "\x1b" not in once
    assert not any(0x80 <= ord(char) < 0xA0 or 0xD800 <= ord(char) < 0xE000 for char in once)
    assert len(once) <= 2000
    assert clean(once) == once


@given(plain)
def test_nested_data_is_cleaned_once_and_for_all(value: object) -> None:
    once = clean_all(value)
    assert clean_all(once) == once


def test_floats_that_are_no_number_become_none() -> None:
    assert clean_all({"a": [float("nan"), float("inf"), 1.5]}) == {"a": [None, None, 1.5]}


def test_too_deep_and_too_large_are_refused() -> None:
    deep: object = 1
    for _ in range(MAX_DEPTH + 2):
        deep = [deep]
    with pytest.raises(ValueError, match="deeply"):
        clean_all(deep)
    with pytest.raises(ValueError, match="256 bits"):
        clean_all(2**256)
