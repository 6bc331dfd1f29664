"""Models by name, and their tensors as plain named arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from dltui.errors import ConfigError
from dltui.learning.models import sizes
from dltui.learning.plugins import FAILS, load_function

Tensors = dict[str, NDArray[Any]]

_FACTORY = "factory((c, h, w), classes) returns a torch.nn.Module from (n, c, h, w) to (n, classes)"


def _linear(shape: tuple[int, int, int], classes: int) -> nn.Module:
    channels, height, width = shape
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, classes))


def _mlp(shape: tuple[int, int, int], classes: int) -> nn.Module:
    channels, height, width = shape
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * height * width, 64), nn.ReLU(), nn.Linear(64, classes))


def _cnn(shape: tuple[int, int, int], classes: int, *, norm: bool = False) -> nn.Module:
    channels, height, width = shape

    def block(inputs: int, outputs: int) -> list[nn.Module]:
        middle: list[nn.Module] = [nn.BatchNorm2d(outputs)] if norm else []
        return [nn.Conv2d(inputs, outputs, 3, padding=1), *middle, nn.ReLU(), nn.MaxPool2d(2)]

    flat = 32 * (height // 4) * (width // 4)
    return nn.Sequential(
        *block(channels, 12),
        *block(12, 32),
        nn.Flatten(),
        nn.Linear(flat, 32),
        nn.ReLU(),
        nn.Linear(32, classes),
    )


def _cnn_bn(shape: tuple[int, int, int], classes: int) -> nn.Module:
    return _cnn(shape, classes, norm=True)


def _resnet18(shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Return ResNet-18 with the stem for small images (He et al. 2016, section 4.2): 3x3, stride 1, no pooling."""
    from torchvision.models.resnet import resnet18  # takes a second, so only if it is asked for

    model: nn.Module = resnet18(weights=None, num_classes=classes)
    model.conv1 = nn.Conv2d(shape[0], 64, 3, padding=1, bias=False)
    nn.init.kaiming_normal_(model.conv1.weight, mode="fan_out", nonlinearity="relu")
    model.maxpool = nn.Identity()
    return model


MODELS: dict[str, Callable[[tuple[int, int, int], int], nn.Module]] = {
    "linear": _linear,
    "mlp": _mlp,
    "cnn": _cnn,
    "cnn-bn": _cnn_bn,
    "resnet18": _resnet18,
}
"""Built-in models: softmax regression; one hidden layer of 64; two convolutions and a hidden layer; the same with
BatchNorm; ResNet-18 for small images."""


def build(name: str, input_shape: tuple[int, int, int], classes: int, seed: int) -> nn.Module:
    """Return the model called `name` for records of `input_shape` (c, h, w), with weights drawn from `seed` alone.

    `name` is in MODELS, or `module:factory` with a factory taking (input_shape, classes). Raises ConfigError for an
    unknown name, for a factory that fails, and for a model that does not turn records into one number a class or has
    tensors that are neither float32 nor int64 buffers.
    """
    if ":" in name:
        factory: Callable[[tuple[int, int, int], int], nn.Module] = partial(_own, name)
    else:
        sizes.check(name, input_shape)
        factory = MODELS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = factory(input_shape, classes)
    for key, array in tensors(model).items():
        if array.dtype != np.float32 and not (array.dtype == np.int64 and key.startswith("buffer.")):
            raise ConfigError(f"tensor {key} has dtype {array.dtype}", where=name, hint="float32, or int64 buffers")
    if ":" in name:
        _try_out(name, model, input_shape, classes)
    return model


def _own(name: str, shape: tuple[int, int, int], classes: int) -> nn.Module:
    """Return the model that a user's factory makes."""
    factory = load_function(name)
    try:
        model = factory(shape, classes)
    except FAILS as error:
        raise ConfigError(f"{type(error).__name__}: {error}", where=name, hint=_FACTORY) from error
    if not isinstance(model, nn.Module):
        raise ConfigError("the factory did not return a torch.nn.Module", where=name, hint=_FACTORY)
    return model


def _try_out(name: str, model: nn.Module, shape: tuple[int, int, int], classes: int) -> None:
    """Give a user's model two records, so that one that does not fit is refused before a client trains."""
    try:
        with torch.no_grad():
            given = tuple(model.eval()(torch.zeros(2, *shape)).shape)
    except FAILS as error:
        raise ConfigError(f"{type(error).__name__}: {error}", where=name, hint=_FACTORY) from error
    if given != (2, classes):
        raise ConfigError(f"two records give {given}, not (2, {classes})", where=name, hint=_FACTORY)
    model.train()


def parameters(model: nn.Module) -> int:
    """Return how many numbers training changes."""
    return sum(parameter.numel() for parameter in model.parameters())


def tensors(model: nn.Module) -> Tensors:
    """Return a copy of the model's parameters and buffers as `param.<name>` and `buffer.<name>`, in sorted order."""
    parameters = {name for name, _ in model.named_parameters(remove_duplicate=False)}
    named = {
        f"{'param' if name in parameters else 'buffer'}.{name}": value.detach().cpu().numpy().copy()
        for name, value in model.state_dict().items()
    }
    return dict(sorted(named.items()))


def load_tensors(model: nn.Module, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Copy `arrays` into the model, never as views: training must not write into the global model.

    Raises ValueError, and changes nothing, unless names, shapes and dtypes are exactly the model's.
    """
    have = {name: (array.shape, array.dtype) for name, array in tensors(model).items()}
    if have != {name: (array.shape, array.dtype) for name, array in arrays.items()}:
        raise ValueError("the tensors are not those of this model")
    state = model.state_dict()
    with torch.no_grad():
        for name, array in arrays.items():
            state[name.partition(".")[2]].copy_(torch.from_numpy(np.array(array)))
