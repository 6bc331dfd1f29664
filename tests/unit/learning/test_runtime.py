"""Devices: chosen by the process that computes, and never by the one that forks."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from dltui.errors import ConfigError
from dltui.learning import runtime

NO_GPU = pytest.mark.skipif(torch.cuda.is_available() or torch.backends.mps.is_available(), reason="there is a GPU")

NURSERY = """
import os, torch
def forbidden(*args, **kwargs): raise AssertionError("the nursery started a driver")
torch.cuda._lazy_init = forbidden
torch._C._cuda_getDeviceCount = forbidden
torch.autograd._engine_run_backward = forbidden  # the engine of autograd asks the drivers too
from dltui.engine.forkserver import _warm
_warm()
print(torch.cuda.is_initialized(), torch.cuda._is_in_bad_fork())
pid = os.fork()
if pid == 0:
    print(torch.cuda.is_initialized(), torch.cuda._is_in_bad_fork(), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
"""


def test_the_nursery_starts_no_driver_and_its_children_could() -> None:
    done = subprocess.run([sys.executable, "-u", "-c", NURSERY], capture_output=True, text=True, timeout=100)
    assert done.stdout.split() == ["False"] * 4, done.stderr


def test_auto_takes_what_torch_has(monkeypatch: pytest.MonkeyPatch) -> None:
    for cuda, mps, wanted in ((True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda found=cuda: found)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda found=mps: found)
        assert runtime.choose_device("auto").type == wanted
        assert runtime.choose_device("cpu").type == "cpu"


def test_cuda_is_told_to_be_repeatable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    runtime.choose_device("cuda")
    assert (torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark) == (True, False)


@NO_GPU
@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_device_that_is_not_there_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=r"no|without|none") as caught:
        runtime.choose_device(name)
    assert caught.value.where == "clients.device"


@pytest.mark.parametrize("name", ["cpu", *(["cuda"] if torch.cuda.is_available() else [])])
def test_training_repeats_itself_on_every_device_there_is(name: str) -> None:
    from dltui.config.sections import TrainingSection
    from dltui.learning.models.models import build, tensors
    from dltui.learning.training.training import train

    def trained() -> bytes:
        device = runtime.choose_device(name)
        model = build("cnn-bn", (1, 8, 8), 3, 1).to(device)
        x, y = torch.rand(40, 1, 8, 8, generator=torch.Generator().manual_seed(1)), torch.arange(40) % 3
        train(model, x.to(device), y.to(device), TrainingSection(epochs=2), seed=3)
        return b"".join(array.tobytes() for array in tensors(model).values())

    assert trained() == trained()
