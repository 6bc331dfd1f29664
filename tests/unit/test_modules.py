"""The page of modules is fresh, and every room and module says what it is."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "modules.py"))


def test_the_page_of_modules_is_fresh() -> None:
    page: str = TOOL["page"]()
    assert (ROOT / "docs" / "modules.md").read_text(encoding="utf-8") == page, "run: python tools/modules.py"


def test_every_room_is_on_it_and_every_module_says_what_it_is() -> None:
    rooms = {path.parent.name for path in (ROOT / "dltui").glob("*/__init__.py")}
    assert rooms == set(TOOL["ROOMS"])
    silent = [p for p in (ROOT / "dltui").rglob("*.py") if not ast.get_docstring(ast.parse(p.read_text("utf-8")))]
    assert [path.relative_to(ROOT).as_posix() for path in silent] == []
