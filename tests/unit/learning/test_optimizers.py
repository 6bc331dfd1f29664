"""The optimizers of this house: byte for byte torch.optim's, without what torch.optim imports."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch

from dltui.learning.models.models import build
from dltui.learning.training.optimizers import Adam, Sgd


def trained(made: Any, model: torch.nn.Module, steps: int) -> list[bytes]:
    """The parameters after some steps on random data; every third step has no gradient for the last parameter."""
    generator = torch.Generator().manual_seed(5)
    optimizer = made(list(model.parameters()))
    for step in range(steps):
        optimizer.zero_grad()
        x = torch.randn((8, 1, 8, 8), generator=generator)
        model(x).square().mean().backward()
        if step % 3 == 2:
            list(model.parameters())[-1].grad = None
        optimizer.step()
    return [parameter.detach().numpy().tobytes() for parameter in model.parameters()]


@pytest.mark.parametrize("name", ["linear", "mlp", "cnn"])
@pytest.mark.parametrize(
    ("ours", "torchs"),
    [
        (lambda p: Sgd(p, 0.05, 0.9), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.9)),
        (lambda p: Sgd(p, 0.05, 0.0), lambda p: torch.optim.SGD(p, lr=0.05, momentum=0.0)),
        (lambda p: Adam(p, 0.001), lambda p: torch.optim.Adam(p, lr=0.001)),
        (lambda p: Adam(p, 0.3), lambda p: torch.optim.Adam(p, lr=0.3)),
    ],
)
def test_the_steps_are_torchs_byte_for_byte(name: str, ours: Any, torchs: Any) -> None:
    shape = (1, 8, 8)
    assert trained(ours, build(name, shape, 4, seed=3), 40) == trained(torchs, build(name, shape, 4, seed=3), 40)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_client_trains_without_importing_torchs_compiler(optimizer: str) -> None:
    program = f"""
import sys, torch
from dltui.learning.models.models import build
from dltui.learning.training.training import TrainSettings, train
from dltui.learning.models.preload import warm
warm()
train(build("mlp", (1, 8, 8), 4, seed=0), torch.zeros((8, 1, 8, 8)), torch.zeros(8, dtype=torch.int64),
      TrainSettings(optimizer={optimizer!r}, batch_size=4), seed=1)
print("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "False"
