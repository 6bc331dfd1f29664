"""A set of clients against Python's own sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.core.client_set import ClientSet

SETS = st.frozensets(st.integers(0, 255))


@given(SETS, SETS)
def test_it_is_what_a_set_is(a: frozenset[int], b: frozenset[int]) -> None:
    one, two = ClientSet.of(a), ClientSet.of(b)
    assert set(one & two) == a & b and set(one | two) == a | b and set(one - two) == a - b
    assert (len(one), bool(one)) == (len(a), bool(a))
    assert (one == two) == (a == b) and (a != b or hash(one) == hash(two))


@given(SETS, st.integers(0, 300))
def test_it_goes_from_the_lowest_and_knows_who_is_in_it(indices: frozenset[int], index: int) -> None:
    one = ClientSet.of(indices)
    assert list(one) == sorted(indices) and (index in one) == (index in indices)
    assert set(one.below(index)) == {i for i in indices if i < index}


@given(st.integers(0, 2**256 - 1))
def test_its_bitmap_is_the_contracts(bitmap: int) -> None:
    assert ClientSet(bitmap).bitmap == ClientSet.of(ClientSet(bitmap)).bitmap == bitmap
    assert sum(1 << index for index in ClientSet(bitmap)) == bitmap


def test_what_is_no_client_is_not_in_it_and_what_is_no_set_is_refused() -> None:
    assert -1 not in ClientSet(1) and "0" not in ClientSet(1) and not ClientSet()
    with pytest.raises(ValueError, match="never negative"):
        ClientSet(-1)
    with pytest.raises(ValueError, match="negative"):
        ClientSet.of([-1])
