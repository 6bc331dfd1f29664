"""How many threads torch computes with in this process."""

from __future__ import annotations

import torch


def use(count: int) -> None:
    """Set torch's intra-op threads; one is what makes equal seeds give equal bytes on every machine."""
    torch.set_num_threads(count)
