"""Federated learning end to end in one process: local training, integer updates, judged and averaged."""

from __future__ import annotations

import pytest

from dltui.aggregation.blobs.canonical import digest_of
from dltui.aggregation.blobs.manifest import first_version
from dltui.aggregation.blobs.model import decode_model
from dltui.aggregation.blobs.update import encode_update
from dltui.aggregation.round import RoundInputs, Submission, compute
from dltui.config.sections import TrainingSection
from dltui.learning.data.datasets import Dataset
from dltui.learning.data.partition import split
from dltui.learning.models.models import build, load_tensors, tensors
from dltui.learning.runtime import derive
from dltui.learning.training.evaluation import evaluate
from dltui.learning.training.training import train, update_from

PLAN = "ab" * 32
SEED = 1


def accuracy_after(mnist: Dataset, name: str, rounds: int, clients: int = 5) -> tuple[int, str]:
    """Accuracy in basis points on the 2,000 test records, and the last version's digest."""
    settings = TrainingSection()
    parts = split(mnist.y, clients, "iid", derive(SEED, "partition"))
    shards = [mnist.tensors(part.train) for part in parts.clients]
    model = build(name, mnist.input_shape, mnist.classes, derive(SEED, "model"))
    blob, manifest = first_version(tensors(model), "fedavg")
    version = digest_of(manifest)
    for number in range(1, rounds + 1):
        base = decode_model(blob)
        blobs: dict[str, bytes] = {}
        submissions = []
        for client, (x, y) in enumerate(shards):
            load_tensors(model, base)
            train(model, x, y, settings, derive(SEED, "train", client, number))
            data = encode_update(
                update_from(base, tensors(model)), client=client, round=number, base=version, plan=PLAN
            )
            blobs[digest_of(data)] = data
            submissions.append(Submission(client, digest_of(data), len(y)))
        result = compute(
            RoundInputs(
                round=number,
                base_digest=version,
                base=base,
                plan_hash=PLAN,
                scale_bits=24,
                max_weight=10_000,
                max_steps=settings.steps_for,
                rule="fedavg",
                min_valid=clients,
                submissions=submissions,
                candidates=frozenset(range(clients)),
                fetch=blobs.__getitem__,
            )
        )
        assert result.model is not None, result.verdicts
        blob, version = result.model, result.digest
    load_tensors(model, decode_model(blob))
    return evaluate(model, *mnist.tensors(parts.test))[0], version


def test_mlp_learns_in_ten_rounds(mnist: Dataset) -> None:
    assert accuracy_after(mnist, "mlp", 10)[0] >= 9250


def test_two_runs_give_the_same_digest(mnist: Dataset) -> None:
    assert accuracy_after(mnist, "mlp", 2) == accuracy_after(mnist, "mlp", 2)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["cnn", "cnn-bn"])
def test_cnn_learns_in_ten_rounds(mnist: Dataset, name: str) -> None:
    assert accuracy_after(mnist, name, 10)[0] >= 9680
