"""Where a process computes: the CPU, or a GPU that only a forked client touches, never the fork server."""

from __future__ import annotations

import torch

from dltui.errors import ConfigError

DEVICES = ("auto", "cpu", "cuda", "mps")


def choose(name: str) -> torch.device:
    """The device called `name`; `auto` takes CUDA, then Apple's MPS, then the CPU.

    Asking torch starts the driver in this process, and a started driver does not survive a fork: call it after the
    fork only. CUDA is told to be repeatable. Raises ConfigError where torch has no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    elif name == "cuda" and not torch.cuda.is_available():
        built = torch.version.cuda is not None
        why = "torch finds no CUDA GPU" if built else "this torch is built without CUDA"
        raise ConfigError(why, where="clients.device", hint="auto takes what is there; cpu always works")
    elif name == "mps" and not torch.backends.mps.is_available():
        raise ConfigError("torch has no MPS here", where="clients.device", hint="auto takes what is there")
    if name == "cuda":
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
    return torch.device(name)


def finished(device: torch.device) -> None:
    """Wait until the device has done what it was given, so that a clock tells the truth."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()
