"""Paying torch's start-up cost once, before clients are forked."""

from __future__ import annotations

import torch

from dltui.learning.models.models import build, tensors


def warm() -> None:
    """Sets one thread (a thread pool does not survive a fork), builds a model, and looks forward.

    There is no backward pass: autograd asks every GPU driver for its devices, and a started driver does not survive a
    fork.
    """
    torch.set_num_threads(1)
    model = build("mlp", (1, 2, 2), 2, seed=0)
    with torch.no_grad():
        model(torch.zeros((2, 1, 2, 2)))
    tensors(model)
