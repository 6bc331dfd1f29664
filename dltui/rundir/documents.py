"""Documents as files: those of a run are read with care, and what is exported never replaces an older file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from dltui.core.safe_json import decode_json
from dltui.errors import RunError
from dltui.files import DOCUMENT, read_regular


def read_json(path: Path, limit: int = DOCUMENT) -> Any:
    """Return the document in a file of a run, of at most `limit` bytes, in which no object has a key twice.

    Raises ValueError if it is no such document, and what `read_regular` raises.
    """
    return decode_json(read_regular(path, limit), unique=True)


def save(texts: Mapping[str, str], folder: Path, name: str) -> list[Path]:
    """Write each text to `name` and its suffix in `folder`, never over an older file; return the paths.

    Raises RunError if the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        paths = _free(folder, name, texts)
        for path, text in zip(paths, texts.values(), strict=True):
            with path.open("x", encoding="utf-8", errors="replace", newline="") as file:
                file.write(text)
    except OSError as error:
        raise RunError(f"{name} could not be written ({error.strerror})", where=str(folder)) from error
    return paths


def _free(folder: Path, name: str, suffixes: Iterable[str]) -> list[Path]:
    for number in range(1, 10_000):
        base = name if number == 1 else f"{name}-{number}"
        paths = [folder / f"{base}{suffix}" for suffix in suffixes]
        if not any(path.exists() for path in paths):
            return paths
    raise RunError(f"there are too many files named {name}", where=str(folder))
