"""Canonical safetensors blobs: the same tensors and metadata are always the same bytes.

A blob has exactly one metadata key, `dltui`, whose value is canonical JSON (safetensors writes several keys
in random order). A blob that does not re-encode to its own bytes is refused, so a digest names one content
and no other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from dltui.aggregation.blobs import canonical
from dltui.aggregation.errors import Malformed
from dltui.aggregation.fixed import Tensors
from dltui.core.safe_json import decode_json

LIMIT = 64 * 1024 * 1024
"""Largest blob, in bytes."""

KEY = "dltui"
MAX_HEADER = 1 << 20
MAX_TENSORS = 4096
MAX_DIMENSIONS = 8

_NAME = re.compile(r"(param|buffer|delta|aux|sum)\.[A-Za-z0-9_.]{1,200}\Z")
_DTYPES: dict[str, np.dtype[Any]] = {
    "I32": np.dtype(np.int32),
    "I64": np.dtype(np.int64),
    "F32": np.dtype(np.float32),
}


def encode(tensors: Mapping[str, NDArray[Any]], meta: Mapping[str, Any]) -> bytes:
    """Return the blob of `tensors` and `meta`.

    dtypes are int32, int64 and float32; names start with `param.`, `buffer.`, `delta.`, `aux.` or `sum.`.
    Raises Malformed for another dtype or name, an empty tensor, or metadata that canonical JSON cannot hold.
    """
    if len(tensors) > MAX_TENSORS:
        raise Malformed(f"{len(tensors)} tensors, over the limit of {MAX_TENSORS}")
    plain: Tensors = {}
    for name, tensor in tensors.items():
        _check_name(name)
        if tensor.dtype not in _DTYPES.values():
            raise Malformed(f"tensor {name} has dtype {tensor.dtype}")
        _check_shape(name, list(tensor.shape))
        plain[name] = np.asarray(tensor, order="C")
    data: bytes = save(plain, {KEY: canonical.dumps(dict(meta)).decode("ascii")})
    return data


def decode(data: bytes, limit: int = LIMIT) -> tuple[Tensors, dict[str, Any]]:
    """Return the tensors and metadata of a blob of at most `limit` bytes.

    Raises Malformed unless `encode` would write these very bytes. Sizes are checked before tensors are made,
    so memory stays within a small multiple of the blob.
    """
    if len(data) > limit:
        raise Malformed(f"blob of {len(data)} bytes, over the limit of {limit}")
    meta = _header(data)
    try:
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise Malformed("not a safetensors blob") from error
    if encode(tensors, meta) != data:
        raise Malformed("blob is not in canonical form")
    return tensors, meta


def header_size(data: bytes) -> int:
    """Return the size of a blob's header in bytes, as the blob says."""
    return int.from_bytes(data[:8], "little")


def _header(data: bytes) -> dict[str, Any]:
    size = header_size(data)
    if len(data) < 8 or size > min(MAX_HEADER, len(data) - 8):
        raise Malformed("header is cut off or too long")
    try:
        header = decode_json(data[8 : 8 + size])
    except ValueError as error:
        raise Malformed("header is not JSON") from error
    if not isinstance(header, dict):
        raise Malformed("header is not a table")
    metadata = header.pop("__metadata__", None)
    if not isinstance(metadata, dict) or set(metadata) != {KEY} or not isinstance(metadata[KEY], str):
        raise Malformed(f"metadata must have exactly one key, {KEY}")
    if len(header) > MAX_TENSORS:
        raise Malformed(f"{len(header)} tensors, over the limit of {MAX_TENSORS}")
    for name, entry in header.items():
        _check_name(name)
        _check_entry(name, entry, len(data))
    if not metadata[KEY].isascii():
        raise Malformed("metadata is not ASCII")
    meta = canonical.loads(metadata[KEY].encode("ascii"), MAX_HEADER)
    if not isinstance(meta, dict):
        raise Malformed("metadata is not a table")
    return meta


def _check_name(name: str) -> None:
    if not _NAME.match(name):
        raise Malformed(f"tensor name {name[:80]!r}")


def _check_entry(name: str, entry: object, size: int) -> None:
    if not isinstance(entry, dict) or not isinstance(entry.get("shape"), list):
        raise Malformed(f"tensor {name} has no shape")
    kind, shape = entry.get("dtype"), entry["shape"]
    if not isinstance(kind, str) or kind not in _DTYPES:
        raise Malformed(f"tensor {name} has dtype {str(kind)[:20]!r}")
    _check_shape(name, shape)
    if math.prod(shape) * _DTYPES[kind].itemsize > size:
        raise Malformed(f"tensor {name} is larger than the blob")


def _check_shape(name: str, shape: list[Any]) -> None:
    if len(shape) > MAX_DIMENSIONS or not all(canonical.is_int(side, 1, 2**31) for side in shape):
        raise Malformed(f"tensor {name} has an unusable shape")
