"""Paying torch's start-up cost once, before clients are forked."""

from __future__ import annotations

import torch

from dltui.learning.models import build, tensors
from dltui.learning.training import TrainSettings, train


def warm() -> None:
    """Sets one thread (a thread pool does not survive a fork) and takes one training step.

    The first optimizer of a process imports some 900 modules; after this, forked clients share them.
    """
    torch.set_num_threads(1)
    model = build("mlp", (1, 2, 2), 2, seed=0)
    x, y = torch.zeros((2, 1, 2, 2)), torch.zeros(2, dtype=torch.int64)
    train(model, x, y, TrainSettings(batch_size=2), seed=0)
    tensors(model)
