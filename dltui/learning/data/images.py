"""Folders of images: one sub-folder a class, decoded only if a record is asked for."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dltui.errors import ConfigError

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})
MAX_PIXELS = 50_000_000
"""Largest image that is decoded, in pixels."""
MAX_FILE_BYTES = 64 * 1024 * 1024

_BROKEN = (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What Pillow raises on damaged or far too large images."""


class ImageFolder:
    """The images under `path`, as an array of uint8 (n, channels, size, size) that is read piece by piece.

    The class of an image is its sub-folder, in order of name, as torchvision's ImageFolder has it; an image is
    squeezed to `size` x `size` without cropping. Raises ConfigError for a folder without at least two classes, and
    later for a file that is no image.
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, path: Path, size: int, channels: int) -> None:
        if size < 1 or channels not in (1, 3):
            hint = "set [data] size, such as 32, and channels to 1 or 3"
            raise ConfigError("images need a size and 1 or 3 channels", where=str(path), hint=hint)
        self._root = path
        self.classes = sorted(entry.name for entry in path.iterdir() if entry.is_dir() and not _hidden(entry))
        found = [(file, label) for label, name in enumerate(self.classes) for file in _images(path / name)]
        present = {label for _, label in found}
        if len(present) < 2 or len(present) < len(self.classes):
            empty = [name for label, name in enumerate(self.classes) if label not in present]
            said = f"no image in {', '.join(empty[:5])}" if empty else "fewer than two classes"
            hint = f"one sub-folder a class, with files that end in {', '.join(sorted(SUFFIXES))}"
            raise ConfigError(said, where=str(path), hint=hint)
        self._files = [file for file, _ in found]
        self.labels = np.array([label for _, label in found], dtype=np.int64)
        self.shape = (len(found), channels, size, size)

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Return the images at `indices` (k,), decoded: uint8 (k, channels, size, size)."""
        out = np.empty((len(indices), *self.shape[1:]), np.uint8)
        for place, index in enumerate(indices):
            out[place] = self._decode(self._files[int(index)])
        return out

    def blocks(self) -> Iterator[bytes]:
        """Return what identifies the folder: each file's place and the SHA-256 of its bytes, in order."""
        for file in self._files:
            yield file.relative_to(self._root).as_posix().encode("utf-8", "surrogateescape") + b"\0"
            yield hashlib.sha256(_bytes(file)).digest()

    def _decode(self, file: Path) -> NDArray[np.uint8]:
        _, channels, size, _ = self.shape
        try:
            if file.stat().st_size > MAX_FILE_BYTES:
                raise ValueError(f"larger than {MAX_FILE_BYTES:,} bytes")
            with warnings.catch_warnings(), Image.open(file) as image:
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                if image.width * image.height > MAX_PIXELS:
                    raise ValueError(f"{image.width}x{image.height} pixels are too many")
                plain = image.convert("L" if channels == 1 else "RGB")
            pixels = np.asarray(plain.resize((size, size), Image.Resampling.BILINEAR))
        except _BROKEN as error:
            raise ConfigError(f"not a usable image: {error}", where=str(file), hint="remove or replace it") from error
        return pixels[None] if channels == 1 else np.moveaxis(pixels, 2, 0)


def _images(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file() and not _hidden(file)
    )


def _hidden(path: Path) -> bool:
    return path.name.startswith(".")


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(error.strerror or str(error), where=str(file), hint="check the file") from error
