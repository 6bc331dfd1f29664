"""The steps of an update before it becomes integers: clipping is repeatable, and never past the judge's bound."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dltui.aggregation import fixed, pipeline
from dltui.aggregation.blobs.canonical import digest_of
from dltui.aggregation.fixed import Tensors
from dltui.config.sections import TrainingSection
from tests.kits.aggregation_samples import changes, update

VALUES = st.floats(-1e6, 1e6, width=32)


def vectors(**limits: Any) -> Any:
    return arrays.arrays(np.float32, arrays.array_shapes(max_dims=2, max_side=40), elements=VALUES, **limits)


def integer_norm(values: Tensors, scale_bits: int) -> tuple[int, int]:
    quantised = [fixed.quantise(v, scale_bits) for v in values.values() if v.dtype == np.float32]
    return sum(map(fixed.squared_norm, quantised)), sum(q.size for q in quantised)


@given(vectors(), vectors(), st.floats(1e-3, 1e6), st.integers(8, 30))
def test_what_a_client_clipped_is_within_the_judges_bound(first: Any, second: Any, bound: float, bits: int) -> None:
    clipped = pipeline.clipped({"param.a": first, "param.b": second}, bound)
    squared, count = integer_norm(clipped, bits)
    assert squared <= fixed.largest_norm(bits, bound, count) ** 2


def test_a_large_update_is_within_the_judges_bound_however_the_rounding_falls() -> None:
    values: Tensors = {"param.w": np.full(1_000_003, 3e-7, np.float32)}
    clipped = pipeline.clipped(values, 1e-4)
    squared, count = integer_norm(clipped, 24)
    plain = math.ceil(1e-4 * 2**24)
    assert plain**2 < squared <= fixed.largest_norm(24, 1e-4, count) ** 2, "rounding alone takes it past the bound"


@given(vectors())
def test_a_norm_is_added_from_left_to_right(values: Any) -> None:
    total = 0.0
    for value in values.reshape(-1).tolist():
        total += value * value
    assert pipeline.norm({"param.a": values}) == math.sqrt(total)


def test_a_norm_goes_by_name_over_blocks_and_leaves_buffers_out() -> None:
    rng = np.random.default_rng(5)
    first, second = (rng.normal(size=size).astype(np.float32) for size in (70_001, 65_536))
    total = 0.0
    for value in [*first.tolist(), *second.tolist()]:
        total += value * value
    together = {"param.b": second, "param.a": first, "buffer.n": np.array(10**9, np.int64)}
    assert pipeline.norm(together) == math.sqrt(total)


def test_a_small_update_stays_byte_for_byte_and_a_large_one_is_scaled() -> None:
    plain: Tensors = {"param.w": np.array([3.0, 4.0], np.float32), "buffer.n": np.array(7, np.int64)}
    assert pipeline.clipped(plain, 5.0) is plain
    clipped = pipeline.clipped(plain, 1.0)
    assert clipped["param.w"].tolist() == [np.float32(0.6), np.float32(0.8)]
    assert clipped["param.w"].dtype == np.float32 and clipped["buffer.n"] is plain["buffer.n"]
    assert plain["param.w"].tolist() == [3.0, 4.0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_made_finite(bad: float) -> None:
    values = {"param.w": np.array([1.0, bad], np.float32)}
    assert pipeline.clipped(values, 1.0) is values


def test_clipping_gives_these_bytes_on_every_machine() -> None:
    digest = digest_of(update(1, pipeline.clipped(changes(2), 0.25)))
    assert digest == "03fe296b14a9839dd66b86e131b5bb6b8288adf6b6e185b2796c4196f6d6f622"


def test_the_plan_says_which_steps_there_are() -> None:
    assert pipeline.steps_of(TrainingSection()) == ()
    (clip,) = pipeline.steps_of(TrainingSection(clip=0.25))
    assert pipeline.norm(clip(changes(2))) == pytest.approx(0.25, rel=1e-6)
    assert pipeline.apply((), plain := changes(2)) is plain
    assert pipeline.norm(pipeline.apply([clip, clip], plain)) <= 0.25 * (1 + 2**-22)
