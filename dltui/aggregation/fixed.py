"""Exact fixed-point arithmetic: float differences become integers, and integer sums are equal in any order.

Nothing here reduces floating-point numbers, so the result is the same 32 bytes on any processor. Rounding is
IEEE 754 round-half-to-even throughout.
"""

from __future__ import annotations

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


def quantise(delta: NDArray[np.float32], scale_bits: int = SCALE_BITS, clip: float | None = None) -> NDArray[np.int32]:
    """`rint(float64(clip(delta)) * 2^scale_bits)` saturated at ±(2^31 - 1); int32 of the same shape.

    `clip` bounds every element to [-clip, clip]. Raises DltuiError where an element is NaN or infinite:
    training diverged, and no integer stands for that.
    """
    if not np.isfinite(delta).all():
        raise DltuiError("the update has values that are not finite", hint="training diverged; lower the learning rate")
    wide = np.asarray(delta, dtype=np.float64)
    if clip is not None:
        wide = np.clip(wide, -clip, clip)
    whole = np.rint(wide * 2.0**scale_bits)
    return np.asarray(np.clip(whole, -SATURATED, SATURATED), dtype=np.int32)


def largest(scale_bits: int, clip: float | None) -> int:
    """The largest |q| of an honest update: the quantised clip bound, and always below saturation."""
    if clip is None:
        return SATURATED - 1
    return min(int(np.rint(clip * 2.0**scale_bits)), SATURATED - 1)


def magnitude(values: NDArray[Any]) -> int:
    """max |value| of an integer array as a Python integer (0 for none), exact for the most negative value."""
    if values.size == 0:
        return 0
    return max(int(values.max()), -int(values.min()))


def grown(bound: int, more: int) -> int:
    """`bound + more`, both bounds of parts of a sum. Raises Overflow where the sum might not fit in int64."""
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
    """Adds `weight * update` into `total` in place, tensor by tensor; returns the bound of the sum so far.

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
    """`values / total_weight` rounded half to even, in integers only; int64 of the same shape.

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
    """`float32(float64(base) + float64(change) * 2^-scale_bits)`: the scaling is exact."""
    wide = np.asarray(base, dtype=np.float64) + np.asarray(change, dtype=np.float64) * 2.0**-scale_bits
    return np.asarray(wide, dtype=np.float32)
