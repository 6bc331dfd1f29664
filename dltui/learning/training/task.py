"""The learning task of a spec: its data, who holds which of them, its model, and how it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dltui.learning.data import datasets, partition
from dltui.learning.data.datasets import Dataset
from dltui.learning.data.partition import Partition
from dltui.learning.runtime.random import derive
from dltui.learning.spec import LearningSpec

if TYPE_CHECKING:
    # Data and their division are looked at without torch: it takes a second to import.
    from torch import nn

    from dltui.learning.training.training import TrainSettings


def data(spec: LearningSpec) -> Dataset:
    """The data set, prepared as told."""
    return datasets.load(spec.dataset, spec.root, size=spec.size, channels=spec.channels, normalise=spec.normalise)


def division(spec: LearningSpec, records: Dataset) -> Partition:
    """Who holds which records; the same in every process."""
    return partition.split(
        records.y,
        spec.parts,
        spec.partition,
        derive(spec.seed, "partition"),
        alpha=spec.alpha,
        shards_per_client=spec.shards_per_client,
        test_fraction=spec.test_fraction,
        holdout_fraction=spec.holdout_fraction,
    )


def model(spec: LearningSpec, records: Dataset) -> nn.Module:
    """The model with its first weights, on the CPU."""
    from dltui.learning.models import models

    return models.build(spec.model, records.input_shape, records.classes, derive(spec.seed, "model"))


def settings(spec: LearningSpec) -> TrainSettings:
    """How a client trains in one round."""
    from dltui.learning.training.training import TrainSettings

    return TrainSettings(
        optimizer=spec.optimizer,
        learning_rate=spec.learning_rate,
        momentum=spec.momentum,
        epochs=spec.epochs,
        steps=spec.steps or None,
        batch_size=spec.batch_size,
        prox_mu=spec.prox_mu,
    )
