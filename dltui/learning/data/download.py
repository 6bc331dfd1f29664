"""Fetching a public data set once, by torchvision, into one `.npz` file that every process then maps."""

from __future__ import annotations

import contextlib
import os
import socket
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dltui.errors import ConfigError
from dltui.learning.data.catalog import CATALOG, OFFLINE, Published, file_of
from dltui.learning.data.network import unreachable
from dltui.resources import data_dir

STALLED = 20.0
"""Seconds without a byte that end a download."""

_BROKEN = (
    OSError,
    RuntimeError,
    ValueError,
    AssertionError,
    EOFError,
    KeyError,
    HTTPException,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What torchvision raises on files that are cut off, damaged or not what their checksum says."""


Told = Callable[[int, int], None]
"""Called with the bytes of a file that are there, and how many it has (0: not known)."""


def get(name: str, root: str = "", told: Told = lambda done, of: None) -> Path:
    """Return the file of the public data set `name` under `root`; fetch and convert it first if it is not there yet.

    Files that lie there in torchvision's own layout are used instead of a download. All records are kept, torchvision's
    training part first: dltui cuts its own test split. Nothing half-made stays: work is done in a temporary folder and
    the file appears by a rename. Raises ConfigError if there is no network, or what came is damaged.
    """
    published = CATALOG.get(name)
    if published is None:
        file_of(name, root)
        raise ConfigError("is not downloaded: it is there already", where=name)
    made, folder = published.ready(root), data_dir(root)
    if made.is_file():
        return made
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{name}-", dir=folder) as scratch:
            by_hand = all((folder / file).exists() for file in published.unpacked)
            if not by_hand:
                _bring_archives(published, folder, Path(scratch))
            with _telling(told):
                x, y = _read(published, folder if by_hand else Path(scratch), download=not by_hand)
            np.savez(Path(scratch) / made.name, x=x, y=y)
            os.replace(Path(scratch) / made.name, made)
    except _BROKEN as error:
        reason = str(error).strip().splitlines()[-1:] or [type(error).__name__]
        raise ConfigError(f"{name} cannot be had: {reason[0]}", where=str(folder), hint=_by_hand(published)) from error
    return made


def _bring_archives(published: Published, folder: Path, scratch: Path) -> None:
    """Link the archives that lie in `folder` into the scratch folder; raise ConfigError if the rest is out of reach."""
    missing = []
    for archive in published.archives:
        if (folder / archive).is_file():
            (scratch / archive).parent.mkdir(parents=True, exist_ok=True)
            (scratch / archive).symlink_to((folder / archive).resolve())
        else:
            missing.append(archive)
    if missing and (why := unreachable(published.host)):
        raise ConfigError(
            f"{published.name} is not there and cannot be downloaded ({why})",
            where=str(folder),
            hint=_by_hand(published, missing),
        )


@contextlib.contextmanager
def _telling(told: Told) -> Iterator[None]:
    """Have torchvision tell its downloads to `told`, instead of drawing bars on standard error."""
    from torchvision.datasets import utils

    class Bar:
        def __init__(self, total: int | None = None, **_: object) -> None:
            self._done, self._of = 0, total or 0

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None: ...

        def update(self, size: int) -> None:
            self._done += size
            told(self._done, self._of)

    before, utils.tqdm = utils.tqdm, Bar
    try:
        yield
    finally:
        utils.tqdm = before


def _read(published: Published, source: Path, download: bool) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    from torchvision import datasets as known  # takes a second

    options: dict[str, Any] = {"root": source, "download": download}
    if published.split:
        options["split"] = published.split
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(STALLED)
    try:
        parts = [getattr(known, published.family)(train=train, **options) for train in (True, False)]
    finally:
        socket.setdefaulttimeout(before)
    x = np.concatenate([np.asarray(part.data, dtype=np.uint8) for part in parts])
    y = np.concatenate([np.asarray(part.targets, dtype=np.int64) for part in parts])
    if published.family == "EMNIST":
        x = np.swapaxes(x, 1, 2)  # its images lie on their side
    if published.split == "letters":
        y = y - 1  # its first label is 1
    x = x[:, None] if x.ndim == 3 else np.moveaxis(x, 3, 1)
    return np.ascontiguousarray(x), y


def _by_hand(published: Published, files: list[str] | None = None) -> str:
    where = published.host.rpartition("/")[0]
    return f"put {', '.join(files or published.archives)} there (from {where}/) and try again; {OFFLINE}"
