"""Canonical JSON, held against RFC 8785 (JCS), which is the standard for it."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from dltui.aggregation.blobs import canonical
from dltui.core import canonical_json

_texts = st.text(st.characters(max_codepoint=0x7E), max_size=20)
_whole = st.integers(-(2**53) + 1, 2**53 - 1)
_fractions = st.floats(1e-4, 1e15).map(lambda x: -x if int(x) % 2 else x).filter(lambda x: x != int(x))
_scalars = st.none() | st.booleans() | _whole | _texts


def _documents(scalars: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4))


@given(_documents(_scalars | _fractions, _texts))
def test_both_write_the_same_bytes_for_ascii_text_and_numbers_of_53_bits(value: Any) -> None:
    assert canonical_json.dumps(value) == rfc8785.dumps(value)


_printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20)


@given(_documents(st.none() | st.booleans() | _whole | _printable, _printable))
def test_a_blob_is_written_as_the_standard_says(value: Any) -> None:
    try:
        written = canonical.dumps(value)
    except canonical.Malformed as refused:
        assert "nested" in str(refused)
    else:
        assert written == rfc8785.dumps(value) and canonical.loads(written) == value


@pytest.mark.parametrize(
    ("value", "ours", "standard"),
    [
        ("\x7f", b'"\\u007f"', b'"\x7f"'),
        ("é", b'"\\u00e9"', '"é"'.encode()),
        (1.0, b"1.0", b"1"),
        (1e-05, b"1e-05", b"0.00001"),
        (1e16, b"1e+16", b"10000000000000000"),
        ({"\ue000": 1, "\U0001f600": 2}, b'{"\\ue000":1,"\\ud83d\\ude00":2}', '{"\U0001f600":2,"\ue000":1}'.encode()),
    ],
    ids=["delete", "text", "whole float", "small float", "large float", "order of keys"],
)
def test_where_they_differ(value: Any, ours: bytes, standard: bytes) -> None:
    assert (canonical_json.dumps(value), rfc8785.dumps(value)) == (ours, standard)


def test_a_number_of_more_than_53_bits_is_no_number_of_the_standard() -> None:
    assert canonical_json.dumps(2**53) == b"9007199254740992"
    with pytest.raises(rfc8785.IntegerDomainError):
        rfc8785.dumps(2**53)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="Out of range"):
        canonical_json.dumps(number)
