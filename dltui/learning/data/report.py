"""Who would hold what: each client's records by class, before anything is started."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dltui.learning.data.datasets import Dataset
from dltui.learning.data.partition import Partition

_SAMPLE = 2000
"""Most records from which mean and deviation are measured."""


@dataclass(frozen=True)
class Holding:
    """How many records of each class one client trains on, and holds out."""

    train: tuple[int, ...]
    held_out: tuple[int, ...]

    @property
    def total(self) -> int:
        """All its records."""
        return sum(self.train) + sum(self.held_out)

    @property
    def by_class(self) -> tuple[int, ...]:
        """Records of each class, trained on or held out."""
        return tuple(a + b for a, b in zip(self.train, self.held_out, strict=True))


@dataclass(frozen=True)
class Report:
    """The data set and its division. `mean` and `deviation` are those of each channel of the prepared records."""

    records: int
    schema: str
    sha256: str
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    clients: tuple[Holding, ...]
    test: tuple[int, ...]

    @property
    def unused(self) -> int:
        """Records that belong to no client: only a partition of one's own leaves some."""
        return self.records - sum(self.test) - sum(holding.total for holding in self.clients)


def describe(data: Dataset, division: Partition) -> Report:
    """Count the records of every client and class; mean and deviation come from records spread over the data set."""

    def count(indices: NDArray[np.int64]) -> tuple[int, ...]:
        return tuple(int(n) for n in np.bincount(data.y[indices], minlength=data.classes))

    spread = np.linspace(0, len(data.y) - 1, min(len(data.y), _SAMPLE)).astype(np.int64)
    sample = data.preparation.apply(data.records(spread)).astype(np.float64)
    return Report(
        records=len(data.y),
        schema=data.schema,
        sha256=data.fingerprint(),
        mean=tuple(round(float(value), 4) for value in sample.mean(axis=(0, 2, 3))),
        deviation=tuple(round(float(value), 4) for value in sample.std(axis=(0, 2, 3))),
        clients=tuple(Holding(count(client.train), count(client.held_out)) for client in division.clients),
        test=count(division.test),
    )
