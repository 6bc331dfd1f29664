"""How large a model is and how long a round of it takes here, measured by a few real steps."""

from __future__ import annotations

import copy
import math
import os
import time
from collections.abc import Sequence

import torch
from msgspec.structs import replace
from torch import nn

from dltui.config.sections import TrainingSection
from dltui.learning import runtime
from dltui.learning.training.training import train

STEPS = 5
TIMES = 3
SECONDS = 1.0
"""Steps of one measurement, and measurements; fewer if they take longer than this."""


def step_seconds(model: nn.Module, x: torch.Tensor, y: torch.Tensor, settings: TrainingSection) -> float:
    """Return the seconds of a training step on the device of model and data, the quickest of a few; `model` stays.

    The first step alone pays for what a process does once, so the quickest of several together counts.
    """
    trial, best = copy.deepcopy(model), math.inf
    end = time.monotonic() + SECONDS
    for steps in (1, *[STEPS] * TIMES):
        started = time.monotonic()
        train(trial, x, y, replace(settings, steps=steps), seed=0)
        runtime.wait_for(x.device)
        best = min(best, (time.monotonic() - started) / steps)
        if time.monotonic() > end:
            break
    return best


def round_seconds(step: float, records: Sequence[int], settings: TrainingSection, slots: int) -> float:
    """Return the seconds of training in a round: `records` of each client, at most `slots` of them training at a time.

    The committee's work and the chain's come on top; clients share the machine's cores.
    """
    each = [settings.steps_for(count) * step for count in records]
    at_once = max(1, min(slots or len(each), len(each), os.cpu_count() or 1))
    return max(max(each), sum(each) / at_once)


def rank(part: int, records: Sequence[int], settings: TrainingSection) -> int:
    """Return the place of slice `part` if slices are trained longest first: 0 for the one that takes most steps."""
    steps = [settings.steps_for(count) for count in records]
    return sorted(range(len(steps)), key=lambda other: (-steps[other], other)).index(part)
