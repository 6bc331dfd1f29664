"""What a client does with its update before it becomes integers: the steps that the plan asks for, in a fixed order.

Every step is a pure function, and its numbers are the same on every processor: no sum depends on how wide the
processor's registers are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np

from dltui.aggregation.fixed import Tensors
from dltui.config.sections import TrainingSection

Step = Callable[[Tensors], Tensors]
"""From changes to changes, named like the base's tensors: float32 differences, and int64 buffers, which stay."""

_BLOCK = 1 << 16


def steps_of(training: TrainingSection) -> tuple[Step, ...]:
    """Return the steps that a plan's training section asks for, in the order in which they are applied."""
    return tuple(step for make in _MAKERS if (step := make(training)) is not None)


def apply(steps: Iterable[Step], changes: Tensors) -> Tensors:
    """Return the changes after all steps."""
    for step in steps:
        changes = step(changes)
    return changes


def norm(changes: Tensors) -> float:
    """Return the L2 norm over all float32 tensors together.

    Squares of float32 are exact in float64. They are added one after the other: by name, and row by row.
    """
    total = 0.0
    for _, tensor in sorted(changes.items()):
        if tensor.dtype != np.float32:
            continue
        flat = tensor.reshape(-1)
        for start in range(0, flat.size, _BLOCK):
            block = flat[start : start + _BLOCK].astype(np.float64)
            squares = block * block
            squares[0] += total
            # `accumulate` adds from left to right; `sum` adds in an order that depends on the processor.
            total = float(np.add.accumulate(squares)[-1])
    return math.sqrt(total)


def clipped(changes: Tensors, bound: float) -> Tensors:
    """Return the changes, scaled down to an L2 norm of `bound` if theirs is larger.

    Changes that are not finite have no norm; they stay, and become no update.
    """
    length = norm(changes)
    if not bound < length < math.inf:
        return changes
    factor = bound / length
    return {
        name: (tensor.astype(np.float64) * factor).astype(np.float32) if tensor.dtype == np.float32 else tensor
        for name, tensor in changes.items()
    }


def _clip(training: TrainingSection) -> Step | None:
    return (lambda changes: clipped(changes, training.clip)) if training.clip else None


_MAKERS: tuple[Callable[[TrainingSection], Step | None], ...] = (_clip,)
