"""Data sets: labelled records from a file, a folder of images or a user's function, checked at the door."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dltui.errors import ConfigError
from dltui.learning.data.catalog import BUILT_IN, FOLDER, Statistics, file_of, statistics
from dltui.learning.data.images import ImageFolder
from dltui.learning.data.npz import read_arrays
from dltui.learning.data.preparation import Preparation
from dltui.learning.plugins import FAILS, load_function

if TYPE_CHECKING:
    import torch

MAX_CLASSES = 1000
MAX_RECORDS = 10_000_000
CHANNELS = (1, 3, 4)
"""Channels of images: an axis of this length holds the channels if the first one has another length."""

_BLOCK = 4096
"""Records that are hashed at a time."""
_AS_IT_IS = Preparation()


@dataclass(frozen=True)
class Dataset:
    """Labelled records, kept as compact as they came: an array, a mapped file, or a folder of images.

    `x` is uint8 or float32 (n, c, h, w), `y` is int64 (n,) in 0 … classes-1. `schema` names dtype, shape and classes
    of a record: clients can learn together when theirs are equal. `input_shape` is (c, h, w) of a prepared record.
    """

    x: Any
    y: NDArray[np.int64]
    classes: int
    preparation: Preparation
    input_shape: tuple[int, int, int]

    @property
    def schema(self) -> str:
        """dtype, shape and classes: `uint8/1x28x28/10`."""
        return f"{self.x.dtype.name}/{'x'.join(str(side) for side in self.input_shape)}/{self.classes}"

    def records(self, indices: NDArray[np.int64]) -> NDArray[Any]:
        """Return the records at `indices` as they are stored: uint8 or float32 (k, c, h, w)."""
        return np.asarray(self.x[indices])

    def tensors(
        self, indices: NDArray[np.int64], device: torch.device | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the records at `indices` as the model takes them: float32 (k, c, h, w) and int64 (k,), on `device`.

        `device` None is the CPU.
        """
        import torch  # only training needs it: a data set is checked without

        x = torch.from_numpy(self.preparation.apply(self.records(indices)))
        return x.to(device), torch.from_numpy(self.y[indices]).to(device)

    def fingerprint(self) -> str:
        """Return the SHA-256 (hex) of the records and labels as they are stored, before any preparation.

        Equal records give equal fingerprints, whatever their file is called and however it is compressed; of a
        folder of images, it is that of the files' places and bytes.
        """
        digest = hashlib.sha256(f"{self.x.dtype.name}{tuple(self.x.shape)}".encode())
        for block in self.x.blocks() if isinstance(self.x, ImageFolder) else _blocks(self.x):
            digest.update(block)
        digest.update(np.ascontiguousarray(self.y).astype("<i8").tobytes())
        return digest.hexdigest()


def load(
    name: str, root: str = "", *, size: int = 0, channels: int = 0, normalise: str | Statistics = "none"
) -> Dataset:
    """Return the data set called `name`, prepared as the arguments say.

    `name` is `mnist10k`, a public data set that lies under `root`, a path to a `.npz` file with `x` and `y`,
    `folder:PATH` of images, or `module:function`. `size` squeezes images to squares, `channels` makes them grey (1) or
    coloured (3), 0 leaves them. `normalise` is "none", "dataset" (the usual constants of a public data set), or mean
    and standard deviation of each channel. Raises ConfigError that names the file and what works without it.
    """
    preparation = Preparation(channels, size, _statistics(name, normalise))
    path = file_of(name, root)
    if name == BUILT_IN:
        with resources.as_file(resources.files("dltui.learning") / "data" / f"{BUILT_IN}.npz") as file:
            x, y = read_arrays(file, "x", "y")
    elif path is None:
        x, y = _call(load_function(name), name)
    elif name.startswith(FOLDER):
        images = ImageFolder(path, size, channels or 3)
        return _dataset(images, images.labels, preparation, str(path))
    else:
        x, y = read_arrays(path, "x", "y")
    return from_arrays(x, y, where=str(path or name), preparation=preparation)


def from_arrays(x: NDArray[Any], y: NDArray[Any], *, where: str, preparation: Preparation = _AS_IT_IS) -> Dataset:
    """Return a data set from two arrays once shapes, types and ranges are checked. ConfigError names `where`.

    `x` is uint8 or float of shape (n, c, h, w), (n, h, w) or (n, d); `y` holds whole numbers from 0.
    """
    hint = "x: uint8 or float (n, c, h, w), (n, h, w) or (n, d); y: whole numbers (n,)"
    if x.ndim not in (2, 3, 4) or y.ndim != 1 or len(x) != len(y):
        raise ConfigError(f"x has shape {x.shape} and y {y.shape}", where=where, hint=hint)
    if x.ndim == 4 and x.shape[3] in CHANNELS and x.shape[1] not in CHANNELS:
        text = f"x has shape {x.shape}, so its channels come last; they belong second, as (n, c, h, w)"
        raise ConfigError(text, where=where, hint="numpy.savez(path, x=x.transpose(0, 3, 1, 2), y=y)")
    if not 1 <= len(x) <= MAX_RECORDS or 0 in x.shape:
        raise ConfigError(f"{len(x)} records of shape {x.shape[1:]}", where=where, hint=hint)
    if y.dtype.kind not in "iu" or (x.dtype != np.uint8 and x.dtype not in (np.float32, np.float64)):
        raise ConfigError(f"x has dtype {x.dtype} and y {y.dtype}", where=where, hint=hint)
    if x.dtype != np.uint8:
        with np.errstate(over="ignore"):
            x = x.astype(np.float32)
        if not np.isfinite(x).all():
            raise ConfigError("x has values that are not finite", where=where, hint="clean the data first")
    if x.ndim == 2:
        x = x[:, None, None, :]
    elif x.ndim == 3:
        x = x[:, None, :, :]
    return _dataset(x, y, preparation, where)


def _dataset(x: Any, y: NDArray[Any], preparation: Preparation, where: str) -> Dataset:
    low, high = int(y.min()), int(y.max())
    if low < 0 or not 1 <= high < MAX_CLASSES:
        hint = f"labels are 0, 1, … up to {MAX_CLASSES - 1}, and at least two of them"
        raise ConfigError(f"labels range from {low} to {high}", where=where, hint=hint)
    channels, height, width = x.shape[1:]
    return Dataset(x, y.astype(np.int64), high + 1, preparation, preparation.shape((channels, height, width), where))


def _statistics(name: str, normalise: str | Statistics) -> Statistics | None:
    if not isinstance(normalise, str):
        return normalise
    if normalise == "none":
        return None
    known = statistics(name)
    if known is None:
        hint = "`dltui data show` measures them; then [data] normalise = [[mean, …], [std, …]]"
        raise ConfigError("has no published mean and deviation", where=name, hint=hint)
    return known


def _blocks(x: NDArray[Any]) -> Iterator[bytes]:
    for start in range(0, len(x), _BLOCK):
        yield x[start : start + _BLOCK].tobytes()


def _call(function: Callable[..., Any], name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    hint = "the function takes no arguments and returns two arrays, x and y"
    try:
        x, y = function()
    except FAILS as error:
        message = f"{type(error).__name__}: {error}"
        raise ConfigError(message, where=name, hint=hint) from error
    if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray):
        raise ConfigError("the function did not return two numpy arrays", where=name, hint=hint)
    return x, y
