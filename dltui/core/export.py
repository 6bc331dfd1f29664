"""Rows of a pane as files that a spreadsheet or a script reads."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dltui.errors import RunError

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(rows: Sequence[dict[str, Any]], folder: Path, name: str) -> tuple[Path, Path]:
    """Writes `rows` to `name.csv` and `name.json` in `folder`, never over an older file; returns both paths.

    A cell that a spreadsheet would compute, because it is a client's text that begins like a formula, is quoted in
    the CSV file. Raises RunError where the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        base = _free(folder, name)
        table, document = base.with_suffix(".csv"), base.with_suffix(".json")
        with table.open("x", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]) if rows else [])
            writer.writeheader()
            writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
        with document.open("x", encoding="utf-8") as file:
            json.dump(list(rows), file, indent=1, ensure_ascii=False)
            file.write("\n")
    except OSError as error:
        raise RunError(f"the export could not be written ({error.strerror})", where=str(folder)) from error
    return table, document


def _free(folder: Path, name: str) -> Path:
    for number in range(1, 10_000):
        base = folder / (name if number == 1 else f"{name}-{number}")
        if not base.with_suffix(".csv").exists() and not base.with_suffix(".json").exists():
            return base
    raise RunError("has too many exports of this name", where=str(folder))


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
