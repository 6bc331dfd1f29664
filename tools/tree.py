"""Refuse files that do not belong at the repository's root: `python tools/tree.py`, after the tests, in CI.

What git ignores does not count. Exit code 1 names each stray file.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BELONGS = {
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "benchmarks",
    "config.toml",
    "contracts",
    "demos",
    "dltui",
    "docs",
    "pyproject.toml",
    "tests",
    "tools",
}


def strays(root: Path) -> list[str]:
    """Files and folders at the root of a git checkout that are not in the list, sorted."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout.decode(errors="replace")
    return sorted({name.partition("/")[0] for name in listed.split("\0") if name} - BELONGS)


if __name__ == "__main__":
    found = strays(ROOT)
    for stray in found:
        print(f"{stray}: does not belong at the root; remove it, or add it to tools/tree.py", file=sys.stderr)
    sys.exit(1 if found else 0)
