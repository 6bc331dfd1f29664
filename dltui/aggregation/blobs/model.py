"""Model blobs: a version's tensors without any id, so equal models have equal digests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dltui.aggregation.blobs import blob
from dltui.aggregation.errors import Malformed
from dltui.aggregation.fixed import Tensors

_NAME = re.compile(r"(param|buffer)\.[A-Za-z0-9_.]{1,180}\Z")

ROOM = 32 * 1024
"""Bytes by which an update's header may be longer than that of its model."""


def encode_model(tensors: Mapping[str, NDArray[Any]]) -> bytes:
    """Return `tensors` (float32 `param.*`; float32 or int64 `buffer.*`) as a canonical model blob.

    Raises Malformed if `check_model` does, and if an update of this model would be too large to be read.
    """
    check_model(tensors)
    data = blob.encode(tensors, {"kind": "model"})
    if len(data) + ROOM > blob.LIMIT:
        raise Malformed(f"a model of {len(data):,} bytes; with its update's header a blob has at most {blob.LIMIT:,}")
    if blob.header_size(data) + ROOM > blob.MAX_HEADER:
        raise Malformed("the names of the tensors take more than a blob's header has room for")
    return data


def decode_model(data: bytes, limit: int = blob.LIMIT) -> Tensors:
    """Return the tensors of a model blob. Raises Malformed unless `encode_model` could have written these bytes."""
    tensors, meta = blob.decode(data, limit)
    if meta != {"kind": "model"}:
        raise Malformed("not a model blob")
    check_model(tensors)
    return tensors


def check_model(tensors: Mapping[str, NDArray[Any]]) -> None:
    """Raise Malformed unless names and dtypes are a model's, all is finite, and there is a parameter."""
    for name, tensor in tensors.items():
        if not _NAME.match(name):
            raise Malformed(f"model tensor name {name[:80]!r}")
        counter = tensor.dtype == np.int64 and name.startswith("buffer.")
        if tensor.dtype != np.float32 and not counter:
            raise Malformed(f"model tensor {name} has dtype {tensor.dtype}")
        if not counter and not np.isfinite(tensor).all():
            raise Malformed(f"model tensor {name} has values that are not finite")
    if not any(name.startswith("param.") for name in tensors):
        raise Malformed("a model without parameters")
