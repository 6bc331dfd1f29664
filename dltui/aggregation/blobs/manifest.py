"""Manifests: what a version's digest covers, so that 32 bytes stand for model, parent, rule and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from numpy.typing import NDArray

from dltui.aggregation.blobs import canonical
from dltui.aggregation.blobs.canonical import ZERO_DIGEST, is_digest, is_int
from dltui.aggregation.blobs.model import encode_model
from dltui.aggregation.blobs.update import MAX_ROUND
from dltui.aggregation.errors import Malformed

_KEYS = {"kind", "model", "parent", "round", "rule", "server_state", "verdicts"}
MAX_MANIFEST = 4096
"""Largest manifest, in bytes."""


@dataclass(frozen=True)
class Manifest:
    """One version. `model` and `verdicts` are digests of blobs, `parent` the digest of the version before.

    A version's digest is the SHA-256 of its encoded manifest. The first version has round 0 and zero digests
    for `parent` and `verdicts`. `server_state` is the digest of a server optimiser's state, None for rules
    without one.
    """

    model: str
    parent: str
    round: int
    rule: str
    verdicts: str
    server_state: None = None


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as canonical JSON. Raises Malformed for values that no manifest has."""
    value = {"kind": "manifest", **asdict(manifest)}
    _check(value)
    return canonical.dumps(value)


def decode_manifest(data: bytes) -> Manifest:
    """Return the manifest in `data`. Raises Malformed unless `encode_manifest` could have written these bytes."""
    value = canonical.loads(data, MAX_MANIFEST)
    _check(value)
    return Manifest(**{key: item for key, item in value.items() if key != "kind"})


def first_version(tensors: Mapping[str, NDArray[Any]], rule: str) -> tuple[bytes, bytes]:
    """Return the model blob and the manifest of version 0, whose model is `tensors`."""
    model = encode_model(tensors)
    digest = canonical.digest_of(model)
    return model, encode_manifest(Manifest(digest, ZERO_DIGEST, 0, rule, ZERO_DIGEST))


def _check(value: Any) -> None:
    if not isinstance(value, dict) or set(value) != _KEYS or value["kind"] != "manifest":
        raise Malformed("not a manifest")
    if not all(is_digest(value[key]) for key in ("model", "parent", "verdicts")):
        raise Malformed("a manifest's model, parent or verdicts is not a digest")
    if not is_int(value["round"], 0, MAX_ROUND):
        raise Malformed("a manifest's round is out of range")
    if not isinstance(value["rule"], str) or not 1 <= len(value["rule"]) <= 64:
        raise Malformed("a manifest's rule is not a short name")
    if value["server_state"] is not None:
        raise Malformed("a manifest's server state is not known to this version")
