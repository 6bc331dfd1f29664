"""One round's result: a pure function of the chain's facts and the blobs, the same 32 bytes for everyone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from dltui.aggregation import fixed
from dltui.aggregation.blobs.canonical import MAX_INT, ZERO_DIGEST, digest_of, is_digest, is_int
from dltui.aggregation.blobs.manifest import Manifest, encode_manifest
from dltui.aggregation.blobs.model import check_model, encode_model
from dltui.aggregation.blobs.update import MAX_CLIENT, MAX_ROUND, Update, decode_update
from dltui.aggregation.blobs.verdicts import MAX_WEIGHT, Reason, Verdict, encode_verdicts
from dltui.aggregation.errors import Unavailable
from dltui.aggregation.fixed import Tensors
from dltui.aggregation.judge import Terms, judge
from dltui.aggregation.rules import Parameters, Scores, Weighted, rule
from dltui.errors import DltuiError


@dataclass(frozen=True)
class Submission:
    """What the chain says of one update: client index, blob digest, weight in approved records."""

    client: int
    digest: str
    weight: int


@dataclass(frozen=True)
class RoundInputs:
    """Everything that a round's result depends on.

    `base_digest` is the base version's digest (SHA-256 of its manifest, as on chain) and becomes the parent;
    `base` are its model's tensors; `plan_hash` is hex without 0x. `candidates` are the client indices whose
    blobs a quorum of reports holds. `fetch` returns a blob's bytes by digest. `clip` is the plan's bound on the
    L2 norm of an update, 0 for none; `max_steps` gives the most training steps of a client by its approved records,
    the bound on an integer buffer's growth. `max_weight` bounds a client's influence, not how much it trains. Fewer
    than `min_valid` valid updates give the zero result. `parameters`, `scores` and `state` are for the rule.
    """

    round: int
    base_digest: str
    base: Tensors
    plan_hash: str
    scale_bits: int
    max_weight: int
    max_steps: Callable[[int], int]
    rule: str
    min_valid: int
    submissions: Sequence[Submission]
    candidates: frozenset[int]
    fetch: Callable[[str], bytes]
    clip: float = 0.0
    parameters: Parameters = field(default_factory=dict)
    scores: Scores = field(default_factory=dict)
    state: Tensors = field(default_factory=dict)


@dataclass(frozen=True)
class RoundResult:
    """`digest` is the SHA-256 of `manifest`; 64 zeros, and no model, if too few updates are valid."""

    model: bytes | None
    manifest: bytes | None
    digest: str
    verdict_blob: bytes
    verdicts: tuple[Verdict, ...]


def compute(inputs: RoundInputs) -> RoundResult:
    """Judge every submission and aggregate the valid ones; the submissions may come in any order.

    Raises Unavailable if a candidate's blob cannot be fetched, Overflow if the plan's weights and scale do not fit an
    exact sum, whatever the blobs hold, and DltuiError for inputs that no chain could have given.
    """
    _check(inputs)
    aggregate = rule(inputs.rule)
    updates = _Judged(inputs)
    combined = aggregate(updates, inputs.base, inputs.parameters, inputs.scores, inputs.state)
    if combined is not None and combined.state:
        raise DltuiError(f"rule {inputs.rule} keeps a state, for which a version has no place", where="aggregation")
    verdicts = updates.verdicts()
    changed: Tensors | None = None
    if len(updates) >= inputs.min_valid and combined is not None:
        for client in combined.rejected:
            verdicts[client] = replace(verdicts[client], included=False, reason=Reason.REJECTED_BY_RULE, weight=0)
        changed = {
            name: combined.counters[name]
            if tensor.dtype == np.int64
            else fixed.apply(tensor, combined.changes[name], inputs.scale_bits)
            for name, tensor in inputs.base.items()
        }
    leaves = tuple(verdicts.values())
    verdict_blob = encode_verdicts(inputs.round, leaves)
    if changed is None:
        return RoundResult(None, None, ZERO_DIGEST, verdict_blob, leaves)
    model = encode_model(changed)
    manifest = encode_manifest(
        Manifest(
            model=digest_of(model),
            parent=inputs.base_digest,
            round=inputs.round,
            rule=inputs.rule,
            verdicts=digest_of(verdict_blob),
        )
    )
    return RoundResult(model, manifest, digest_of(manifest), verdict_blob, leaves)


class _Judged:
    """The valid updates. The first pass over them judges each as it is fetched; memory holds one of them at a time."""

    def __init__(self, inputs: RoundInputs) -> None:
        self._inputs = inputs
        self._verdicts: dict[int, Verdict] = {}
        self._judging = self._first_pass()

    def verdicts(self) -> dict[int, Verdict]:
        """Return the verdicts by client index, in its order."""
        for _ in self._judging:
            pass
        return self._verdicts

    def __len__(self) -> int:
        return sum(verdict.included for verdict in self.verdicts().values())

    def __iter__(self) -> Iterator[Weighted]:
        if not self._verdicts:
            yield from self._judging
            return
        for verdict in self.verdicts().values():
            if verdict.included:
                yield _weighted(decode_update(_fetch(self._inputs, verdict.digest)), verdict)

    def _first_pass(self) -> Iterator[Weighted]:
        for submission in sorted(self._inputs.submissions, key=lambda item: item.client):
            client, digest = submission.client, submission.digest
            judged = _judge(submission, self._inputs)
            if isinstance(judged, Reason):
                self._verdicts[client] = Verdict(client, digest, False, judged, 0)
                continue
            weight = min(submission.weight, self._inputs.max_weight)
            verdict = self._verdicts[client] = Verdict(client, digest, True, Reason.OK, weight)
            yield _weighted(judged, verdict)


def _weighted(update: Update, verdict: Verdict) -> Weighted:
    return Weighted(verdict.client, update.deltas, update.counters, verdict.weight)


def _judge(submission: Submission, inputs: RoundInputs) -> Update | Reason:
    if submission.client not in inputs.candidates:
        return Reason.WITHHELD
    terms = Terms(
        round=inputs.round,
        base_digest=inputs.base_digest,
        base=inputs.base,
        plan_hash=inputs.plan_hash,
        scale_bits=inputs.scale_bits,
        clip=inputs.clip,
        max_steps=inputs.max_steps(submission.weight),
    )
    return judge(_fetch(inputs, submission.digest), submission.client, terms)


def _fetch(inputs: RoundInputs, digest: str) -> bytes:
    try:
        data = inputs.fetch(digest)
    except (DltuiError, OSError, LookupError) as error:
        raise Unavailable(f"a candidate's blob cannot be fetched: {error}", where=digest) from error
    if digest_of(data) != digest:
        raise Unavailable("a candidate's blob does not hash to its digest", where=digest)
    return data


def _check(inputs: RoundInputs) -> None:
    check_model(inputs.base)
    where = f"round {inputs.round}"
    sound = (
        is_int(inputs.round, 0, MAX_ROUND)
        and is_digest(inputs.base_digest)
        and is_digest(inputs.plan_hash)
        and is_int(inputs.scale_bits, 0, fixed.MAX_SCALE_BITS)
        and is_int(inputs.max_weight, 1, MAX_WEIGHT)
        and is_int(inputs.min_valid, 1, MAX_CLIENT + 1)
        and 0 <= inputs.clip < float("inf")
    )
    if not sound:
        raise DltuiError("the round's number, digests, scale, bounds or minimum are impossible", where=where)
    for s in inputs.submissions:
        if not (is_int(s.client, 0, MAX_CLIENT) and is_digest(s.digest) and is_int(s.weight, 0, MAX_WEIGHT)):
            raise DltuiError("a submission is impossible", where=where)
        if not is_int(inputs.max_steps(s.weight), 0, MAX_INT):
            raise DltuiError("the plan's bound on training steps is impossible", where=where)
    if len({s.client for s in inputs.submissions}) != len(inputs.submissions):
        raise DltuiError("a client has two submissions", where=where)
    heaviest = sum(min(s.weight, inputs.max_weight) for s in inputs.submissions)
    count = sum(tensor.size for tensor in inputs.base.values() if tensor.dtype != np.int64)
    fixed.grown(0, heaviest * fixed.largest(inputs.scale_bits, inputs.clip, count))
