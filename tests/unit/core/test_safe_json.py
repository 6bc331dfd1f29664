from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.core.safe_json import MAX_DEPTH, decode_json

_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=40,
)


@given(_values)
def test_honest_json_comes_back(value: Any) -> None:
    assert decode_json(json.dumps(value).encode()) == value


@given(st.text(alphabet='[]{}"\\', max_size=400))
def test_brackets_in_strings_are_not_nesting(text: str) -> None:
    assert decode_json(json.dumps([text, {"k": text}]).encode()) == [text, {"k": text}]


def nested(depth: int, left: str = "[", right: str = "]") -> bytes:
    return (left * depth + "1" + right * depth).encode()


def test_the_limit_is_exact() -> None:
    assert decode_json(nested(MAX_DEPTH))
    for left, right in (("[", "]"), ('{"a":', "}"), ('["]}",', "]"), ('{"\\"}":', "}")):
        with pytest.raises(ValueError, match="nested deeper"):
            decode_json(nested(MAX_DEPTH + 1, left, right))


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 1_000_000,
        b'{"a":' * 500_000,
        b'"' + b"[" * 1_000_000,
        ("\u0122" + '"').join(["[" * 300_000] * 2).encode("utf-16"),
        ('["\u0122",' + "[" * 300_000).encode("utf-16-le"),
        b"\xef\xbb\xbf1",
        b"NaN",
        b"[-Infinity]",
        b"1" * 6000,
        b"",
        b"{'a':1}",
        b"\xff",
    ],
    ids=range(12),
)
def test_hostile_bytes_are_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode_json(data)
