"""What is imported is declared, and what is declared is imported: nothing is there only because another brings it."""

from __future__ import annotations

import ast
import re
import sys
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import msgspec

ROOT = Path(__file__).resolve().parents[2]
PLUG_INS = {"coincurve", "tomli"}
"""Found by another library if they are installed: eth-keys and msgspec."""


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def project() -> Any:
    return msgspec.toml.decode((ROOT / "pyproject.toml").read_bytes())["project"]


def names(requirements: list[str]) -> set[str]:
    return {canonical(re.split(r"[^\w.-]", line)[0]) for line in requirements}


def imported(folder: Path) -> set[str]:
    """The distributions whose modules the Python files below `folder` import, at the top or later."""
    modules = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                modules |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                modules.add(node.module.partition(".")[0])
    known = packages_distributions()
    foreign = modules - sys.stdlib_module_names - {"dltui"}
    return {canonical(known.get(module, [module])[0]) for module in foreign}


def test_the_package_imports_what_it_declares() -> None:
    always, web = names(project()["dependencies"]), names(project()["optional-dependencies"]["web"])
    assert imported(ROOT / "dltui") - imported(ROOT / "dltui" / "web") == always - PLUG_INS
    assert imported(ROOT / "dltui" / "web") - always == web


def test_tests_and_tools_import_what_is_declared_for_them() -> None:
    declared = names(project()["dependencies"]) | names(project()["optional-dependencies"]["dev"])
    folders = ("tests", "tools", "benchmarks")
    kits = {canonical(file.stem) for folder in folders for file in (ROOT / folder).rglob("*.py")}
    for folder in folders:
        assert imported(ROOT / folder) - kits - declared - set(folders) == set()
