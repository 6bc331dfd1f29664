"""Exact fixed-point arithmetic: float differences become integers, and integer sums are equal in any order.

Nothing here reduces floating-point numbers, so the result is the same 32 bytes on any processor. Rounding is
IEEE 754 round-half-to-even throughout.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dltui.aggregation.errors import Overflow
from dltui.errors import DltuiError

Tensors = dict[str, NDArray[Any]]

SCALE_BITS = 24
"""Default fixed point: one unit is 2^-24."""
MAX_SCALE_BITS = 30
SATURATED = 2**31 - 1
"""A quantised value whose real size is unknown: it was this or more."""

_SUM_LIMIT = 2**63
_BLOCK = 1 << 16


def quantise(delta: NDArray[np.float32], scale_bits: int = SCALE_BITS) -> NDArray[np.int32]:
    """Return `rint(float64(delta) * 2^scale_bits)` saturated at ±(2^31 - 1); int32 of the same shape.

    Raises DltuiError if an element is NaN or infinite: training diverged, and no integer stands for that.
    """
    if not np.isfinite(delta).all():
        raise DltuiError("the update has values that are not finite", hint="training diverged; lower the learning rate")
    whole = np.rint(np.asarray(delta, dtype=np.float64) * 2.0**scale_bits)
    return np.asarray(np.clip(whole, -SATURATED, SATURATED), dtype=np.int32)


def largest_norm(scale_bits: int, clip: float, count: int) -> int:
    """Return the largest L2 norm of `count` integers that honest clipping to `clip` can give, in fixed-point units.

    Rounding to integers adds half a unit a value at most, rounding to float32 before it less than 2^-22 of the norm.
    """
    return math.ceil(clip * 2.0**scale_bits * (1 + 2.0**-22)) + math.isqrt(count) // 2 + 1


def largest(scale_bits: int, clip: float, count: int) -> int:
    """Return the largest |q| of an honest update of `count` values: always below saturation, and no more than its norm.

    A `clip` of 0 is no bound on the norm.
    """
    return min(largest_norm(scale_bits, clip, count), SATURATED - 1) if clip else SATURATED - 1


def squared_norm(values: NDArray[np.int32]) -> int:
    """Return the sum of the squares, exact."""
    total, flat = 0, values.reshape(-1)
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK].astype(np.int64)
        squares = block * block
        # A square has up to 62 bits, and a sum of them would not fit: high and low halves are added apart.
        total += (int((squares >> 32).sum()) << 32) + int((squares & 0xFFFF_FFFF).sum())
    return total


def magnitude(values: NDArray[Any]) -> int:
    """Return the largest |value| of an integer array (0 for none), exact for the most negative value."""
    if values.size == 0:
        return 0
    return max(int(values.max()), -int(values.min()))


def grown(bound: int, more: int) -> int:
    """Return `bound + more`, both bounds of parts of a sum. Raises Overflow if the sum might not fit in int64."""
    total = bound + more
    if total >= _SUM_LIMIT:
        raise Overflow(
            f"the weighted sum may reach {total}, and an exact sum must stay below 2^63",
            hint="lower max_weight, set a clip bound, or use fewer scale bits",
        )
    return total


def weighted_sum(
    total: Mapping[str, NDArray[np.int64]],
    update: Mapping[str, NDArray[np.int32]],
    weight: int,
    bound: int = 0,
) -> int:
    """Add `weight * update` into `total` in place, tensor by tensor; return the bound of the sum so far.

    `bound` is the bound returned for the updates before this one (the sum of weight * max|q|). It is checked
    against 2^63 before anything is added: Overflow leaves `total` as it was. Needs one block of scratch
    memory.
    """
    if set(total) != set(update) or any(total[name].shape != update[name].shape for name in total):
        raise ValueError("the update's tensors are not those of the sum")
    if weight < 0:
        raise ValueError("a weight is never negative")
    bound = grown(bound, weight * max((magnitude(q) for q in update.values()), default=0))
    if weight == 0:
        return bound
    scratch = np.empty(_BLOCK, dtype=np.int64)
    for name, acc in total.items():
        flat, q = acc.reshape(-1), update[name].reshape(-1)
        if not np.shares_memory(flat, acc):
            raise ValueError("a sum must be contiguous to be added in place")
        for start in range(0, flat.size, _BLOCK):
            part = flat[start : start + _BLOCK]
            product = scratch[: part.size]
            np.multiply(q[start : start + _BLOCK], np.int64(weight), out=product, dtype=np.int64)
            part += product
    return bound


def divide_half_even(values: NDArray[np.int64], total_weight: int) -> NDArray[np.int64]:
    """Return `values / total_weight` rounded half to even, in integers only; int64 of the same shape.

    `total_weight` is 1 … 2^63 - 1.
    """
    if not 1 <= total_weight < _SUM_LIMIT:
        raise ValueError("a total weight is 1 … 2^63 - 1")
    divisor = np.int64(total_weight)
    quotient, rest = np.divmod(np.asarray(values, dtype=np.int64), divisor)
    missing = divisor - rest
    up = (rest > missing) | ((rest == missing) & ((quotient & 1) == 1))
    return np.asarray(quotient + up, dtype=np.int64)


def apply(base: NDArray[np.float32], change: NDArray[np.int64], scale_bits: int = SCALE_BITS) -> NDArray[np.float32]:
    """Return `float32(float64(base) + float64(change) * 2^-scale_bits)`: the scaling is exact."""
    wide = np.asarray(base, dtype=np.float64) + np.asarray(change, dtype=np.float64) * 2.0**-scale_bits
    return np.asarray(wide, dtype=np.float32)
