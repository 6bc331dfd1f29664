"""The learning part of `verify`: every blob re-hashed, every round's result and verdicts recomputed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dltui.aggregation.canonical import ZERO_DIGEST
from dltui.aggregation.errors import Malformed
from dltui.aggregation.manifest import decode_manifest
from dltui.aggregation.verdicts import decode_verdicts
from dltui.chain.facts import FactStream
from dltui.chain.ledger import RoundFacts
from dltui.client.outcome import Terms, load_version, result_of, verdicts_root
from dltui.core.events import RoundIncluded
from dltui.engine.chronicle import included
from dltui.errors import BlobError, DltuiError, MismatchError
from dltui.store import Store


def rehash(store: Store) -> int:
    """Hash every blob again; returns their number. Raises MismatchError naming the first whose bytes are others."""
    count = 0
    for digest in store.digests():
        try:
            store.get(digest)
        except BlobError as error:
            raise MismatchError(error.message, where=error.where) from error
        count += 1
    return count


def check_versions(facts: FactStream, fetch: Callable[[str], bytes]) -> int:
    """Load every version of the registry, and the verdicts behind it, from its blobs; returns their number."""
    versions = facts.ledger.versions
    for number, version in sorted(versions.items()):
        if version.parent not in versions:
            raise MismatchError(f"version {number} has parent {version.parent}, which is not on the chain")
        parent = versions[version.parent].digest if number else ZERO_DIGEST
        try:
            manifest = decode_manifest(fetch(version.digest))
            load_version(version.digest, fetch)
            if number:
                decode_verdicts(fetch(manifest.verdicts))
        except (BlobError, Malformed) as error:
            raise MismatchError(f"version {number} cannot be loaded: {error.message}", where=error.where) from error
        if manifest.parent != parent:
            raise MismatchError(
                f"version {number} names parent {manifest.parent[:12]}, the registry {parent[:12]}",
                where=version.digest,
            )
    return len(versions)


def recompute(facts: FactStream, terms: Terms, store: Store, told: Sequence[RoundIncluded]) -> int:
    """Recompute each closed round that has verdicts; compare it with chain and journal. Returns their number.

    The journal tells the verdicts of each of these rounds once, and of no other.
    """
    closed = {number: round_facts for number, round_facts in facts.ledger.rounds.items() if round_facts.has_verdicts}
    by_round: dict[int, RoundIncluded] = {}
    for verdicts in told:
        if verdicts.round not in closed or verdicts.round in by_round:
            raise MismatchError("the journal tells verdicts that the chain does not", where=f"round {verdicts.round}")
        by_round[verdicts.round] = verdicts
    for number, round_facts in sorted(closed.items()):
        _recompute_round(facts, round_facts, terms, store, by_round.get(number))
    return len(closed)


def _recompute_round(
    facts: FactStream, round_facts: RoundFacts, terms: Terms, store: Store, told: RoundIncluded | None
) -> None:
    where = f"round {round_facts.number}"
    try:
        result = result_of(facts.ledger, round_facts, terms, store.get)
    except DltuiError as error:
        raise MismatchError(f"{where} cannot be recomputed: {error.message}", where=error.where) from error
    if round_facts.version is not None:
        version = facts.ledger.versions.get(round_facts.version)
        registered = version.digest if version is not None else "none"
        if result.digest != registered:
            raise MismatchError(f"recomputes to {result.digest}, registered is {registered}", where=where)
    root = verdicts_root(round_facts.number, result.verdicts)
    if root != round_facts.verdicts_root:
        raise MismatchError(
            f"its verdicts recompute to root {root.hex()}, on chain is {round_facts.verdicts_root.hex()}", where=where
        )
    expected = included(facts, round_facts.number, result.verdicts)
    if told != expected:
        raise MismatchError(
            f"the journal tells other verdicts than the recomputed {expected.verdicts}"[:400], where=where
        )
