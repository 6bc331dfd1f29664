"""Verdicts: for every submission of a round, whether it is in the result, and if not, why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from dltui.aggregation.blobs import canonical
from dltui.aggregation.blobs.canonical import is_digest, is_int
from dltui.aggregation.blobs.update import MAX_CLIENT, MAX_ROUND
from dltui.aggregation.errors import Malformed

MAX_WEIGHT = 2**32 - 1
MAX_VERDICTS = 1 << 20
"""Largest blob of verdicts, in bytes."""
_LEAF = {"client", "digest", "included", "reason", "weight"}


class Reason(IntEnum):
    """Why an update is in the result (OK) or not; the numbers are those of the contract and never change."""

    OK = 0
    WITHHELD = 1
    """Too few committee members hold the bytes."""
    WRONG_OWNER = 2
    """The blob names another client than its submitter."""
    WRONG_BASE = 3
    """The blob is for another round, base version or plan."""
    MALFORMED = 4
    """Not a canonical blob, or not the base's tensors, or another scale."""
    NOT_FINITE = 5
    """Floating-point tensors with NaN or infinity."""
    OUT_OF_RANGE = 6
    """A value saturated or past the clip bound, or a counter past the plan's steps."""
    REJECTED_BY_RULE = 7
    """The aggregation rule left it out."""


@dataclass(frozen=True)
class Verdict:
    """One leaf: `client` index, update `digest`, and `weight` in records counted (0 when not included)."""

    client: int
    digest: str
    included: bool
    reason: Reason
    weight: int


def encode_verdicts(round: int, verdicts: Iterable[Verdict]) -> bytes:
    """Return the blob of a round's verdicts, sorted by client index. Raises Malformed for impossible verdicts."""
    leaves = [
        {
            "client": v.client,
            "digest": v.digest,
            "included": v.included,
            "reason": int(v.reason),
            "weight": v.weight,
        }
        for v in sorted(verdicts, key=lambda v: v.client)
    ]
    value = {"kind": "verdicts", "round": round, "leaves": leaves}
    _check(value)
    return canonical.dumps(value)


def decode_verdicts(data: bytes) -> tuple[int, tuple[Verdict, ...]]:
    """Return the round and its verdicts. Raises Malformed unless `encode_verdicts` would write these bytes."""
    value = canonical.loads(data, MAX_VERDICTS)
    _check(value)
    return value["round"], tuple(Verdict(**{**leaf, "reason": Reason(leaf["reason"])}) for leaf in value["leaves"])


def _check(value: Any) -> None:
    if (
        not isinstance(value, dict)
        or set(value) != {"kind", "round", "leaves"}
        or value["kind"] != "verdicts"
        or not is_int(value["round"], 0, MAX_ROUND)
        or not isinstance(value["leaves"], list)
    ):
        raise Malformed("not a verdicts blob")
    before = -1
    for leaf in value["leaves"]:
        if not isinstance(leaf, dict) or set(leaf) != _LEAF or not is_int(leaf["client"], before + 1, MAX_CLIENT):
            raise Malformed("a verdict is not in the table, or out of order")
        before = leaf["client"]
        included = leaf["included"]
        if (
            not is_digest(leaf["digest"])
            or not isinstance(included, bool)
            or not is_int(leaf["reason"], 0, max(Reason))
            or not is_int(leaf["weight"], 0, MAX_WEIGHT)
            or included != (leaf["reason"] == Reason.OK)
            or (leaf["weight"] != 0 and not included)
        ):
            raise Malformed(f"the verdict of client {before} contradicts itself")
