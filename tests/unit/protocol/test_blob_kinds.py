"""Every kind of blob is read with its own limit and its own parser, and no kind takes another's bytes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dltui.aggregation.blobs.canonical import ZERO_DIGEST
from dltui.aggregation.blobs.manifest import Manifest, encode_manifest
from dltui.aggregation.blobs.model import encode_model
from dltui.aggregation.blobs.verdicts import MAX_WEIGHT, Reason, Verdict, encode_verdicts
from dltui.aggregation.errors import Malformed
from dltui.aggregation.partial import Partial
from dltui.config.sections import Config
from dltui.errors import BlobError, MismatchError
from dltui.learning.plan import LearningPlan
from dltui.protocol.blob_kinds import KINDS, MANIFEST, VERDICTS, Kind
from dltui.protocol.facts import FactStream
from dltui.protocol.result import load_version
from dltui.store import BlobTooLarge, Store, cid
from dltui.verify.results import check_plans
from tests.kits.aggregation_samples import BASE_DIGEST, PLAN, ROUND, base_model, update

MODEL = encode_model(base_model())
SAMPLES = {
    "update": update(1),
    "model": MODEL,
    "partial": Partial.empty(base_model()).encode(round=ROUND, base=BASE_DIGEST, plan=PLAN, scale_bits=24),
    "manifest": encode_manifest(Manifest("ab" * 32, ZERO_DIGEST, 0, "fedavg", ZERO_DIGEST)),
    "verdicts": encode_verdicts(1, [Verdict(0, "ab" * 32, True, Reason.OK, 5)]),
    "plan": LearningPlan.of(Config()).encode(),
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_reads_its_own_blobs_and_no_others(name: str, store: Store) -> None:
    kind = KINDS[name]
    assert f'"kind":"{name}"'.encode() in SAMPLES[name].replace(b"\\", b"")
    kind.read(store.get, store.put(SAMPLES[name]))
    for other in SAMPLES.keys() - {name}:
        with pytest.raises((Malformed, BlobError)):
            kind.read(store.get, store.put(SAMPLES[other]))


@pytest.mark.parametrize("name", KINDS)
def test_a_blob_over_the_limit_of_its_kind_is_not_read(name: str, store: Store) -> None:
    kind, digest = KINDS[name], store.put(SAMPLES[name])
    tight: Kind[Any] = Kind(name, len(SAMPLES[name]) - 1, kind.parse)
    with pytest.raises(BlobTooLarge):
        tight.read(store.get, digest)


def test_the_largest_verdicts_fit() -> None:
    verdicts = [Verdict(client, "ab" * 32, True, Reason.OK, MAX_WEIGHT) for client in range(256)]
    assert len(encode_verdicts(2**32 - 1, verdicts)) < VERDICTS.limit


def test_a_version_is_read_by_its_manifest_and_a_huge_manifest_is_not(store: Store) -> None:
    manifest = Manifest(store.put(MODEL), ZERO_DIGEST, 0, "fedavg", ZERO_DIGEST)
    loaded = load_version(store.put(encode_manifest(manifest)), store.get)
    assert all(np.array_equal(loaded[name], tensor) for name, tensor in base_model().items())
    with pytest.raises(BlobTooLarge):
        load_version(store.put(b" " * (MANIFEST.limit + 1)), store.get)


def test_the_plan_on_chain_must_be_one_if_its_blob_is_there(store: Store) -> None:
    stream = FactStream("0x" + "11" * 20, lambda tx, block: "", cid)
    stream.ledger.plans[1] = {"planHash": bytes.fromhex(LearningPlan.of(Config()).hash)}
    check_plans(stream, store)
    store.put(SAMPLES["plan"])
    check_plans(stream, store)
    stream.ledger.plans[2] = {"planHash": bytes.fromhex(store.put(b"no plan"))}
    with pytest.raises(MismatchError, match="plan 2: not a learning plan"):
        check_plans(stream, store)
