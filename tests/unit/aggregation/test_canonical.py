"""Canonical JSON: one value, one text."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.aggregation.blobs import canonical
from dltui.aggregation.errors import Malformed

TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63) + 1, 2**63 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
).filter(lambda value: _depth(value) <= 7)


def _depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def test_the_text_is_sorted_and_has_no_spaces() -> None:
    assert canonical.dumps({"b": [1, None, True], "a": {"z": "x y", "B": -3}}) == (
        b'{"a":{"B":-3,"z":"x y"},"b":[1,null,true]}'
    )


@given(VALUES)
def test_round_trip(value: object) -> None:
    assert canonical.loads(canonical.dumps(value)) == value


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"nonsense",
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1}\n',
        b'{"a":1.0}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":01}',
        b'{"a":9223372036854775808}',
        b'{"a":' + b"9" * 10_000 + b"}",
        b'{"a":"\\u0041"}',
        b'{"a":"\\n"}',
        b'{"a":"\\u001b[2J"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\u00e9"}',
        '{"a":"é"}'.encode(),
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"a":1}',
        b"[" * 100_000,
        b"[" * 9 + b"]" * 9,
        b'{"a":' * 9 + b"1" + b"}" * 9,
    ],
)
def test_everything_else_is_refused(text: bytes) -> None:
    with pytest.raises(Malformed):
        canonical.loads(text)


def test_the_limit_is_checked_first() -> None:
    assert canonical.loads(b"[1,2]", limit=5) == [1, 2]
    with pytest.raises(Malformed, match="over the limit of 4"):
        canonical.loads(b"[1,2]", limit=4)


@pytest.mark.parametrize("value", [1.5, b"x", {1: 2}, {"a": float("nan")}, (1, 2), "\x1b[31m", "ü", 2**63, {"\n": 1}])
def test_values_without_a_canonical_text(value: object) -> None:
    with pytest.raises(Malformed):
        canonical.dumps(value)


def test_digests() -> None:
    assert canonical.digest_of(b"abc") == hashlib.sha256(b"abc").hexdigest()
    assert canonical.is_digest("a0" * 32)
    for wrong in ("A0" * 32, "a0" * 31, "g0" * 32, b"a0" * 32, None, 5, "a0" * 32 + "\n"):
        assert not canonical.is_digest(wrong)
    assert canonical.is_int(3, 0, 3) and not canonical.is_int(4, 0, 3)
    assert not canonical.is_int(True, 0, 3) and not canonical.is_int(1.0, 0, 3)
