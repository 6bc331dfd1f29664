"""What a process that computes needs around the learning: its device, its threads, its memory, and all randomness.

Torch is imported by the functions that use it, since data and their division are looked at without it.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import sys
from typing import TYPE_CHECKING

from dltui.errors import ConfigError

if TYPE_CHECKING:
    import torch


def derive(seed: int, *purpose: str | int) -> int:
    """Return a 63-bit seed for one purpose, from SHA-256; different purposes give independent seeds.

    All randomness is a function of (seed, client, round, purpose), so no generator outlives a round. It is no secret:
    the seed is in the plan. Text and numbers are told apart, and so are their boundaries: ("a", "b") is not ("ab",),
    and "1" is not 1.
    """
    text = json.dumps([seed, *purpose], ensure_ascii=True, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "big") >> 1


def choose_device(name: str) -> torch.device:
    """Return the device called `name`; `auto` takes CUDA, then Apple's MPS, then the CPU.

    Asking torch starts the driver in this process, and a started driver does not survive a fork: call it after the
    fork only. CUDA is set to be repeatable. Raises ConfigError if torch has no such device here.
    """
    import torch

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


def wait_for(device: torch.device) -> None:
    """Wait until the device has done what it was given, so that a clock measures its work."""
    import torch

    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def use_threads(count: int) -> None:
    """Set torch's intra-op threads; one is what makes equal seeds give equal bytes on every machine."""
    import torch

    torch.set_num_threads(count)


def release_memory() -> None:
    """Hand what was freed back to the system: many clients share one machine, and rarely peak at the same time.

    glibc otherwise keeps it, which is 250 MB a client after a training of ResNet-18. Nothing happens elsewhere.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def warm() -> None:
    """Pay torch's start-up cost before clients are forked: set one thread, build a model, and look forward.

    A thread pool does not survive a fork. There is no backward pass: autograd asks every GPU driver for its devices,
    and a started driver does not survive a fork either.
    """
    import torch

    from dltui.learning.models.models import build, tensors

    torch.set_num_threads(1)
    model = build("mlp", (1, 2, 2), 2, seed=0)
    with torch.no_grad():
        model(torch.zeros((2, 1, 2, 2)))
    tensors(model)
