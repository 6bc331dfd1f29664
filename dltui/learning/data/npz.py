"""Reading `.npz` files that may be hostile: no pickle, and no array is made larger than its file proves."""

from __future__ import annotations

import io
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from dltui.errors import ConfigError

MAX_BYTES = 2 * 1024**3
"""Largest array that is read, in bytes."""

FREE_BYTES = 64 * 1024**2
MAX_RATIO = 200
"""An array of more than FREE_BYTES may have this many bytes for each one of the file; images have two to twenty."""

MAX_HEADER = 1 << 16
"""Most bytes of an array's header."""

_LOCAL = struct.Struct("<4s22xHH")
"""A zip member's local header: signature, then the lengths of its name and of its extra field."""

_BROKEN = (
    struct.error,
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


@dataclass(frozen=True)
class _Head:
    """What an array's header says, and where in its member the numbers begin."""

    name: str
    info: zipfile.ZipInfo
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int


def read_arrays(path: Path, *names: str) -> tuple[NDArray[Any], ...]:
    """Return the arrays called `names` in the file. Raises ConfigError naming the file and what is wrong with it.

    Nothing is unpacked before all headers are read and fit each other: the arrays have one entry a record. An array
    that is stored without compression is mapped, not copied: all processes that read it share its memory.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            heads = [_head(archive, name, path) for name in names]
            if len({head.shape[:1] for head in heads}) > 1:
                said = " and ".join(f"{head.name} has shape {head.shape}" for head in heads)
                raise ConfigError(said, where=str(path), hint="every array has one entry a record")
            return tuple(_read(archive, head, path) for head in heads)
    except OSError as error:
        raise ConfigError(error.strerror or str(error), where=str(path), hint="check the file") from error
    except _BROKEN as error:
        hint = "make it with numpy.savez_compressed(path, x=…, y=…)"
        raise ConfigError(f"not a usable .npz file: {error}", where=str(path), hint=hint) from error


def _head(archive: zipfile.ZipFile, name: str, path: Path) -> _Head:
    if f"{name}.npy" not in archive.namelist():
        raise ConfigError(f"has no array {name}", where=str(path), hint="a data file holds two arrays, x and y")
    info = archive.getinfo(f"{name}.npy")
    if info.file_size > MAX_BYTES:
        hint = f"an array may have {MAX_BYTES} bytes"
        raise ConfigError(f"array {name} has {info.file_size} bytes", where=str(path), hint=hint)
    if info.file_size > max(FREE_BYTES, MAX_RATIO * info.compress_size):
        text = f"array {name} unpacks to {info.file_size} bytes from {info.compress_size}"
        raise ConfigError(text, where=str(path), hint="save it with numpy.savez, without compression")
    with archive.open(info) as stream:
        header = io.BytesIO(stream.read(MAX_HEADER))
    version = npy.read_magic(header)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"array {name} has format version {version}")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(header)
    if dtype.hasobject:
        raise ValueError(f"array {name} holds pickled objects, which are never loaded")
    if any(side < 0 for side in shape) or math.prod(shape) * dtype.itemsize != info.file_size - header.tell():
        raise ValueError(f"array {name} is not as long as its header says")
    return _Head(name, info, shape, fortran, dtype, header.tell())


def _read(archive: zipfile.ZipFile, head: _Head, path: Path) -> NDArray[Any]:
    info = head.info
    if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1:
        data = _mapped(path, info)
    else:
        with archive.open(info) as stream:
            data = np.frombuffer(stream.read(info.file_size), dtype=np.uint8)
    if len(data) != info.file_size:
        raise ValueError(f"array {head.name} is shorter than the index says")
    return data[head.start :].view(head.dtype).reshape(head.shape, order="F" if head.fortran else "C")


def _mapped(path: Path, info: zipfile.ZipInfo) -> NDArray[np.uint8]:
    with open(path, "rb") as file:
        file.seek(info.header_offset)
        signature, name, extra = _LOCAL.unpack(file.read(_LOCAL.size))
    if signature != b"PK\x03\x04":
        raise ValueError("a member is not where the index says")
    start = info.header_offset + _LOCAL.size + name + extra
    return np.memmap(path, dtype=np.uint8, mode="r", offset=start, shape=(info.file_size,))
