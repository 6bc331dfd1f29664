"""Update blobs: what one client's training changed, as integers, bound to its owner, round, base and plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dltui.aggregation.blobs import blob
from dltui.aggregation.blobs.canonical import is_digest, is_int
from dltui.aggregation.errors import Malformed
from dltui.aggregation.fixed import MAX_SCALE_BITS, SCALE_BITS, Tensors, quantise

MAX_CLIENT = 255
MAX_ROUND = 2**32 - 1

_KEYS = {"kind", "client", "round", "base", "plan", "scale"}


@dataclass(frozen=True)
class Update:
    """A decoded update. `tensors` as in the blob; `base` and `plan` are digests, `scale` is in bits."""

    client: int
    round: int
    base: str
    plan: str
    scale: int
    tensors: Tensors

    @property
    def deltas(self) -> Tensors:
        """The quantised changes, by the names of the base's float tensors."""
        return {n.removeprefix("delta."): t for n, t in self.tensors.items() if n.startswith("delta.")}

    @property
    def counters(self) -> Tensors:
        """The new values of the base's integer buffers, by name."""
        return {n: t for n, t in self.tensors.items() if n.startswith("buffer.")}


def encode_update(
    changes: Mapping[str, NDArray[Any]],
    *,
    client: int,
    round: int,
    base: str,
    plan: str,
    scale_bits: int = SCALE_BITS,
) -> bytes:
    """Return the update blob of `changes`, named like the base's tensors.

    float32 tensors are differences to the base: each is quantised, and stored as `delta.<name>` (int32). int64 tensors
    are new values of integer buffers, stored as they are. `client` is the client's index, `base` the base version's
    digest, `plan` the plan's hash (hex without 0x). Raises DltuiError for values that are not finite.
    """
    tensors: Tensors = {}
    for name, change in changes.items():
        if change.dtype == np.float32:
            tensors[f"delta.{name}"] = quantise(change, scale_bits)
        else:
            tensors[name] = change
    meta = {
        "kind": "update",
        "client": client,
        "round": round,
        "base": base,
        "plan": plan,
        "scale": scale_bits,
    }
    _check_meta(meta)
    return blob.encode(tensors, meta)


def decode_update(data: bytes, limit: int = blob.LIMIT) -> Update:
    """Return the update in `data`. Raises Malformed unless it is a canonical blob with an update's metadata.

    Tensor names, shapes and dtypes are the judge's business: only the base says what they must be.
    """
    tensors, meta = blob.decode(data, limit)
    _check_meta(meta)
    return Update(meta["client"], meta["round"], meta["base"], meta["plan"], meta["scale"], tensors)


def _check_meta(meta: dict[str, Any]) -> None:
    if set(meta) != _KEYS or meta["kind"] != "update":
        raise Malformed("not an update blob")
    if not is_int(meta["client"], 0, MAX_CLIENT) or not is_int(meta["round"], 0, MAX_ROUND):
        raise Malformed("client index or round is out of range")
    if not is_digest(meta["base"]) or not is_digest(meta["plan"]):
        raise Malformed("base or plan is not a digest")
    if not is_int(meta["scale"], 0, MAX_SCALE_BITS):
        raise Malformed("scale is out of range")
