"""Every verdict, from blobs that a hostile client could submit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dltui.aggregation import fixed, pipeline
from dltui.aggregation.blobs import blob
from dltui.aggregation.blobs.model import encode_model
from dltui.aggregation.blobs.verdicts import Reason
from dltui.aggregation.fixed import Tensors
from dltui.aggregation.round import compute
from tests.kits.aggregation_samples import BASE_DIGEST, PLAN, ROUND, base_model, changes, inputs, update

HONEST = [update(0), update(1)]


def reason_for(data: bytes, **fields: Any) -> Reason:
    """The verdict on `data` from client 2, while two honest updates go through."""
    result = compute(inputs([*HONEST, data], **fields))
    assert [v.included for v in result.verdicts[:2]] == [True, True]
    assert result.model is not None
    verdict = result.verdicts[2]
    assert verdict.included == (verdict.reason is Reason.OK)
    assert verdict.weight == (30 if verdict.included else 0)
    return verdict.reason


def with_tensors(**replaced: Any) -> bytes:
    """Client 2's update with tensors replaced, or removed where None."""
    tensors, meta = blob.decode(update(2))
    merged = {**tensors, **{name.replace("__", "."): value for name, value in replaced.items()}}
    return blob.encode({name: value for name, value in merged.items() if value is not None}, meta)


def test_a_valid_update_is_ok() -> None:
    assert reason_for(update(2)) is Reason.OK


def test_withheld() -> None:
    assert reason_for(update(2), candidates=frozenset({0, 1})) is Reason.WITHHELD


def test_wrong_owner_when_the_blob_of_a_neighbour_is_submitted() -> None:
    assert reason_for(HONEST[0]) is Reason.WRONG_OWNER
    assert reason_for(update(7)) is Reason.WRONG_OWNER


@pytest.mark.parametrize("fields", [{"round": ROUND - 1}, {"round": ROUND + 1}, {"base": PLAN}, {"plan": BASE_DIGEST}])
def test_wrong_base(fields: dict[str, Any]) -> None:
    assert reason_for(update(2, **fields)) is Reason.WRONG_BASE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        b"\x80\x04\x95pickle",
        update(2)[:-1],
        update(2) + b"\0",
        encode_model(base_model()),
        with_tensors(delta__param__w=None),
        with_tensors(delta__param__extra=np.zeros(1, np.int32)),
        with_tensors(aux__x=np.zeros(1, np.int32)),
        with_tensors(aux__x=np.zeros(1, np.float32)),
        with_tensors(buffer__count=None),
        with_tensors(buffer__count=np.array([45], np.int64)),
        with_tensors(buffer__count=np.array(45, np.int32)),
        with_tensors(delta__param__w=np.zeros((4, 3), np.int32)),
        with_tensors(delta__param__w=np.zeros((3, 4), np.int64)),
        with_tensors(delta__param__w=np.zeros((3, 4), np.float32)),
        with_tensors(delta__param__w=np.zeros(12, np.int32)),
        update(2, scale_bits=23),
    ],
)
def test_malformed(data: bytes) -> None:
    assert reason_for(data) is Reason.MALFORMED


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_not_finite(bad: float) -> None:
    floats = np.zeros((3, 4), np.float32)
    floats[1, 2] = bad
    assert reason_for(with_tensors(delta__param__w=floats)) is Reason.NOT_FINITE
    assert reason_for(with_tensors(aux__x=np.array([bad], np.float32))) is Reason.NOT_FINITE


@pytest.mark.parametrize("value", [2**31 - 1, -(2**31 - 1), -(2**31)])
def test_out_of_range_when_saturated(value: int) -> None:
    q = np.zeros((3, 4), np.int32)
    q[2, 3] = value
    assert reason_for(with_tensors(delta__param__w=q)) is Reason.OUT_OF_RANGE
    q[2, 3] = value - np.sign(value) if value != -(2**31) else 2**31 - 2
    assert reason_for(with_tensors(delta__param__w=q)) is Reason.OK


def test_an_honest_client_that_saturates_is_out_of_range() -> None:
    assert reason_for(update(2, {**changes(3), "param.b": np.full(4, 200, np.float32)})) is Reason.OUT_OF_RANGE


def test_out_of_range_past_the_clip_bound() -> None:
    """The norm counts over all tensors together: no element of the second update is past the bound."""
    limit = fixed.largest_norm(24, 1.0, 18)
    assert limit - 2**24 == 4 + 2 + 1
    rest = {"delta__param__w": np.zeros((3, 4), np.int32), "delta__buffer__mean": np.zeros(2, np.int32)}
    for value, reason in ((limit, Reason.OK), (limit + 1, Reason.OUT_OF_RANGE), (-limit - 1, Reason.OUT_OF_RANGE)):
        data = with_tensors(delta__param__b=np.array([0, 0, value, 0], np.int32), **rest)
        assert reason_for(data, clip=1.0) is reason
    half = np.full(4, limit // 2, np.int32)
    assert reason_for(with_tensors(**{**rest, "delta__param__b": half}), clip=1.0) is Reason.OK
    more = np.array([[1 << 13, 0, 0, 0], [0] * 4, [0] * 4], np.int32)
    data = with_tensors(**{**rest, "delta__param__b": half, "delta__param__w": more})
    assert reason_for(data, clip=1.0) is Reason.OUT_OF_RANGE


def test_a_client_that_does_not_clip_is_left_out_and_one_that_does_is_not() -> None:
    large: Tensors = {**changes(3), "param.b": np.full(4, 100, np.float32)}
    assert reason_for(update(2, large), clip=1.0) is Reason.OUT_OF_RANGE
    assert reason_for(update(2, pipeline.clipped(large, 1.0)), clip=1.0) is Reason.OK
    assert reason_for(update(2, large)) is Reason.OK, "a plan without a bound"


@pytest.mark.parametrize(
    ("count", "reason"),
    [
        (40, Reason.OK),
        (140, Reason.OK),
        (141, Reason.OUT_OF_RANGE),
        (39, Reason.OUT_OF_RANGE),
        (2**63 - 1, Reason.OUT_OF_RANGE),
        (-(2**63), Reason.OUT_OF_RANGE),
    ],
)
def test_a_counter_is_bounded_by_the_plans_steps(count: int, reason: Reason) -> None:
    assert reason_for(with_tensors(buffer__count=np.array(count, np.int64))) is reason


def test_a_counter_near_the_end_of_int64_does_not_wrap() -> None:
    base = {**base_model(), "buffer.count": np.array(-(2**63), np.int64)}
    data = with_tensors(buffer__count=np.array(2**63 - 1, np.int64))
    honest = [update(i, {**changes(i), "buffer.count": np.array(-(2**63) + 5, np.int64)}) for i in (0, 1)]
    result = compute(inputs([*honest, data], base=base))
    assert [v.reason for v in result.verdicts] == [Reason.OK, Reason.OK, Reason.OUT_OF_RANGE]


@settings(max_examples=200)
@given(st.integers(0, len(update(2)) - 1), st.integers(0, 255), st.booleans())
def test_a_damaged_update_gets_a_verdict_and_harms_nobody(position: int, value: int, cut: bool) -> None:
    whole = update(2)
    data = whole[:position] if cut else whole[:position] + bytes([value]) + whole[position + 1 :]
    reason = reason_for(data)
    assert (reason is Reason.OK) or data != whole
