"""Local training: a few epochs of one client's own records, starting at the global model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from dltui.config.sections import TrainingSection
from dltui.learning.models.models import Tensors
from dltui.learning.runtime import derive
from dltui.learning.training.optimizers import Adam, Optimizer, Sgd


@dataclass(frozen=True)
class Progress:
    """After one step: `step` of `steps` done, and this mini-batch's `loss`."""

    step: int
    steps: int
    loss: float


@dataclass(frozen=True)
class TrainResult:
    """`loss` is the mean over the mini-batches (without the proximal term), `seconds` wall-clock time."""

    steps: int
    records: int
    loss: float
    seconds: float


def train(
    model: nn.Module,
    x: torch.Tensor,
    y: torch.Tensor,
    settings: TrainingSection,
    seed: int,
    on_progress: Callable[[Progress], None] | None = None,
) -> TrainResult:
    """Train `model` in place on float32 `x` (n, c, h, w) and int64 `y` (n,) with cross-entropy.

    Model and data are on one device. The same model, data, settings and seed give the same bytes on one CPU thread.
    `on_progress` is called after every step. Diverging training ends with a loss that is not finite; it does not raise.
    """
    if len(x) == 0 or len(x) != len(y):
        raise ValueError("training needs as many labels as records, and at least one")
    started = time.monotonic()
    steps = settings.steps_for(len(x))
    anchor = [p.detach().clone() for p in model.parameters()] if settings.prox_mu else []
    optimizer = _optimizer(model, settings)
    batches = _batches(len(x), steps, settings.batch_size, derive(seed, "batches"))
    model.train()
    total = 0.0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive(seed, "layers"))
        for step, picked in enumerate(batches, 1):
            batch = picked.to(x.device)
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(x[batch]), y[batch])
            (loss + _proximal(model, anchor, settings.prox_mu)).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            value = loss.item()
            total += value
            if on_progress is not None:
                on_progress(Progress(step, steps, value))
    optimizer.zero_grad()
    return TrainResult(steps, len(x), total / steps, time.monotonic() - started)


def update_from(base: Mapping[str, NDArray[Any]], trained: Mapping[str, NDArray[Any]]) -> Tensors:
    """Return what training changed by the base's names: `trained - base` for float32, new values for int64 buffers."""
    if set(base) != set(trained):
        raise ValueError("the trained tensors are not those of the base")
    return {
        name: np.array(trained[name]) if value.dtype == np.int64 else np.asarray(trained[name] - value)
        for name, value in sorted(base.items())
    }


def _optimizer(model: nn.Module, settings: TrainingSection) -> Optimizer:
    if settings.optimizer == "adam":
        return Adam(model.parameters(), settings.learning_rate)
    return Sgd(model.parameters(), settings.learning_rate, settings.momentum)


def _batches(records: int, steps: int, size: int, seed: int) -> Iterator[torch.Tensor]:
    """Return index batches: every epoch is a new permutation; the last batch of an epoch may be smaller."""
    generator = torch.Generator().manual_seed(seed)
    done = 0
    while done < steps:
        order = torch.randperm(records, generator=generator)
        for batch in torch.split(order, size)[: steps - done]:
            yield batch
            done += 1


def _proximal(model: nn.Module, anchor: list[torch.Tensor], mu: float) -> torch.Tensor | float:
    if not anchor:
        return 0.0
    return mu / 2 * sum(((p - a) ** 2).sum() for p, a in zip(model.parameters(), anchor, strict=True))
