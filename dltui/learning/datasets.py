"""Data sets by name: the one that ships with the package, a `.npz` file, or a user's function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dltui.errors import ConfigError
from dltui.learning.npz import read_arrays
from dltui.learning.plugins import load_function

BUILT_IN = "mnist10k"
MAX_CLASSES = 1000
MAX_RECORDS = 10_000_000

_OFFLINE = f"{BUILT_IN} comes with the package and needs no download"


@dataclass(frozen=True)
class Dataset:
    """Labelled records, kept as compact as they came.

    `x` is uint8 or float32 (n, c, h, w), `y` is int64 (n,) in 0 … classes-1. `schema` names dtype, shape and
    classes of a record: clients can learn together when theirs are equal.
    """

    x: NDArray[Any]
    y: NDArray[np.int64]
    classes: int
    schema: str

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(c, h, w) of one record."""
        return self.x.shape[1], self.x.shape[2], self.x.shape[3]

    def tensors(self, indices: NDArray[np.int64]) -> tuple[torch.Tensor, torch.Tensor]:
        """The records at `indices` as float32 (k, c, h, w) and int64 (k,).

        Bytes 0 … 255 become 0 … 1, a constant of the schema, so no statistic of the data leaves its owner;
        float records are used as they are.
        """
        x = self.x[indices]
        if x.dtype == np.uint8:
            x = x.astype(np.float32) / np.float32(255)
        return torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(self.y[indices])


def load(name: str) -> Dataset:
    """The data set called `name`: `mnist10k`, a path to a `.npz` file with `x` and `y`, or `module:function`.

    `x` is uint8 or float of shape (n, c, h, w), (n, h, w) or (n, d); `y` holds whole numbers from 0. Raises
    ConfigError that names the file and what works without it.
    """
    if name == BUILT_IN:
        with resources.as_file(resources.files("dltui.learning") / "data" / f"{BUILT_IN}.npz") as path:
            return from_arrays(*read_arrays(path, "x", "y"), where=BUILT_IN)
    if name.endswith(".npz"):
        path = Path(name).expanduser()
        if not path.is_file():
            raise ConfigError("no such data file", where=str(path), hint=f"put it there; {_OFFLINE}")
        return from_arrays(*read_arrays(path, "x", "y"), where=str(path))
    if ":" in name:
        return from_arrays(*_call(load_function(name), name), where=name)
    hint = f"use {BUILT_IN}, a path to a .npz file, or module:function; {_OFFLINE}"
    raise ConfigError("unknown data set", where=name, hint=hint)


def from_arrays(x: NDArray[Any], y: NDArray[Any], *, where: str) -> Dataset:
    """A data set from two arrays once shapes, types and ranges are checked. ConfigError names `where`."""
    hint = "x: uint8 or float (n, c, h, w), (n, h, w) or (n, d); y: whole numbers (n,)"
    if x.ndim not in (2, 3, 4) or y.ndim != 1 or len(x) != len(y):
        raise ConfigError(f"x has shape {x.shape} and y {y.shape}", where=where, hint=hint)
    if not 1 <= len(x) <= MAX_RECORDS or 0 in x.shape:
        raise ConfigError(f"{len(x)} records of shape {x.shape[1:]}", where=where, hint=hint)
    if y.dtype.kind not in "iu" or (x.dtype != np.uint8 and x.dtype not in (np.float32, np.float64)):
        raise ConfigError(f"x has dtype {x.dtype} and y {y.dtype}", where=where, hint=hint)
    low, high = int(y.min()), int(y.max())
    if low < 0 or not 1 <= high < MAX_CLASSES:
        hint = f"labels are 0, 1, … up to {MAX_CLASSES - 1}, and at least two of them"
        raise ConfigError(f"labels range from {low} to {high}", where=where, hint=hint)
    if x.dtype != np.uint8:
        with np.errstate(over="ignore"):
            x = x.astype(np.float32)
        if not np.isfinite(x).all():
            raise ConfigError("x has values that are not finite", where=where, hint="clean the data first")
    if x.ndim == 2:
        x = x[:, None, None, :]
    elif x.ndim == 3:
        x = x[:, None, :, :]
    classes = high + 1
    shape = "x".join(str(side) for side in x.shape[1:])
    return Dataset(x, y.astype(np.int64), classes, f"{x.dtype.name}/{shape}/{classes}")


def _call(function: Callable[..., Any], name: str) -> tuple[NDArray[Any], NDArray[Any]]:
    hint = "the function takes no arguments and returns two arrays, x and y"
    try:
        x, y = function()
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        raise ConfigError(message, where=name, hint=hint) from error
    if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray):
        raise ConfigError("the function did not return two numpy arrays", where=name, hint=hint)
    return x, y
