"""Reading `.npz` files that may be hostile: no pickle, and no array is made larger than its file proves."""

from __future__ import annotations

import io
import lzma
import math
import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from dltui.errors import ConfigError

MAX_BYTES = 2 * 1024**3
"""Largest array that is read, in bytes."""

_BROKEN = (
    ValueError,
    TypeError,
    KeyError,
    EOFError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What the zip and npy readers raise on damaged bytes; RuntimeError covers encryption and too deep nesting."""


def read_arrays(path: Path, *names: str) -> tuple[NDArray[Any], ...]:
    """The arrays called `names` in the file. Raises ConfigError naming the file and what is wrong with it."""
    try:
        with zipfile.ZipFile(path) as archive:
            return tuple(_read(archive, name, str(path)) for name in names)
    except OSError as error:
        raise ConfigError(error.strerror or str(error), where=str(path), hint="check the file") from error
    except _BROKEN as error:
        hint = "make it with numpy.savez_compressed(path, x=…, y=…)"
        raise ConfigError(f"not a usable .npz file: {error}", where=str(path), hint=hint) from error


def _read(archive: zipfile.ZipFile, name: str, where: str) -> NDArray[Any]:
    if f"{name}.npy" not in archive.namelist():
        raise ConfigError(f"has no array {name}", where=where, hint="a data file holds two arrays, x and y")
    info = archive.getinfo(f"{name}.npy")
    if info.file_size > MAX_BYTES:
        hint = f"an array may have {MAX_BYTES} bytes"
        raise ConfigError(f"array {name} has {info.file_size} bytes", where=where, hint=hint)
    with archive.open(info) as stream:
        data = stream.read(info.file_size)
    header = io.BytesIO(data)
    version = npy.read_magic(header)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"array {name} has format version {version}")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(header)
    if dtype.hasobject:
        raise ValueError(f"array {name} holds pickled objects, which are never loaded")
    if any(side < 0 for side in shape) or math.prod(shape) * dtype.itemsize != len(data) - header.tell():
        raise ValueError(f"array {name} is not as long as its header says")
    flat = np.frombuffer(data, dtype=dtype, offset=header.tell())
    return flat.reshape(shape, order="F" if fortran else "C")
