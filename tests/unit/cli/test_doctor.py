"""`dltui doctor`: hidden tools are missed, and only what is essential fails it."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dltui.cli import checks
from dltui.cli.main import app

NEEDED = {"python", "packages", "torch", "torchvision", "data sets"}
TOOLS = ("node", "npm", "anvil", "chromium", "tmux")


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH, an empty folder, and no hint of tools elsewhere; returns the folder on PATH."""
    bin = tmp_path / "bin"
    bin.mkdir()
    monkeypatch.setenv("PATH", str(bin))
    for name in ("CACHE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    for name in ("DLTUI_ANVIL", "DLTUI_RUNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return bin


def told(*words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = CliRunner().invoke(app, ["doctor", "--json", *words])
    answer = json.loads(done.stdout)
    assert answer["ok"] == (done.exit_code == 0)
    return done.exit_code, {check["name"]: check for check in answer["checks"]}


def test_without_any_tool_dltui_still_runs(bare: Path) -> None:
    code, found = told()
    assert code == 0
    assert {name for name, check in found.items() if check["essential"]} == NEEDED
    assert all(found[name]["ok"] for name in NEEDED)
    for name in (*TOOLS, "GPU"):
        assert not found[name]["ok"], found[name]
        assert found[name]["gives"] and found[name]["get"]
    assert found["data sets"]["found"].startswith("mnist10k (10 more")


@pytest.mark.parametrize("tool", sorted({*TOOLS} - {"anvil"}))
def test_a_tool_on_the_path_is_found_with_its_version(bare: Path, tool: str) -> None:
    (bare / tool).write_text(f"#!{sys.executable}\nprint('{tool} 9.8.7')\n")
    (bare / tool).chmod(0o755)
    _, found = told()
    assert (found[tool]["ok"], found[tool]["found"]) == (True, f"{tool} 9.8.7")


def test_anvil_is_looked_for_where_a_run_looks(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "anvil").write_text(f"#!{sys.executable}\nprint('anvil Version: 1.7.1-stable')\n")
    (bare / "anvil").chmod(0o755)
    assert told()[1]["anvil"]["found"] == "1.7.1, found through PATH"
    monkeypatch.setenv("DLTUI_ANVIL", str(tmp_path / "gone"))
    code, found = told()
    assert (code, found["anvil"]["ok"]) == (0, False)
    assert found["anvil"]["found"] == f"DLTUI_ANVIL: {tmp_path}/gone: there is no such anvil"


@pytest.mark.parametrize(
    "script", ["print('\\x1b[2J')", "print('x' * 10000)", "import sys; sys.exit(3)", "print(bytes([255, 254]))"]
)
def test_a_tool_that_talks_nonsense_is_shown_harmlessly(bare: Path, script: str) -> None:
    (bare / "tmux").write_text(f"#!{sys.executable}\n{script}\n")
    (bare / "tmux").chmod(0o755)
    _, found = told()
    said = found["tmux"]["found"]
    assert said.isprintable()
    assert len(said) <= max(40, len(str(bare / "tmux")))


def test_a_tool_that_hangs_is_not_waited_for(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "ASK_SECONDS", 0.05)
    (bare / "tmux").write_text(f"#!{sys.executable}\nimport threading\nthreading.Event().wait()\n")
    (bare / "tmux").chmod(0o755)
    assert told()[1]["tmux"]["found"] == str(bare / "tmux")


@pytest.mark.parametrize(("lost", "line"), [("torch", "torch"), ("web3", "packages"), ("dltui", "packages")])
def test_a_missing_package_fails_it_and_is_named(
    bare: Path, monkeypatch: pytest.MonkeyPatch, lost: str, line: str
) -> None:
    version, requires = importlib.metadata.version, importlib.metadata.requires

    def hidden(name: str, known: Any) -> Any:
        if name == lost:
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "version", lambda name: hidden(name, version))
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: hidden(name, requires))
    code, found = told()
    assert (code, found[line]["ok"]) == (1, False)
    said = CliRunner().invoke(app, ["doctor"])
    assert said.exit_code == 1
    assert line in said.stdout.rpartition("dltui cannot run: ")[2]
    assert lost in found["packages"]["found"]


def test_a_public_data_set_that_is_there_is_told(bare: Path, tmp_path: Path) -> None:
    from dltui.learning.data.catalog import CATALOG

    place = CATALOG["cifar10"].ready("")
    assert place.is_relative_to(tmp_path)
    place.parent.mkdir(parents=True)
    place.touch()
    assert told()[1]["data sets"]["found"] == "mnist10k, cifar10 (9 more: dltui data list)"


def test_little_room_is_told(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: type("Usage", (), {"free": 10**8})())
    disk = told()[1]["disk"]
    assert (disk["ok"], disk["found"]) == (False, "0.1 GB free for runs")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("cuda: Optional[str] = '13.0'\nhip = None\n", "13.0"),
        ("cuda = '12.8'\n", "12.8"),
        ("cuda: Optional[str] = None\n", None),
    ],
)
def test_what_torch_was_built_for_is_read_without_importing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, wanted: str | None
) -> None:
    (tmp_path / "version.py").write_text(text)
    spec = type("Spec", (), {"origin": str(tmp_path / "__init__.py")})()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: spec)
    assert checks._torch_cuda() == wanted


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys\nsys.argv = ['dltui', 'doctor']\nfrom dltui.cli.main import app\n"
        "try:\n    app()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'textual', 'web3', 'torch', 'torchvision', 'numpy', 'eth'} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert "mnist10k" in done.stdout
    assert done.stderr.strip() == "[]"
