"""From what the chain and the store hold to a round's result: shared by committee members and by `verify`."""

from __future__ import annotations

from dltui.aggregation.blobs.verdicts import Verdict
from dltui.aggregation.fixed import Tensors
from dltui.aggregation.round import RoundInputs, RoundResult, Submission, compute
from dltui.chain import merkle
from dltui.core.ledger import Ledger, RoundFacts
from dltui.errors import DltuiError
from dltui.learning.plan import LearningPlan
from dltui.protocol.blob_kinds import MANIFEST, MODEL, UPDATE, Fetch


class OtherPlan(DltuiError):
    """The round runs under another plan than the one that is held here: nothing is trained, voted or checked."""


def check_plan(plan: LearningPlan, facts: RoundFacts) -> None:
    """Raise `OtherPlan` unless the hash of `plan` is the one that the chain names for the round."""
    if plan.hash != facts.plan_hash:
        raise OtherPlan(
            f"the round runs under plan {facts.plan_hash[:12]}, and {plan.hash[:12]} is the plan that is held here",
            where=f"round {facts.number}",
            hint="start it from the configuration that the plan on chain was made from",
        )


def load_version(digest: str, fetch: Fetch) -> Tensors:
    """Return the tensors of the version whose manifest has this digest. Raises BlobError or Malformed."""
    return MODEL.read(fetch, MANIFEST.read(fetch, digest).model)


def result_of(
    ledger: Ledger, facts: RoundFacts, plan: LearningPlan, fetch: Fetch, base: Tensors | None = None
) -> RoundResult:
    """Recompute a round's result from the ledger's facts and the store's blobs.

    Raises `OtherPlan` if the round runs under another plan, and `Unavailable` if a candidate's bytes cannot be fetched.
    """
    check_plan(plan, facts)
    enforced = ledger.plan_of(facts)
    return compute(
        RoundInputs(
            round=facts.number,
            base_digest=facts.base_digest,
            base=base if base is not None else load_version(facts.base_digest, fetch),
            plan_hash=facts.plan_hash,
            scale_bits=plan.aggregation.scale_bits,
            max_weight=plan.aggregation.max_weight,
            max_steps=plan.training.steps_for,
            clip=plan.training.clip,
            rule=plan.aggregation.rule,
            min_valid=enforced["minSubmissions"],
            submissions=[Submission(s.index, s.digest, s.weight) for s in facts.submissions.values()],
            candidates=facts.candidates(enforced["quorum"]),
            fetch=lambda digest: fetch(digest, UPDATE.limit),
        )
    )


def leaves_of(round_number: int, verdicts: tuple[Verdict, ...]) -> list[bytes]:
    """Return the Merkle leaves of a round's verdicts, in order of client index."""
    return [
        merkle.verdict_leaf(round_number, v.client, bytes.fromhex(v.digest), v.included, int(v.reason), v.weight)
        for v in verdicts
    ]


def verdicts_root(round_number: int, verdicts: tuple[Verdict, ...]) -> bytes:
    """Return the root that members seal together with the result's digest, 32 bytes."""
    return merkle.root(leaves_of(round_number, verdicts))
