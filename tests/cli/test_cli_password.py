"""The keystore's password: who gets to see it, and who does not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from eth_account import Account

from dltui.cli import main, password
from dltui.config import load


def test_no_program_that_is_started_finds_it_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keystore = tmp_path / "operator.json"
    keystore.write_text(json.dumps(Account.encrypt(b"\x21" * 32, "correct horse", kdf="pbkdf2", iterations=10)))
    config = load(None, {}, {"chain.keystore": str(keystore), "chain.engine": "http://127.0.0.1:1"})
    seen: list[str | None] = []

    def app() -> None:
        seen.extend([os.environ.get(password.VARIABLE), password.password_for(config)])

    monkeypatch.setenv(password.VARIABLE, "correct horse")
    monkeypatch.setattr(password, "_hidden", [])
    monkeypatch.setattr(main, "app", app)
    main.main()
    assert seen == [None, "correct horse"]
