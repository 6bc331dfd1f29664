"""The learning part of `verify`: every blob re-hashed, every round's result and verdicts recomputed."""

from __future__ import annotations

from collections.abc import Sequence

from dltui.aggregation.blobs.canonical import ZERO_DIGEST
from dltui.aggregation.blobs.verdicts import Verdict
from dltui.aggregation.errors import Malformed
from dltui.core.events import RoundIncluded
from dltui.core.ledger import RoundFacts
from dltui.errors import BlobError, DltuiError, MismatchError
from dltui.learning.plan import LearningPlan
from dltui.protocol.blob_kinds import MANIFEST, PLAN, VERDICTS, Fetch
from dltui.protocol.facts import FactStream, included
from dltui.protocol.result import load_version, result_of, verdicts_root
from dltui.store import BlobStore


def rehash(store: BlobStore) -> int:
    """Hash every blob again; returns their number. Raises MismatchError naming the first whose bytes are others."""
    count = 0
    for digest in store.digests():
        try:
            store.get(digest)
        except BlobError as error:
            raise MismatchError(error.message, where=error.where) from error
        count += 1
    return count


def check_plans(facts: FactStream, store: BlobStore) -> None:
    """Read the plans on chain whose blobs are there: runs of old have none. Raises MismatchError for other bytes."""
    for number, plan in facts.ledger.plans.items():
        digest = plan["planHash"].hex()
        if store.has(digest):
            try:
                PLAN.read(store.get, digest)
            except BlobError as error:
                raise MismatchError(f"plan {number}: {error.message}", where=error.where or digest) from error


def check_versions(facts: FactStream, fetch: Fetch) -> int:
    """Load every version of the registry, and the verdicts behind it, from its blobs; returns their number."""
    versions = facts.ledger.versions
    for number, version in sorted(versions.items()):
        if version.parent not in versions:
            raise MismatchError(f"version {number} has parent {version.parent}, which is not on the chain")
        parent = versions[version.parent].digest if number else ZERO_DIGEST
        try:
            manifest = MANIFEST.read(fetch, version.digest)
            load_version(version.digest, fetch)
            if number:
                VERDICTS.read(fetch, manifest.verdicts)
        except (BlobError, Malformed) as error:
            raise MismatchError(f"version {number} cannot be loaded: {error.message}", where=error.where) from error
        if manifest.parent != parent:
            raise MismatchError(
                f"version {number} names parent {manifest.parent[:12]}, the registry {parent[:12]}",
                where=version.digest,
            )
    return len(versions)


def recompute(
    facts: FactStream, plan: LearningPlan, store: BlobStore, told: Sequence[RoundIncluded]
) -> tuple[int, int]:
    """Recompute each closed round that has verdicts; compare it with chain and journal.

    A federation may be older than the run: what a round under another plan than `plan` came to depends on terms
    that only its hash tells, so there the verdicts' blob is compared with the root on chain. Returns the numbers of
    rounds of the first and of the second kind. The journal tells the verdicts of each round once, and of no other.
    """
    closed = {number: round_facts for number, round_facts in facts.ledger.rounds.items() if round_facts.has_verdicts}
    by_round: dict[int, RoundIncluded] = {}
    for event in told:
        if event.round not in closed or event.round in by_round:
            raise MismatchError("the journal tells verdicts that the chain does not", where=f"round {event.round}")
        by_round[event.round] = event
    ours, ours_hash = 0, plan.hash
    for number, round_facts in sorted(closed.items()):
        if round_facts.plan_hash == ours_hash:
            verdicts = _recomputed(facts, round_facts, plan, store)
            ours += 1
        elif round_facts.version is not None:
            verdicts = _stored(facts, round_facts, store)
        else:
            continue  # no version, so no manifest names its verdicts
        _compare_verdicts(facts, round_facts, verdicts, by_round.get(number))
    return ours, len(closed) - ours


def _recomputed(
    facts: FactStream, round_facts: RoundFacts, plan: LearningPlan, store: BlobStore
) -> tuple[Verdict, ...]:
    where = f"round {round_facts.number}"
    try:
        result = result_of(facts.ledger, round_facts, plan, store.get)
    except DltuiError as error:
        raise MismatchError(f"{where} cannot be recomputed: {error.message}", where=error.where) from error
    if round_facts.version is not None:
        version = facts.ledger.versions.get(round_facts.version)
        registered = version.digest if version is not None else "none"
        if result.digest != registered:
            raise MismatchError(f"recomputes to {result.digest}, registered is {registered}", where=where)
    return result.verdicts


def _stored(facts: FactStream, round_facts: RoundFacts, store: BlobStore) -> tuple[Verdict, ...]:
    where = f"round {round_facts.number}"
    version = facts.ledger.versions.get(round_facts.version or 0)
    try:
        manifest = MANIFEST.read(store.get, version.digest if version is not None else "")
        return VERDICTS.read(store.get, manifest.verdicts)[1]
    except (BlobError, Malformed) as error:
        raise MismatchError(f"{where} has no verdicts: {error.message}", where=error.where) from error


def _compare_verdicts(
    facts: FactStream, round_facts: RoundFacts, verdicts: tuple[Verdict, ...], told: RoundIncluded | None
) -> None:
    where = f"round {round_facts.number}"
    root = verdicts_root(round_facts.number, verdicts)
    if root != round_facts.verdicts_root:
        raise MismatchError(
            f"its verdicts have root {root.hex()}, on chain is {round_facts.verdicts_root.hex()}", where=where
        )
    expected = included(facts, round_facts.number, verdicts)
    if told != expected:
        raise MismatchError(f"the journal tells other verdicts than the true {expected.verdicts}"[:400], where=where)
