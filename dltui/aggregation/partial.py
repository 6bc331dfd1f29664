"""Partial sums: undivided int64 sums of weighted updates; any split adds up to the same total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dltui.aggregation.blobs import blob
from dltui.aggregation.blobs.canonical import MAX_INT, is_digest, is_int
from dltui.aggregation.blobs.update import MAX_ROUND
from dltui.aggregation.errors import Malformed
from dltui.aggregation.fixed import MAX_SCALE_BITS, Tensors, divide_half_even, grown, magnitude, weighted_sum

_KEYS = {"kind", "round", "base", "plan", "scale", "weight", "bound"}


@dataclass
class Partial:
    """A running sum. `sums` (int64) and `counters` (int64 maxima) are named like the base's tensors.

    `weight` is the sum of weights (records), `bound` the sum of weight * max|q|: no element of `sums` is
    larger.
    """

    sums: Tensors
    counters: Tensors
    weight: int = 0
    bound: int = 0

    @classmethod
    def empty(cls, base: Mapping[str, NDArray[Any]]) -> Partial:
        """Return the sum of nothing: zeros for the base's float tensors, its own values for integer buffers."""
        sums = {n: np.zeros(t.shape, np.int64) for n, t in base.items() if t.dtype != np.int64}
        counters = {n: np.array(t) for n, t in base.items() if t.dtype == np.int64}
        return cls(sums, counters)

    def add(self, deltas: Tensors, counters: Tensors, weight: int) -> None:
        """Add `weight` times one update in place. Raises Overflow before anything is added."""
        total = grown(self.weight, weight)
        self.bound = weighted_sum(self.sums, deltas, weight, self.bound)
        self.weight = total
        self._raise_counters(counters)

    def merge(self, other: Partial) -> None:
        """Add another partial sum in place. Raises Overflow before anything is added."""
        if {n: t.shape for n, t in self.sums.items()} != {n: t.shape for n, t in other.sums.items()}:
            raise ValueError("the partial sums are of different models")
        bound, weight = grown(self.bound, other.bound), grown(self.weight, other.weight)
        for name, total in self.sums.items():
            total += other.sums[name]
        self.bound, self.weight = bound, weight
        self._raise_counters(other.counters)

    def average(self) -> Tensors:
        """Return the sums divided by the weight, half to even; int64 in fixed point. Needs a weight above 0."""
        return {name: divide_half_even(total, self.weight) for name, total in self.sums.items()}

    def encode(self, *, round: int, base: str, plan: str, scale_bits: int) -> bytes:
        """Return the partial sum as a canonical blob of kind `partial`."""
        meta = {
            "kind": "partial",
            "round": round,
            "base": base,
            "plan": plan,
            "scale": scale_bits,
            "weight": self.weight,
            "bound": self.bound,
        }
        _check_meta(meta)
        sums = {f"sum.{name}": total for name, total in self.sums.items()}
        return blob.encode({**sums, **self.counters}, meta)

    def _raise_counters(self, counters: Tensors) -> None:
        if set(counters) != set(self.counters):
            raise ValueError("the counters are of different models")
        for name, highest in self.counters.items():
            np.maximum(highest, counters[name], out=highest)


def decode_partial(data: bytes, limit: int = blob.LIMIT) -> tuple[Partial, dict[str, Any]]:
    """Return the partial sum in `data` and its metadata (round, base, plan, scale).

    Raises Malformed for anything but a canonical partial blob whose sums keep to their stated bound.
    """
    tensors, meta = blob.decode(data, limit)
    _check_meta(meta)
    if any(tensor.dtype != np.int64 for tensor in tensors.values()):
        raise Malformed("a partial sum holds int64 tensors only")
    sums = {n.removeprefix("sum."): t for n, t in tensors.items() if n.startswith("sum.")}
    counters = {n: t for n, t in tensors.items() if n.startswith("buffer.")}
    if len(sums) + len(counters) != len(tensors):
        raise Malformed("a partial sum has a tensor that is neither a sum nor a buffer")
    if any(magnitude(total) > meta["bound"] for total in sums.values()):
        raise Malformed("a partial sum is larger than its bound")
    return Partial(sums, counters, meta["weight"], meta["bound"]), meta


def _check_meta(meta: dict[str, Any]) -> None:
    if set(meta) != _KEYS or meta["kind"] != "partial":
        raise Malformed("not a partial blob")
    if not is_digest(meta["base"]) or not is_digest(meta["plan"]):
        raise Malformed("base or plan is not a digest")
    if not is_int(meta["round"], 0, MAX_ROUND) or not is_int(meta["scale"], 0, MAX_SCALE_BITS):
        raise Malformed("round or scale is out of range")
    if not is_int(meta["weight"], 0, MAX_INT) or not is_int(meta["bound"], 0, MAX_INT):
        raise Malformed("weight or bound is out of range")
