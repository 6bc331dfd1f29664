"""How good a model is on records that it was not trained on."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional


def evaluate(model: nn.Module, x: torch.Tensor, y: torch.Tensor, batch: int = 512) -> tuple[int, float]:
    """Return (accuracy in basis points, mean cross-entropy) on float32 `x` (n, c, h, w) and int64 `y` (n,).

    10,000 is all right; rounded down. Nothing in the model changes: BatchNorm uses its running statistics.
    """
    if len(x) == 0 or len(x) != len(y):
        raise ValueError("evaluation needs as many labels as records, and at least one")
    was_training = model.training
    model.eval()
    right, loss = 0, 0.0
    with torch.no_grad():
        for start in range(0, len(x), batch):
            wanted = y[start : start + batch]
            scores = model(x[start : start + batch])
            right += int((scores.argmax(dim=1) == wanted).sum())
            loss += float(functional.cross_entropy(scores, wanted, reduction="sum"))
    model.train(was_training)
    return right * 10_000 // len(x), loss / len(x)
