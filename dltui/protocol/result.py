"""From what the chain and the store hold to a round's result: shared by committee members and by `verify`."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from dltui.aggregation.blobs.manifest import decode_manifest
from dltui.aggregation.blobs.model import decode_model
from dltui.aggregation.blobs.verdicts import Verdict
from dltui.aggregation.fixed import Tensors
from dltui.aggregation.round import RoundInputs, RoundResult, Submission, compute
from dltui.chain import merkle
from dltui.core.ledger import Ledger, RoundFacts


@dataclass(frozen=True)
class Terms:
    """The part of the learning plan that a result depends on; the plan hash on chain binds it."""

    rule: str
    scale_bits: int
    max_weight: int
    epochs: int
    steps: int
    batch_size: int

    def max_steps(self, records: int) -> int:
        """The most training steps of a client that has so many approved records: the bound of its integer buffers."""
        return self.steps or self.epochs * math.ceil(records / self.batch_size)


def load_version(digest: str, fetch: Callable[[str], bytes]) -> Tensors:
    """The tensors of the version whose manifest has this digest. Raises BlobError or Malformed."""
    return decode_model(fetch(decode_manifest(fetch(digest)).model))


def result_of(
    ledger: Ledger, facts: RoundFacts, terms: Terms, fetch: Callable[[str], bytes], base: Tensors | None = None
) -> RoundResult:
    """Recompute a round's result from the ledger's facts and the store's blobs.

    Raises `Unavailable` where a candidate's bytes cannot be fetched.
    """
    plan = ledger.plan_of(facts)
    return compute(
        RoundInputs(
            round=facts.number,
            base_digest=facts.base_digest,
            base=base if base is not None else load_version(facts.base_digest, fetch),
            plan_hash=facts.plan_hash,
            scale_bits=terms.scale_bits,
            max_weight=terms.max_weight,
            max_steps=terms.max_steps,
            rule=terms.rule,
            min_valid=plan["minSubmissions"],
            submissions=[Submission(s.index, s.digest, s.weight) for s in facts.submissions.values()],
            candidates=facts.candidates(plan["quorum"]),
            fetch=fetch,
        )
    )


def leaves_of(round_number: int, verdicts: tuple[Verdict, ...]) -> list[bytes]:
    """The Merkle leaves of a round's verdicts, in order of client index."""
    return [
        merkle.verdict_leaf(round_number, v.client, bytes.fromhex(v.digest), v.included, int(v.reason), v.weight)
        for v in verdicts
    ]


def verdicts_root(round_number: int, verdicts: tuple[Verdict, ...]) -> bytes:
    """The root that members seal together with the result's digest, 32 bytes."""
    return merkle.root(leaves_of(round_number, verdicts))
