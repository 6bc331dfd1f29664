from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dltui.chain.nodes import anvil as anvil_module
from dltui.chain.nodes import anvil_install
from dltui.chain.nodes.anvil import VERSION, find, installed_path
from dltui.chain.nodes.choice import choose, refuse_open
from dltui.errors import ChainError, ConfigError

Fake = Callable[..., Path]
has_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Makes programs that answer `--version`."""

    def make(name: str, says: str = f"anvil Version: {VERSION}", code: int = 0) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '{says}'\nexit {code}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An environment without any anvil, and a folder without node_modules."""
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    return {"PATH": str(empty), "HOME": str(tmp_path / "home")}


def install_fake(fake: Fake, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Path:
    path = fake(str(installed_path(env)))
    monkeypatch.setattr(anvil_module, "BINARY_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    return path


def test_the_places_are_looked_at_in_order(fake: Fake, env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert find("", env) is None
    installed = install_fake(fake, env, monkeypatch)
    found = find("", env)
    assert found is not None and (found.path, found.installed) == (installed, True)
    modules = fake(str(Path.cwd() / "node_modules" / anvil_module.PACKAGE / "bin" / "anvil"), "anvil 1.2.3 (abc)")
    found = find("", env)
    assert found is not None and (found.path, found.version, found.installed) == (modules, "1.2.3", False)
    on_path = fake("bin/anvil")
    found = find("", env | {"PATH": str(on_path.parent)})
    assert found is not None and found.source == "found through PATH"
    by_variable, by_key = fake("variable"), fake("key")
    env |= {"PATH": str(on_path.parent), "DLTUI_ANVIL": str(by_variable)}
    assert [anvil.path for anvil in (find("", env), find(str(by_key), env)) if anvil] == [by_variable, by_key]


@pytest.mark.parametrize(
    ("says", "code", "message"),
    [
        ("anvil Version: 0.3.0", 0, "anvil 0.3.0 is too old"),
        ("hello", 0, "does not run here"),
        ("anvil Version: 1.7.1", 1, "does not run here"),
    ],
)
def test_an_anvil_that_cannot_be_used_is_named(
    fake: Fake, env: dict[str, str], says: str, code: int, message: str
) -> None:
    env["DLTUI_ANVIL"] = str(fake("bad", says, code))
    with pytest.raises(ChainError, match=message):
        find("", env)
    assert choose("auto", "", env).engine == "embedded"
    with pytest.raises(ChainError, match=message):
        choose("anvil", "", env)


def test_a_path_that_is_not_there_is_named(env: dict[str, str]) -> None:
    with pytest.raises(ChainError) as caught:
        find("/nowhere/anvil", env)
    assert caught.value.where == "[chain] anvil: /nowhere/anvil"


def test_an_installed_copy_that_was_altered_is_never_started(
    fake: Fake, env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = install_fake(fake, env, monkeypatch)
    found = find("", env)
    assert found is not None
    path.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\necho anvil {VERSION}\n")
    for attempt in (found.check, lambda: find("", env), lambda: choose("anvil", "", env)):
        with pytest.raises(ChainError, match=r"SHA-256 differs"):
            attempt()
    assert choose("auto", "", env).engine == "embedded"
    assert not (tmp_path / "ran").exists()


def test_the_reason_says_which_engine_and_why(fake: Fake, env: dict[str, str]) -> None:
    assert choose("auto", "", env).reason == "auto: only keys can act on it, and it needs nothing installed"
    assert choose("embedded", "", env).reason == "configured"
    with pytest.raises(ChainError, match="no anvil was found"):
        choose("anvil", "", env)
    env["DLTUI_ANVIL"] = str(fake("other", "anvil Version: 1.9.0"))
    reason = choose("anvil", "", env).reason
    assert reason.startswith("any program of this machine can act as the operator on anvil; configured: anvil 1.9.0, ")
    assert "dltui is tested with 1.7.1, found through DLTUI_ANVIL" in reason
    choice = choose("http://127.0.0.1:1", "", env)
    assert (choice.engine, choice.url) == ("url", "http://127.0.0.1:1")


def test_anvil_is_never_taken_unasked_and_never_with_a_keystore(fake: Fake, env: dict[str, str]) -> None:
    env["DLTUI_ANVIL"] = str(fake("there", f"anvil Version: {VERSION}"))
    assert choose("auto", "", env).engine == "embedded"
    for engine in ("auto", "embedded", "http://127.0.0.1:1"):
        refuse_open(engine, "operator.json")
    refuse_open("anvil", "")
    with pytest.raises(ConfigError, match="any program of this machine can act as the operator") as caught:
        refuse_open("anvil", "operator.json")
    assert caught.value.exit_code == 2 and "--chain embedded" in caught.value.hint


def test_looking_for_anvil_loads_no_chain_library() -> None:
    code = (
        "import sys; import dltui.chain.nodes.choice, dltui.chain.nodes.anvil_install; "
        "print([m for m in sys.modules if m.partition('.')[0] in ('web3', 'eth', 'eth_account', 'rlp')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


def folder_of(env: dict[str, str]) -> Path:
    return installed_path(env).parent.parent


@has_npm
def test_offline_it_refuses_in_one_line_and_leaves_nothing(env: dict[str, str]) -> None:
    env |= {"PATH": os.environ["PATH"], "npm_config_registry": "http://127.0.0.1:9", "npm_config_cache": env["HOME"]}
    with pytest.raises(ChainError) as caught:
        anvil_install.install(env=env)
    assert "ECONNREFUSED" in caught.value.message and "--chain embedded" in caught.value.hint
    assert not folder_of(env).exists()


@has_npm
def test_a_registry_that_never_answers_is_given_up(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(anvil_install, "ASK_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        env |= {"PATH": os.environ["PATH"], "npm_config_registry": f"http://127.0.0.1:{silent.getsockname()[1]}"}
        with pytest.raises(ChainError, match="does not answer within"):
            anvil_install.install(env=env)
    assert not folder_of(env).exists()


def fake_npm(env: dict[str, str], folder: Path, integrity: str, binary: str) -> None:
    """An npm that answers `view` with a checksum and `install` with a package."""
    npm = folder / "npm-bin" / "npm"
    npm.parent.mkdir()
    place = f"node_modules/{anvil_module.PACKAGE}/bin"
    npm.write_text(
        f'#!/bin/sh\nif [ "$1" = view ]; then echo "{integrity}"; exit 0; fi\n'
        f'mkdir -p "$3/{place}" && printf "%s" \'{binary}\' > "$3/{place}/anvil" && chmod 755 "$3/{place}/anvil"\n'
    )
    npm.chmod(0o755)
    env["PATH"] = f"{npm.parent}{os.pathsep}{os.environ['PATH']}"


def test_other_bytes_than_the_pinned_ones_are_not_installed(env: dict[str, str], tmp_path: Path) -> None:
    fake_npm(env, tmp_path, anvil_module.INTEGRITY, "#!/bin/sh\necho anvil 1.7.1")
    with pytest.raises(ChainError, match="SHA-256 differs"):
        anvil_install.install(env=env)
    assert list(folder_of(env).iterdir()) == []


def test_another_package_than_the_pinned_one_is_not_even_loaded(env: dict[str, str], tmp_path: Path) -> None:
    fake_npm(env, tmp_path, "sha512-other", "")
    with pytest.raises(ChainError, match="another @foundry-rs/anvil-linux-amd64"):
        anvil_install.install(env=env)
    assert not folder_of(env).exists()


def test_it_is_installed_once_and_whole(env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = f"#!/bin/sh\necho anvil {VERSION}"
    fake_npm(env, tmp_path, anvil_module.INTEGRITY, binary)
    monkeypatch.setattr(anvil_module, "BINARY_SHA256", hashlib.sha256(binary.encode()).hexdigest())
    steps: list[str] = []
    path = anvil_install.install(env=env, told=steps.append)
    assert [step.split()[0] for step in steps] == ["asking", "fetching", "checking"]
    assert path == installed_path(env) and path.read_text() == binary
    assert [entry.name for entry in folder_of(env).iterdir()] == [path.parent.name]
    env["PATH"] = ""
    assert anvil_install.install(env=env, told=steps.append) == path and len(steps) == 3
    path.write_text("altered")
    with pytest.raises(ChainError, match="SHA-256 differs"):
        anvil_install.install(env=env)


def test_without_npm_the_extra_is_named(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ChainError) as caught:
        anvil_install.install(env=env)
    assert "dltui[anvil]" in caught.value.hint
