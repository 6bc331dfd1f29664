"""Aggregation rules by name: how many integer updates become one integer change of the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from numpy.typing import NDArray

from dltui.aggregation.fixed import Tensors
from dltui.aggregation.partial import Partial
from dltui.config.suggest import did_you_mean
from dltui.errors import ConfigError


@dataclass(frozen=True)
class Weighted:
    """One valid update: `deltas` (int32) and `counters` (int64) by base name, `weight` in records."""

    client: int
    deltas: Tensors
    counters: Tensors
    weight: int


class Updates(Protocol):
    """A round's valid updates by client index; each iteration loads them again, one at a time."""

    def __iter__(self) -> Iterator[Weighted]: ...

    def __len__(self) -> int: ...


@dataclass(frozen=True)
class Combined:
    """A rule's outcome: int64 changes of float tensors, new integer buffers, clients left out, the new state."""

    changes: Tensors
    counters: Tensors
    rejected: frozenset[int] = frozenset()
    state: Tensors = field(default_factory=dict)


Parameters = Mapping[str, int]
"""A rule's own numbers by name; whole, so that they are exact."""
Scores = Mapping[int, int]
"""The committee's measurement of each update by client index."""


class Rule(Protocol):
    """A pure function of what a round decided on; equal inputs give equal integers on every machine.

    `parameters` are the plan's numbers for this rule, `scores` what the committee measured by client index, and `state`
    the tensors that the rule returned with the base. The result is None if the updates weigh nothing. A rule that works
    coordinate by coordinate adds each update as it comes: one pass, and one update in memory at a time. Only a rule
    that compares updates passes over them again.
    """

    def __call__(
        self,
        updates: Updates,
        base: Mapping[str, NDArray[Any]],
        parameters: Parameters,
        scores: Scores,
        state: Mapping[str, NDArray[Any]],
    ) -> Combined | None: ...


def fedavg(
    updates: Updates,
    base: Mapping[str, NDArray[Any]],
    parameters: Parameters,
    scores: Scores,
    state: Mapping[str, NDArray[Any]],
) -> Combined | None:
    """Return the mean weighted by records (FedAvg, McMahan et al. 2017), with one sum and one update in memory.

    It has no parameters, needs no scores and keeps no state. Integer buffers take the maximum. Raises Overflow if int64
    might not hold the sum.
    """
    total = Partial.empty(base)
    for update in updates:
        total.add(update.deltas, update.counters, update.weight)
    return Combined(total.average(), total.counters) if total.weight else None


RULES: dict[str, Rule] = {"fedavg": fedavg}
"""Every rule by the name that a plan gives."""


def rule(name: str) -> Rule:
    """Return the rule called `name`. Raises ConfigError with the nearest name."""
    found = RULES.get(name)
    if found is None:
        hint = did_you_mean(name, RULES, f"known rules: {', '.join(sorted(RULES))}")
        raise ConfigError(f"unknown aggregation rule {name[:40]!r}", hint=hint)
    return found
