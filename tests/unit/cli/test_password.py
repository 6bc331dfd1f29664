"""The keystore's password: who gets to see it, and who does not."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from eth_account import Account

from dltui.cli import main, password
from dltui.config.sections import load
from dltui.errors import ConfigError


def keystore(folder: Path) -> Path:
    path = folder / "operator.json"
    path.write_text(json.dumps(Account.encrypt(b"\x21" * 32, "correct horse", kdf="pbkdf2", iterations=10)))
    path.chmod(0o600)
    return path


def test_no_program_that_is_started_finds_it_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load(None, {}, {"chain.keystore": str(keystore(tmp_path)), "chain.engine": "http://127.0.0.1:1"})
    seen: list[str | None] = []

    def app() -> None:
        seen.extend([os.environ.get(password.VARIABLE), password.password_for(config)])

    monkeypatch.setenv(password.VARIABLE, "correct horse")
    monkeypatch.setattr(password, "_hidden", [])
    monkeypatch.setattr(main, "app", app)
    main.main()
    assert seen == [None, "correct horse"]


def test_a_password_that_others_may_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(password.VARIABLE, raising=False)
    monkeypatch.setattr(password, "_hidden", [])
    file = tmp_path / "password"
    file.write_text("correct horse\n")
    config = load(None, {}, {"chain.keystore": str(keystore(tmp_path)), "chain.password_file": str(file)})
    file.chmod(0o640)
    with pytest.raises(ConfigError, match=r"others may read it \(mode 0640\)") as caught:
        password.password_for(config)
    assert caught.value.where == str(file) and caught.value.hint == f"chmod 600 {file}"
    file.chmod(0o600)
    assert password.password_for(config) == "correct horse"


def test_only_a_wrong_password_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(password.VARIABLE, raising=False)
    monkeypatch.setattr(password, "_hidden", [])
    monkeypatch.setattr(password.sys, "stdin", SimpleNamespace(isatty=lambda: True))
    typed: list[str] = []
    monkeypatch.setattr(password.getpass, "getpass", lambda prompt: typed.pop(0))
    path = keystore(tmp_path)
    config = load(None, {}, {"chain.keystore": str(path)})
    typed += ["wrong", "correct horse", "never asked for"]
    assert (password.password_for(config), typed) == ("correct horse", ["never asked for"])
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read it"):
        password.password_for(config)
    assert typed == ["never asked for"]
    path.write_text("{}")
    path.chmod(0o600)
    with pytest.raises(ConfigError, match="is not a keystore file"):
        password.password_for(config)
    assert typed == []
