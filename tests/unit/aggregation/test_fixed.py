"""Fixed-point arithmetic against Python's own integers and fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dltui.aggregation import fixed
from dltui.aggregation.errors import Overflow
from dltui.errors import DltuiError

INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)


def f32(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_quantise_rounds_half_to_even_and_saturates() -> None:
    q = fixed.quantise(f32(0, -0.0, 0.5, 1.5, 2.5, -0.5, -1.5, 0.75, 3e9, -3e9, 2147483648.0), scale_bits=0)
    assert q.dtype == np.int32
    assert q.tolist() == [0, 0, 0, 2, 2, 0, -2, 1, 2**31 - 1, -(2**31 - 1), 2**31 - 1]


def test_quantise_at_the_default_scale() -> None:
    assert fixed.quantise(f32(1.0, -(2.0**-24), 2.0**-25, 3 * 2.0**-25, 127.99999, 128.0)).tolist() == [
        2**24,
        -1,
        0,
        2,
        2**31 - 128,
        2**31 - 1,
    ]


def test_the_norm_of_an_honest_update_is_the_clip_bound_and_what_rounding_adds() -> None:
    assert fixed.largest_norm(4, 1.0, 1) == 17 + 0 + 1
    assert fixed.largest_norm(24, 1.0, 10_000) == 2**24 + 4 + 50 + 1
    assert fixed.largest(4, 1.0, 1) == 18
    assert fixed.largest(24, 0.0, 9) == 2**31 - 2
    assert fixed.largest(24, 1000.0, 9) == 2**31 - 2


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=50))
def test_a_sum_of_squares_is_exact(values: list[int]) -> None:
    assert fixed.squared_norm(np.array(values, np.int32)) == sum(value**2 for value in values)


def test_a_sum_of_squares_is_exact_for_a_large_tensor_too() -> None:
    assert fixed.squared_norm(np.full((3, 70_000), -(2**31), np.int32)) == 210_000 * 2**62


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_has_no_integer(bad: float) -> None:
    with pytest.raises(DltuiError, match="not finite"):
        fixed.quantise(f32(0, bad))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(0, 30))
def test_quantise_is_the_nearest_integer(value: float, bits: int) -> None:
    exact = round(Fraction(value) * 2**bits)
    limit = 2**31 - 1
    assert int(fixed.quantise(f32(value), bits)[0]) == max(-limit, min(limit, exact))


@given(hnp.arrays(np.int64, st.integers(1, 20), elements=INT64), st.integers(1, 2**63 - 1) | st.integers(1, 8))
def test_division_is_pythons_half_even_rounding(values: np.ndarray, weight: int) -> None:
    divided = fixed.divide_half_even(values, weight)
    assert divided.dtype == np.int64
    assert [int(v) for v in divided] == [round(Fraction(int(v), weight)) for v in values]


@given(st.integers(-(2**40), 2**40), st.integers(1, 2**20))
def test_division_at_exact_ties(quotient: int, half: int) -> None:
    tie = np.array([(2 * quotient + 1) * half], dtype=np.int64)
    assert int(fixed.divide_half_even(tie, 2 * half)[0]) == (quotient if quotient % 2 == 0 else quotient + 1)


@pytest.mark.parametrize("weight", [0, -1, 2**63])
def test_division_by_an_impossible_weight(weight: int) -> None:
    with pytest.raises(ValueError, match="total weight"):
        fixed.divide_half_even(np.zeros(1, np.int64), weight)


@given(st.lists(st.tuples(st.lists(INT32, min_size=3, max_size=3), st.integers(0, 2**24)), max_size=8))
def test_weighted_sum_is_exact(updates: list[tuple[list[int], int]]) -> None:
    total = {"a": np.zeros(2, np.int64), "b": np.zeros((), np.int64)}
    bound = 0
    for (x, y, z), weight in updates:
        update = {"a": np.array([x, y], np.int32), "b": np.array(z, np.int32)}
        bound = fixed.weighted_sum(total, update, weight, bound)
    assert total["a"].tolist() == [sum(w * q[i] for q, w in updates) for i in (0, 1)]
    assert int(total["b"]) == sum(w * q[2] for q, w in updates)
    assert bound == sum(w * max(map(abs, q)) for q, w in updates)


def test_weighted_sum_over_many_blocks_is_in_place() -> None:
    rng = np.random.default_rng(1)
    q = rng.integers(-(2**31), 2**31, size=(3, 70_001), dtype=np.int32)
    total = {"a": np.ones((3, 70_001), np.int64)}
    same = total["a"]
    fixed.weighted_sum(total, {"a": q}, 1234)
    assert total["a"] is same
    assert (same == q.astype(np.int64) * 1234 + 1).all()


def test_overflow_is_refused_before_anything_is_added() -> None:
    total = {"a": np.zeros(2, np.int64)}
    most = {"a": np.array([1, -(2**31)], np.int32)}
    bound = fixed.weighted_sum(total, most, 2**32 - 1)
    assert bound == 2**63 - 2**31
    before = total["a"].copy()
    with pytest.raises(Overflow, match=r"2\^63") as caught:
        fixed.weighted_sum(total, {"a": np.array([2**31 - 1, 0], np.int32)}, 2, bound)
    assert isinstance(caught.value, DltuiError)
    assert (total["a"] == before).all()
    assert fixed.weighted_sum(total, {"a": np.array([2**31 - 1, 0], np.int32)}, 1, bound) == 2**63 - 1
    assert total["a"].tolist() == [2**32 - 1 + 2**31 - 1, -(2**63) + 2**31]


def test_the_bound_is_on_the_sum_of_all_updates_even_where_signs_cancel() -> None:
    total = {"a": np.zeros(1, np.int64)}
    bound = fixed.weighted_sum(total, {"a": np.array([2**30], np.int32)}, 2**32)
    with pytest.raises(Overflow):
        fixed.weighted_sum(total, {"a": np.array([-(2**30)], np.int32)}, 2**32, bound)


def test_weighted_sum_refuses_other_tensors_and_views_that_cannot_be_written() -> None:
    q = {"a": np.ones((2, 3), np.int32)}
    for total in ({"a": np.zeros(6, np.int64)}, {"b": np.zeros((2, 3), np.int64)}):
        with pytest.raises(ValueError, match="tensors"):
            fixed.weighted_sum(total, q, 1)
    with pytest.raises(ValueError, match="contiguous"):
        fixed.weighted_sum({"a": np.zeros((3, 2), np.int64).T}, q, 1)
    with pytest.raises(ValueError, match="negative"):
        fixed.weighted_sum({"a": np.zeros((2, 3), np.int64)}, q, -1)


def test_magnitude_of_the_most_negative_values() -> None:
    assert fixed.magnitude(np.array([-(2**31), 5], np.int32)) == 2**31
    assert fixed.magnitude(np.array([-(2**63)], np.int64)) == 2**63
    assert fixed.magnitude(np.array([-3, 2], np.int32)) == 3
    assert fixed.magnitude(np.array([], np.int32)) == 0


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(-(2**31), 2**31), st.integers(0, 30))
def test_apply_is_float64_arithmetic_rounded_to_float32(base: float, change: int, bits: int) -> None:
    got = fixed.apply(f32(base), np.array([change], np.int64), bits)
    assert got.dtype == np.float32
    with np.errstate(over="ignore"):
        assert got[0] == np.float32(base + change * 2.0**-bits)


def test_apply_keeps_what_does_not_change_bit_for_bit() -> None:
    base = f32(1e-45, -1e-38, 3.4e38, 0.1)
    assert fixed.apply(base, np.zeros(4, np.int64)).tobytes() == base.tobytes()
