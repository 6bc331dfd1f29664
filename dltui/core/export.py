"""Rows of a pane as files that a spreadsheet or a script reads."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dltui.errors import RunError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def exported(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """The rows as the text of a `.csv` and of a `.json` file.

    A cell that a spreadsheet would compute, because it is a client's text that begins like a formula, is quoted in
    the CSV file.
    """
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, fieldnames=list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    document = json.dumps(list(rows), indent=1, ensure_ascii=False)
    return {".csv": table.getvalue(), ".json": document + "\n"}


def save(texts: Mapping[str, str], folder: Path, name: str) -> list[Path]:
    """Writes each text to `name` and its suffix in `folder`, never over an older file; returns the paths.

    Raises RunError where the folder cannot be written to.
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


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
