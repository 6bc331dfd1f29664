"""Which built-in models there are and how large they are, by arithmetic alone: to know it needs no torch."""

from __future__ import annotations

from collections.abc import Callable

from dltui.config.suggest import did_you_mean
from dltui.errors import ConfigError

_RESNET_BODY = 11_167_104
"""Numbers of ResNet-18 between its first convolution and its last layer."""


def check(name: str, shape: tuple[int, int, int]) -> None:
    """Raise ConfigError if `name` is no built-in model, or needs larger records than `shape` (c, h, w)."""
    if name not in _MODELS:
        hint = did_you_mean(name, _MODELS, f"use {', '.join(_MODELS)} or module:factory")
        raise ConfigError(f"unknown model {name[:40]!r}", hint=hint)
    side, otherwise, _ = _MODELS[name]
    _, height, width = shape
    if min(height, width) < side:
        text = f"{name} needs images of at least {side}x{side}, not {height}x{width}"
        raise ConfigError(text, hint=f"use {otherwise}")


def parameters(name: str, shape: tuple[int, int, int], classes: int) -> int:
    """Return how many numbers training changes in the built-in model `name`. Raises ConfigError as `check` does."""
    check(name, shape)
    return _MODELS[name][2](shape, classes)


def _linear(shape: tuple[int, int, int], classes: int) -> int:
    channels, height, width = shape
    return (channels * height * width + 1) * classes


def _mlp(shape: tuple[int, int, int], classes: int) -> int:
    return _linear(shape, 64) + 65 * classes


def _cnn(shape: tuple[int, int, int], classes: int) -> int:
    channels, height, width = shape
    convolutions = (9 * channels + 1) * 12 + (9 * 12 + 1) * 32
    return convolutions + (32 * (height // 4) * (width // 4) + 1) * 32 + 33 * classes


def _cnn_bn(shape: tuple[int, int, int], classes: int) -> int:
    return _cnn(shape, classes) + 2 * (12 + 32)


def _resnet18(shape: tuple[int, int, int], classes: int) -> int:
    return 64 * 9 * shape[0] + _RESNET_BODY + 513 * classes


_MODELS: dict[str, tuple[int, str, Callable[[tuple[int, int, int], int], int]]] = {
    "linear": (1, "", _linear),
    "mlp": (1, "", _mlp),
    "cnn": (4, "mlp", _cnn),
    "cnn-bn": (4, "mlp", _cnn_bn),
    "resnet18": (16, "cnn", _resnet18),
}
"""Least side of an image, what takes smaller ones, and the count. Below 16 the last block of ResNet-18 sees one pixel,
and BatchNorm cannot train on a batch of one."""
