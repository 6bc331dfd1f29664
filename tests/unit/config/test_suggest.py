"""The nearest known word, and what is said if there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

import dltui
from dltui.config.suggest import did_you_mean, nearest

KNOWN = ("fedavg", "median", "krum")


@pytest.mark.parametrize(
    ("word", "cutoff", "found"),
    [("fedavgg", 0.6, "fedavg"), ("medain", 0.6, "median"), ("zzz", 0.6, None), ("fed", 0.9, None), ("", 0.6, None)],
)
def test_the_nearest_word(word: str, cutoff: float, found: str | None) -> None:
    assert nearest(word, KNOWN, cutoff) == found


def test_the_hint() -> None:
    assert did_you_mean("krumm", KNOWN, "use one of three") == "did you mean krum?"
    assert did_you_mean("zzz", KNOWN, "use one of three") == "use one of three"


def test_no_other_module_looks_for_near_words_by_itself() -> None:
    root = Path(dltui.__file__).parent
    users = [path.relative_to(root).as_posix() for path in root.rglob("*.py") if "difflib" in path.read_text("utf-8")]
    assert users == ["config/suggest.py"]
