"""Compares screens with goldens. `DLTUI_UPDATE_GOLDENS=1` writes them: read the difference before you keep it."""

from __future__ import annotations

import os
from pathlib import Path

from rich.cells import cell_len

GOLDENS = Path(__file__).parents[1] / "unit" / "tui" / "goldens"
SIZES = ((120, 40), (80, 24))


def same_as_golden(text: str, name: str, size: tuple[int, int]) -> None:
    """The text fits `size` (columns, lines) and equals the golden of that name and size."""
    lines = text.splitlines()
    assert len(lines) <= size[1] and max(map(cell_len, lines)) <= size[0]
    same_as_file(text, f"{name}-{size[0]}x{size[1]}")


def same_as_file(text: str, name: str) -> None:
    """The text equals the golden of that name."""
    golden = GOLDENS / f"{name}.txt"
    if os.environ.get("DLTUI_UPDATE_GOLDENS"):
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")
