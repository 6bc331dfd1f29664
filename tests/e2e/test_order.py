"""The updates of a real run, added up in any order and any grouping, give the bytes that its registry names."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from dltui.aggregation import fixed
from dltui.aggregation.blobs.manifest import decode_manifest
from dltui.aggregation.blobs.model import encode_model
from dltui.aggregation.blobs.update import Update, decode_update
from dltui.aggregation.partial import Partial, decode_partial
from dltui.aggregation.round import RoundInputs, Submission, compute
from dltui.config.sections import load
from dltui.core import events as ev
from dltui.learning.plan import LearningPlan
from dltui.protocol.result import load_version
from dltui.store import Store
from tests.kits.runs import Run

SEED = 20


def parts(run: Run, number: int) -> tuple[Store, ev.RoundOpened, list[ev.UpdateSubmitted], ev.RoundFinalised]:
    """What the journal tells of one round."""
    opened = run.of(ev.RoundOpened, round=number)[0]
    return (
        Store(str(run.paths.blobs)),
        opened,
        run.of(ev.UpdateSubmitted, round=number),
        run.of(ev.RoundFinalised, round=number)[0],
    )


def decoded(store: Store, submitted: list[ev.UpdateSubmitted]) -> list[tuple[Update, int]]:
    """Each update of the round with its weight."""
    return [(decode_update(store.get(update.digest)), update.weight) for update in submitted]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_twenty_orders_give_the_registered_model(finished: Run, number: int) -> None:
    store, opened, submitted, final = parts(finished, number)
    base = load_version(opened.base_digest, store.get)
    updates, shuffle = decoded(store, submitted), random.Random(SEED + number)
    expected = store.get(decode_manifest(store.get(final.digest)).model)
    for _ in range(20):
        shuffle.shuffle(updates)
        total = Partial.empty(base)
        for update, weight in updates:
            total.add(update.deltas, update.counters, weight)
        average = total.average()
        changed = {name: fixed.apply(tensor, average[name], 24) for name, tensor in base.items()}
        assert encode_model(changed) == expected


def test_five_partitions_into_partial_sums_give_the_same_bytes(finished: Run) -> None:
    store, opened, submitted, _ = parts(finished, 2)
    base = load_version(opened.base_digest, store.get)
    updates, shuffle = decoded(store, submitted), random.Random(SEED)
    meta = {"round": 2, "base": opened.base_digest, "plan": opened.plan_hash, "scale_bits": 24}
    encoded = set()
    for groups in (1, 2, 3, 4, 5):
        shuffle.shuffle(updates)
        sums = [Partial.empty(base) for _ in range(groups)]
        for place, (update, weight) in enumerate(updates):
            sums[place % groups].add(update.deltas, update.counters, weight)
        shuffle.shuffle(sums)
        # As partial sums travel: encoded by one machine, decoded and added by another.
        total = Partial.empty(base)
        for one in sums:
            total.merge(decode_partial(one.encode(**meta))[0])
        encoded.add(total.encode(**meta))
    assert len(encoded) == 1


def test_the_result_is_a_function_of_the_facts(finished: Run) -> None:
    store, opened, submitted, final = parts(finished, 3)
    plan = LearningPlan.of(load(finished.paths.config))
    index = {registered.id: registered.index for registered in finished.of(ev.ClientRegistered)}
    submissions = [Submission(index[update.client], update.digest, update.weight) for update in submitted]
    inputs = RoundInputs(
        round=3,
        base_digest=opened.base_digest,
        base=load_version(opened.base_digest, store.get),
        plan_hash=opened.plan_hash,
        scale_bits=plan.aggregation.scale_bits,
        max_weight=plan.aggregation.max_weight,
        max_steps=plan.training.steps_for,
        rule=plan.aggregation.rule,
        min_valid=2,
        submissions=submissions,
        candidates=frozenset(index.values()),
        fetch=store.get,
    )
    shuffle = random.Random(SEED)
    for _ in range(5):
        shuffle.shuffle(submissions)
        assert compute(replace(inputs, submissions=list(submissions))).digest == final.digest
    # One record more of one client, or one client less, is another model.
    heavier = [replace(submissions[0], weight=submissions[0].weight + 1), *submissions[1:]]
    assert compute(replace(inputs, submissions=heavier)).digest != final.digest
    assert compute(replace(inputs, candidates=frozenset({0, 1, 2, 3}))).digest != final.digest
