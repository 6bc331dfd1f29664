"""Judging one update: a pure function of its bytes, its submitter and the round's terms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dltui.aggregation.blobs.blob import LIMIT
from dltui.aggregation.blobs.update import Update, decode_update
from dltui.aggregation.blobs.verdicts import Reason
from dltui.aggregation.errors import Malformed
from dltui.aggregation.fixed import Tensors, largest, largest_norm, magnitude, squared_norm


@dataclass(frozen=True)
class Terms:
    """What an update of a round must keep to.

    `base` holds the base model's tensors, `base_digest` is the base version's digest, `clip` the plan's bound on the
    update's L2 norm (0: only saturation is refused), `max_steps` the most training steps that this client can have
    taken under the plan (bounds counters).
    """

    round: int
    base_digest: str
    base: Tensors
    plan_hash: str
    scale_bits: int
    clip: float
    max_steps: int


def judge(data: bytes, client: int, terms: Terms) -> Update | Reason:
    """Return the update in the blob that client index `client` submitted, or the first reason why it does not count.

    MALFORMED bytes, WRONG_OWNER, WRONG_BASE, NOT_FINITE (floats instead of integers, and not even finite),
    MALFORMED tensors or scale, OUT_OF_RANGE.
    """
    try:
        update = decode_update(data, LIMIT)
    except Malformed:
        return Reason.MALFORMED
    if update.client != client:
        return Reason.WRONG_OWNER
    if (update.round, update.base, update.plan) != (terms.round, terms.base_digest, terms.plan_hash):
        return Reason.WRONG_BASE
    if any(t.dtype == np.float32 and not np.isfinite(t).all() for t in update.tensors.values()):
        return Reason.NOT_FINITE
    if update.scale != terms.scale_bits or not _has_shape_of(update, terms.base):
        return Reason.MALFORMED
    return update if _in_range(update, terms) else Reason.OUT_OF_RANGE


def _has_shape_of(update: Update, base: Tensors) -> bool:
    expected = {
        (name, np.dtype(np.int64), tensor.shape)
        if tensor.dtype == np.int64
        else (f"delta.{name}", np.dtype(np.int32), tensor.shape)
        for name, tensor in base.items()
    }
    return {(name, t.dtype, t.shape) for name, t in update.tensors.items()} == expected


def _in_range(update: Update, terms: Terms) -> bool:
    deltas = update.deltas.values()
    count = sum(q.size for q in deltas)
    limit = largest(terms.scale_bits, terms.clip, count)
    if any(magnitude(q) > limit for q in deltas):
        return False
    if terms.clip and sum(map(squared_norm, deltas)) > largest_norm(terms.scale_bits, terms.clip, count) ** 2:
        return False
    for name, value in update.counters.items():
        start = terms.base[name]
        # The unsigned difference cannot overflow once value >= start is known.
        steps = value.astype(np.uint64) - start.astype(np.uint64)
        if (value < start).any() or (steps > np.uint64(terms.max_steps)).any():
            return False
    return True
