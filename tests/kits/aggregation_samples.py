"""Small models, updates and rounds that the aggregation tests share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from dltui.aggregation.blobs.canonical import digest_of
from dltui.aggregation.blobs.update import encode_update
from dltui.aggregation.fixed import Tensors
from dltui.aggregation.round import RoundInputs, Submission

BASE_DIGEST = "11" * 32
PLAN = "22" * 32
ROUND = 7


def base_model(seed: int = 0) -> Tensors:
    """Two parameters, a float buffer and a counter at 40."""
    rng = np.random.default_rng(seed)
    return {
        "param.w": rng.normal(size=(3, 4)).astype(np.float32),
        "param.b": rng.normal(size=(4,)).astype(np.float32),
        "buffer.mean": rng.normal(size=(2,)).astype(np.float32),
        "buffer.count": np.array(40, dtype=np.int64),
    }


def changes(seed: int, steps: int = 5) -> Tensors:
    """What a client's training might have changed."""
    rng = np.random.default_rng(seed)
    return {
        "param.w": rng.normal(scale=0.1, size=(3, 4)).astype(np.float32),
        "param.b": rng.normal(scale=0.1, size=(4,)).astype(np.float32),
        "buffer.mean": rng.normal(scale=0.1, size=(2,)).astype(np.float32),
        "buffer.count": np.array(40 + steps, dtype=np.int64),
    }


def update(client: int, values: Tensors | None = None, **fields: Any) -> bytes:
    """A valid update blob of `client`, with `fields` of its metadata replaced."""
    meta: dict[str, Any] = {"client": client, "round": ROUND, "base": BASE_DIGEST, "plan": PLAN, **fields}
    return encode_update(changes(client + 1) if values is None else values, **meta)


def inputs(blobs: Sequence[bytes], weights: Sequence[int] | None = None, **fields: Any) -> RoundInputs:
    """A round in which client i submitted `blobs[i]` and everybody holds all of them."""
    stored = {digest_of(data): data for data in blobs}
    weights = weights or [10 * (i + 1) for i in range(len(blobs))]
    made = RoundInputs(
        round=ROUND,
        base_digest=BASE_DIGEST,
        base=base_model(),
        plan_hash=PLAN,
        scale_bits=24,
        max_weight=1_000_000,
        max_steps=lambda records: 100,
        rule="fedavg",
        min_valid=1,
        submissions=[Submission(i, digest_of(d), w) for i, (d, w) in enumerate(zip(blobs, weights, strict=True))],
        candidates=frozenset(range(len(blobs))),
        fetch=stored.__getitem__,
    )
    return replace(made, **fields)
