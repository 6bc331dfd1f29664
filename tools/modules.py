"""Write docs/modules.md: every room and module with the first line of its docstring, in the order of the layers.

    python tools/modules.py

A test fails if the page is stale.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "dltui"
PAGE = ROOT / "docs" / "modules.md"
ROOMS = (
    *(
        "cli",
        "tui",
        "headless",
        "verify",
        "report",
        "web",
        "demo",
        "engine",
        "client",
        "protocol",
        "devchain",
        "rundir",
    ),
    *("chain", "learning", "aggregation", "core", "config"),
)


def page() -> str:
    """Return the page: the top of the package, then each room from the highest layer to the lowest."""
    lines = [
        "# Modules",
        "",
        "Made from the first lines of the docstrings by `python tools/modules.py`; a test fails if it is stale.",
        "Rooms stand in the order of the layers: each imports only from those below it",
        "([architecture](architecture.md)).",
        *_table("dltui", [path for path in sorted(PACKAGE.glob("*.py")) if path.name != "__init__.py"]),
    ]
    for room in ROOMS:
        lines += ["", f"## {room}", "", _said(PACKAGE / room / "__init__.py")]
        for folder in sorted({path.parent for path in (PACKAGE / room).rglob("*.py")}):
            named = folder.relative_to(PACKAGE).as_posix()
            if named != room:
                lines += ["", f"### {named}", "", _said(folder / "__init__.py")]
            lines += _table(named, [path for path in sorted(folder.glob("*.py")) if path.name != "__init__.py"])
    return "\n".join(lines) + "\n"


def _table(folder: str, paths: list[Path]) -> list[str]:
    rows = [f"| `{path.name}` | {_said(path)} |" for path in paths]
    return ["", f"| `{folder}/` | what |", "|---|---|", *rows] if rows else []


def _said(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(said.split("\n\n")[0].split())
    return paragraph.replace("|", "\\|")


def main() -> None:
    """Write the page, or with `--check` exit 1 if it is stale."""
    if "--check" in sys.argv[1:]:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
