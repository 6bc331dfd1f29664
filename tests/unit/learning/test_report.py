"""What is said before a run: who holds what, and what a round costs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dltui.config.sections import TrainingSection
from dltui.learning.data.datasets import Dataset
from dltui.learning.data.partition import ClientSplit, Partition, split
from dltui.learning.data.report import describe
from dltui.learning.models.models import build, tensors
from dltui.learning.training import estimate


@pytest.mark.parametrize("scheme", ["iid", "dirichlet", "shards", "quantity"])
def test_every_record_is_counted_once(mnist: Dataset, scheme: str) -> None:
    division = split(mnist.y, 6, scheme, seed=2, holdout_fraction=0.1)
    report = describe(mnist, division)
    counted = np.array([holding.by_class for holding in report.clients]).sum(axis=0) + np.array(report.test)
    assert counted.tolist() == np.bincount(mnist.y).tolist()
    assert (report.records, report.unused) == (10_000, 0)
    for holding, client in zip(report.clients, division.clients, strict=True):
        assert (sum(holding.train), sum(holding.held_out)) == (len(client.train), len(client.held_out))
        assert holding.train == tuple(np.bincount(mnist.y[client.train], minlength=10))
    assert report.schema == "uint8/1x28x28/10"
    assert report.mean == pytest.approx((0.1307,), abs=0.005)
    assert report.deviation == pytest.approx((0.3081,), abs=0.005)


def test_records_that_belong_to_nobody_are_told(mnist: Dataset) -> None:
    places = np.arange(30)
    division = Partition(places[:10], (ClientSplit(places[10:14], places[14:15]),))
    assert describe(mnist, division).unused == 10_000 - 15


def test_measuring_leaves_the_model_as_it_is() -> None:
    model = build("cnn-bn", (1, 8, 8), 3, 1)
    before = {name: array.tobytes() for name, array in tensors(model).items()}
    x, y = torch.zeros(40, 1, 8, 8), torch.arange(40) % 3
    assert 0 < estimate.step_seconds(model, x, y, TrainingSection(epochs=3)) < 60
    assert {name: array.tobytes() for name, array in tensors(model).items()} == before


def test_a_round_takes_the_longest_client_or_the_shared_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    settings = TrainingSection(epochs=2, batch_size=10)
    assert estimate.round_seconds(0.5, [100, 100, 100, 100], settings, slots=2) == 20.0
    assert estimate.round_seconds(0.5, [100, 100, 100, 100], settings, slots=0) == 10.0
    assert estimate.round_seconds(0.5, [100] * 8, settings, slots=64) == 20.0
    assert estimate.round_seconds(0.5, [1000, 10], settings, slots=2) == 100.0
    assert estimate.round_seconds(0.5, [1000], TrainingSection(steps=3), slots=2) == 1.5
