"""Aggregation rules by name: how many integer updates become one integer change of the model."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from numpy.typing import NDArray

from dltui.aggregation.fixed import Tensors
from dltui.aggregation.partial import Partial
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
    """A rule's outcome: int64 changes of float tensors, new integer buffers, and the clients left out."""

    changes: Tensors
    counters: Tensors
    rejected: frozenset[int] = frozenset()


class Rule(Protocol):
    """A pure function of the updates and the base; equal inputs give equal integers on every machine.

    None if the updates weigh nothing. Passing over them once is cheapest: each is judged as it comes.
    """

    def __call__(self, updates: Updates, base: Mapping[str, NDArray[Any]]) -> Combined | None: ...


def fedavg(updates: Updates, base: Mapping[str, NDArray[Any]]) -> Combined | None:
    """The mean weighted by records (FedAvg, McMahan et al. 2017), with one sum and one update in memory.

    Integer buffers take the maximum. Raises Overflow where int64 might not hold the sum.
    """
    total = Partial.empty(base)
    for update in updates:
        total.add(update.deltas, update.counters, update.weight)
    return Combined(total.average(), total.counters) if total.weight else None


RULES: dict[str, Rule] = {"fedavg": fedavg}
"""Every rule by the name that a plan gives."""


def rule(name: str) -> Rule:
    """The rule called `name`. Raises ConfigError with the nearest name."""
    found = RULES.get(name)
    if found is None:
        near = difflib.get_close_matches(name, RULES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known rules: {', '.join(sorted(RULES))}"
        raise ConfigError(f"unknown aggregation rule {name[:40]!r}", hint=hint)
    return found
