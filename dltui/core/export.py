"""Rows of a pane as texts that a spreadsheet or a script reads."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def exported(rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the rows as the text of a `.csv` and of a `.json` file.

    A cell that a spreadsheet would compute, because it is a client's text that begins like a formula, is quoted in
    the CSV file.
    """
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, fieldnames=list(rows[0]) if rows else [])
    writer.writeheader()
    writer.writerows({key: _cell(value) for key, value in row.items()} for row in rows)
    document = json.dumps(list(rows), indent=1, ensure_ascii=False)
    return {".csv": table.getvalue(), ".json": document + "\n"}


def _cell(value: Any) -> Any:
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
