"""What is shipped is what the sources say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dltui.chain.contracts import artifacts, compiler
from dltui.errors import ChainError, ConfigError, MismatchError
from dltui.resources import top
from tests.kits.contract_world import World

ROOT = top("contracts")
SOURCES = sorted((ROOT / "src").rglob("*.sol"))


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `contracts/` without installed packages, and a copy of the artifacts."""
    folder = tmp_path / "contracts"
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copy(compiler.ARTIFACTS_PATH, tmp_path / "artifacts.json")
    monkeypatch.setattr(compiler, "top", lambda name: tmp_path / name)
    monkeypatch.setattr(compiler, "ARTIFACTS_PATH", tmp_path / "artifacts.json")
    return folder


def test_the_sources_are_those_that_were_compiled() -> None:
    compiler.check_sources()
    recorded = artifacts.document()["sources"]
    assert {name for name in recorded if name.startswith("src/")} == {str(path.relative_to(ROOT)) for path in SOURCES}


def test_a_changed_missing_or_new_source_is_named(checkout: Path) -> None:
    compiler.check_sources()
    seats = checkout / "src" / "lib" / "Seats.sol"
    text = seats.read_text()
    seats.write_text(text + "\n")
    with pytest.raises(MismatchError, match=r"src/lib/Seats\.sol is not the one that was compiled"):
        compiler.check_sources()
    seats.unlink()
    with pytest.raises(MismatchError, match=r"src/lib/Seats\.sol is not there"):
        compiler.check_sources()
    seats.write_text(text)
    (checkout / "src" / "lib" / "New.sol").write_text("// new")
    with pytest.raises(MismatchError, match=r"src/lib/New\.sol is not in the artifacts"):
        compiler.check_sources()


def test_a_changed_library_is_named(checkout: Path) -> None:
    name = "@openzeppelin/contracts/utils/Context.sol"
    path = checkout / "node_modules" / name
    path.parent.mkdir(parents=True)
    path.write_text("// not OpenZeppelin's")
    with pytest.raises(MismatchError, match=r"utils/Context\.sol is not the one"):
        compiler.check_sources()


def test_the_pins_agree() -> None:
    package = json.loads((ROOT / "package.json").read_text())["dependencies"]
    lock = (ROOT / "package-lock.json").read_text()
    packages = json.loads(lock)["packages"]
    assert package == {"@openzeppelin/contracts": "5.7.0", "solc": compiler.SOLC_VERSION}
    for name, version in package.items():
        assert packages[f"node_modules/{name}"]["version"] == version
        assert packages[f"node_modules/{name}"]["integrity"].startswith("sha512-")
    assert "resolved" not in lock and "://" not in lock.replace("https://github.com/sponsors", "")
    assert artifacts.document()["compiler"].startswith(f"{compiler.SOLC_VERSION}+commit.")
    assert artifacts.document()["settings"] == compiler.SETTINGS
    for path in SOURCES:
        assert f"pragma solidity {compiler.SOLC_VERSION};" in path.read_text()


def test_the_rules_that_let_a_run_be_executed_again() -> None:
    """Nothing in a contract may depend on who made a block."""
    for path in SOURCES:
        text = path.read_text()
        for word in ("blockhash", "prevrandao", "block.coinbase", "block.number", "block.difficulty", "gasleft"):
            assert word not in text, (path.name, word)


def test_deployed_code_is_recognised_whatever_the_constructor_was_given(world: World) -> None:
    for contract in (world.fl, world.models, world.data):
        contract.verify_code()
    code = bytes.fromhex(world.evm.call("eth_getCode", world.fl.address, "latest")[2:])
    fl = artifacts.artifact("FLContract")
    assert code != fl.deployed_bytecode and fl.is_code(code)
    assert not fl.is_code(code + b"\0") and not fl.is_code(b"") and not fl.is_code(code[:-1] + b"\xff")
    with pytest.raises(ChainError, match="not ModelRegistry as shipped"):
        type(world.models)(world.evm, world.data.address).verify_code()


def test_there_is_no_other_contract() -> None:
    assert artifacts.names() == compiler.NAMES
    with pytest.raises(KeyError):
        artifacts.artifact("Ownable")


def test_without_node_building_is_refused_in_one_sentence(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)
    with pytest.raises(ConfigError, match=r"needs solc 0\.8\.37, or node and npm, on PATH"):
        compiler.build()


def test_without_npm_nothing_is_installed(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler.shutil, "which", lambda name: "/bin/true" if name == "node" else None)
    with pytest.raises(ConfigError, match="needs npm on PATH"):
        compiler.build()
    assert not (checkout / "node_modules").exists()


def test_a_failed_installation_says_why(checkout: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    npm = tmp_path / "npm"
    said = [
        "code ECONNREFUSED",
        "errno 111",
        "request to https://host/solc failed",
        "A complete log of this run: x.log",
    ]
    npm.write_text("#!/bin/sh\n" + "".join(f"echo 'npm error {line}' >&2\n" for line in said) + "exit 1\n")
    npm.chmod(0o755)
    monkeypatch.setattr(compiler.shutil, "which", lambda name: {"node": "/bin/true", "npm": str(npm)}.get(name))
    with pytest.raises(ConfigError, match="compiler and OpenZeppelin: request to https://host/solc failed"):
        compiler.build()


def test_a_checkout_is_needed_to_install(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / "package-lock.json").unlink()
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None if name == "solc" else "/bin/true")
    with pytest.raises(ConfigError, match="lock file is not part of this installation"):
        compiler.build()


@pytest.fixture(scope="module")
def installed() -> None:
    """Compiler and OpenZeppelin are in `contracts/node_modules`, or the test is skipped."""
    if not shutil.which("node"):
        pytest.skip("needs node on PATH")
    if not (ROOT / "node_modules" / "solc").is_dir():
        try:
            compiler.install()
        except ConfigError as error:
            pytest.skip(str(error))


@pytest.fixture(scope="module")
def rebuilt(installed: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The artifacts, compiled now by a process of its own that must leave its home as it is."""
    home = tmp_path_factory.mktemp("home")
    code = "import json, dltui.chain.contracts.compiler as compiler; print(json.dumps(compiler.build()))"
    environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT.parent)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(home.iterdir()) == []
    built: dict[str, Any] = json.loads(done.stdout)
    return built


def test_a_rebuild_gives_the_shipped_bytes(
    rebuilt: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert rebuilt == artifacts.document()
    monkeypatch.setattr(compiler, "build", lambda: rebuilt)
    compiler.check()
    shipped = compiler.ARTIFACTS_PATH.read_bytes()
    monkeypatch.setattr(compiler, "ARTIFACTS_PATH", tmp_path / "artifacts.json")
    assert compiler.write(rebuilt).read_bytes() == shipped


@pytest.mark.parametrize("field", ["bytecode", "deployedBytecode", "abi"])
def test_a_difference_in_the_artifacts_is_named(
    rebuilt: dict[str, Any], field: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    altered = json.loads(compiler.ARTIFACTS_PATH.read_text())
    value = altered["contracts"]["FLContract"][field]
    altered["contracts"]["FLContract"][field] = value[:-1]
    monkeypatch.setattr(compiler, "ARTIFACTS_PATH", tmp_path / "artifacts.json")
    compiler.write(altered)
    monkeypatch.setattr(compiler, "build", lambda: rebuilt)
    with pytest.raises(MismatchError, match=rf"differ from a rebuild at contracts\.FLContract\.{field}"):
        compiler.check()


@pytest.mark.usefixtures("installed")
def test_the_compiler_script_speaks_the_two_options_it_must() -> None:
    def solc(*args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run([str(ROOT / "solc"), *args], input=stdin, capture_output=True, text=True, check=False)

    assert f"Version: {artifacts.document()['compiler']}" in solc("--version").stdout
    unknown = solc("--optimize")
    assert (unknown.returncode, unknown.stderr) == (1, "unrecognised option '--optimize'\n")
    bad = {"language": "Solidity", "sources": {"A.sol": {"content": "contract A { uint8 x = 256; }"}}, "settings": {}}
    answer = json.loads(solc("--standard-json", stdin=json.dumps(bad)).stdout)
    assert any(error["severity"] == "error" for error in answer["errors"])


@pytest.mark.usefixtures("installed")
def test_sources_that_do_not_compile_are_an_error_with_the_place(checkout: Path) -> None:
    (checkout / "node_modules").symlink_to(ROOT / "node_modules")
    seats = checkout / "src" / "lib" / "Seats.sol"
    seats.write_text(seats.read_text().replace("library Seats {", "library Seats { nonsense"))
    with pytest.raises(ChainError, match=r"(?s)do not compile.*src/lib/Seats\.sol:\d+"):
        compiler.build()
