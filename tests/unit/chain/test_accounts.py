from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account

from dltui.chain.accounts import address_of, open_keystore
from dltui.errors import ConfigError
from tests.kits.chain import ADDRESSES, KEYS


def keystore(path: Path, password: str = "right") -> Path:
    path.write_text(json.dumps(Account.encrypt(KEYS[0], password, kdf="pbkdf2", iterations=10)))
    path.chmod(0o600)
    return path


def test_a_keystore_gives_its_key(tmp_path: Path) -> None:
    key = open_keystore(keystore(tmp_path / "key.json"), "right")
    assert key == KEYS[0] and address_of(key) == ADDRESSES[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"{", "is not a keystore file"),
        (b"[]", "is not a keystore file"),
        (b'{"crypto": 5}', "is not a keystore file"),
        (b'{"crypto": {}, "version": 3}', "cannot be opened"),
        (b"[" * 100_000, "is not a keystore file"),
        (b'{"crypto": {"kdf": "magic"}, "version": 3}', "cannot be opened"),
    ],
)
def test_what_is_no_keystore_is_said_so(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "key.json"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    with pytest.raises(ConfigError, match=message) as caught:
        open_keystore(path, "right")
    assert caught.value.where == str(path)


def test_a_wrong_password_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="wrong password"):
        open_keystore(keystore(tmp_path / "key.json"), "wrong")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o610])
def test_a_keystore_that_others_may_read_is_refused_with_what_mends_it(tmp_path: Path, mode: int) -> None:
    path = keystore(tmp_path / "my key.json")
    path.chmod(mode)
    with pytest.raises(ConfigError, match=rf"others may read it \(mode 0{mode:o}\)") as caught:
        open_keystore(path, "right")
    assert caught.value.exit_code == 2 and caught.value.hint == f"chmod 600 '{path}'"
    path.chmod(0o400)
    assert open_keystore(path, "right") == KEYS[0]
