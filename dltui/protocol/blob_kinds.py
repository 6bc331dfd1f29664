"""The kinds of blobs that a federation has: the name of each, its largest size, and who reads its bytes.

A blob that is fetched by what the chain says is read through its kind, so that no reader takes more bytes, or other
bytes, than the kind allows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dltui.aggregation.blobs import blob
from dltui.aggregation.blobs.manifest import MAX_MANIFEST, Manifest, decode_manifest
from dltui.aggregation.blobs.model import decode_model
from dltui.aggregation.blobs.update import Update, decode_update
from dltui.aggregation.blobs.verdicts import MAX_VERDICTS, Verdict, decode_verdicts
from dltui.aggregation.fixed import Tensors
from dltui.aggregation.partial import Partial, decode_partial
from dltui.learning.plan import MAX_BYTES, LearningPlan, decode_plan

Fetch = Callable[[str, int], bytes]
"""Gives the bytes of a digest, at most as many as the second argument says; raises BlobError."""
T = TypeVar("T")


@dataclass(frozen=True)
class Kind(Generic[T]):
    """One kind of blob: `limit` is in bytes, `parse` raises Malformed or BlobError for bytes that are none of it."""

    name: str
    limit: int
    parse: Callable[[bytes], T]

    def read(self, fetch: Fetch, digest: str) -> T:
        """Return what the blob of this digest holds. Raises what `fetch` and `parse` raise."""
        return self.parse(fetch(digest, self.limit))


UPDATE: Kind[Update] = Kind("update", blob.LIMIT, decode_update)
MODEL: Kind[Tensors] = Kind("model", blob.LIMIT, decode_model)
PARTIAL: Kind[tuple[Partial, dict[str, Any]]] = Kind("partial", blob.LIMIT, decode_partial)
MANIFEST: Kind[Manifest] = Kind("manifest", MAX_MANIFEST, decode_manifest)
VERDICTS: Kind[tuple[int, tuple[Verdict, ...]]] = Kind("verdicts", MAX_VERDICTS, decode_verdicts)
PLAN: Kind[LearningPlan] = Kind("plan", MAX_BYTES, decode_plan)

KINDS: dict[str, Kind[Any]] = {kind.name: kind for kind in (UPDATE, MODEL, PARTIAL, MANIFEST, VERDICTS, PLAN)}
"""Every kind by the name that its blobs carry in themselves."""
