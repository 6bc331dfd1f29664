"""Hints of the engine name commands; the screen adds the keys, as the configuration has them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.tui.hints import with_keys

KEYS = {"restart_client": "R", "register": "f4", "add_client": "+", "approve": "a", "reject": "x"}
NODE = cast(
    Any,
    SimpleNamespace(app=SimpleNamespace(actions={id: SimpleNamespace(shown_key=key) for id, key in KEYS.items()})),
)


@pytest.mark.parametrize(
    ("hint", "whole", "short"),
    [
        ("restart it (dltui client restart c-1); its log: x", "restart it (R, dltui client restart c-1); its log: x",
         "restart it (R); its log: x"),
        ("register one (dltui client register c-1)", "register one (f4, dltui client register c-1)",
         "register one (f4)"),
        ("end it (dltui client unheard of)", "end it (dltui client unheard of)", "end it"),
        ("R restarts it (dltui client restart c-1)", "R restarts it (dltui client restart c-1)", "R restarts it"),
        ("free some space", "free some space", "free some space"),
    ],
)  # fmt: skip
def test_a_command_gets_its_key(hint: str, whole: str, short: str) -> None:
    assert (with_keys(NODE, hint), with_keys(NODE, hint, short=True)) == (whole, short)
