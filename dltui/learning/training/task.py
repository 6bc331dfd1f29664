"""The learning task of a spec: its data, who holds which of them, its model, and how it is trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dltui.errors import ConfigError
from dltui.learning.data import datasets, partition
from dltui.learning.data.datasets import Dataset
from dltui.learning.data.partition import Partition
from dltui.learning.plan import LearningPlan, LearningSpec, base_name
from dltui.learning.runtime import derive

if TYPE_CHECKING:
    # Data and their division are looked at without torch: it takes a second to import.
    from torch import nn


def data(spec: LearningSpec) -> Dataset:
    """Return the data set, prepared as planned. Raises ConfigError if it is another data set than the planned one."""
    planned = spec.plan.data
    if base_name(spec.dataset) != planned.dataset:
        raise ConfigError(f"the plan's data set is {planned.dataset}", where=f"data.dataset = {spec.dataset}")
    return datasets.load(
        spec.dataset, spec.root, size=planned.size, channels=planned.channels, normalise=planned.normalise
    )


def division(plan: LearningPlan, records: Dataset) -> Partition:
    """Return who holds which records; it is the same in every process."""
    planned = plan.data
    numbers: dict[str, Any] = {"alpha": planned.alpha, "shards_per_client": planned.shards_per_client}
    return partition.split(
        records.y,
        planned.parts,
        planned.partition,
        derive(plan.seed, "partition"),
        test_fraction=planned.test_fraction,
        holdout_fraction=planned.holdout_fraction,
        **{name: number for name, number in numbers.items() if number is not None},
    )


def model(plan: LearningPlan, records: Dataset) -> nn.Module:
    """Return the model with its first weights, on the CPU."""
    from dltui.learning.models import models

    return models.build(plan.model, records.input_shape, records.classes, derive(plan.seed, "model"))
