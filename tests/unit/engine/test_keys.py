from __future__ import annotations

import json
from pathlib import Path

import pytest

from dltui.config.sections import load
from dltui.engine.keys import DEMO_KEYS, OWN_KEYS, client_keys
from dltui.errors import ConfigError, RunError
from dltui.protocol.demo_keys import client_key, operator_key

FOREIGN = {"chain.engine": "http://127.0.0.1:1", "chain.keystore": "operator.json"}
OWN = {"chain.keystore": "operator.json"}


def names_in(path: Path) -> list[str]:
    return list(json.loads(path.read_text())["keys"])


@pytest.mark.parametrize("flags", [{}, {"chain.engine": "http://127.0.0.1:1"}])
def test_without_a_keystore_keys_follow_from_the_seed(tmp_path: Path, flags: dict[str, str]) -> None:
    keys = client_keys(load(flags={"run.seed": 7, **flags}), 2, tmp_path, new=True)
    assert keys == (client_key(7, 0), client_key(7, 1))
    assert names_in(tmp_path / "demo.json") == ["operator", "client-0", "client-1"]
    assert [path.name for path in tmp_path.iterdir()] == ["demo.json"]
    assert all(key.salt == key.secret for key in keys)
    assert "salt" not in (tmp_path / "demo.json").read_text()


@pytest.mark.parametrize("flags", [FOREIGN, OWN])
def test_with_a_keystore_they_are_drawn_once_and_kept_with_their_salts(tmp_path: Path, flags: dict[str, str]) -> None:
    config = load(flags={"run.seed": 7, **flags})
    keys = client_keys(config, 3, tmp_path, new=True)
    assert len({key.secret for key in keys} | {client_key(7, part).secret for part in range(3)}) == 6
    assert operator_key(7) not in keys
    assert client_keys(config, 3, tmp_path, new=True) == client_keys(config, 3, tmp_path, new=False) == keys
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [(OWN_KEYS, 0o600)]
    assert len({key.salt for key in keys} | {key.secret for key in keys}) == 6
    (tmp_path / "other").mkdir()
    assert client_keys(config, 3, tmp_path / "other", new=True) != keys


def test_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    client_keys(load(flags=FOREIGN), 1, tmp_path, new=True)
    (tmp_path / OWN_KEYS).chmod(0o644)
    with pytest.raises(ConfigError, match="others may read it"):
        client_keys(load(flags=FOREIGN), 1, tmp_path, new=False)


def test_keys_of_an_older_run_keep_the_salts_that_came_from_them(tmp_path: Path) -> None:
    config = load(flags=FOREIGN)
    drawn = client_keys(config, 2, tmp_path, new=True)
    document = json.loads((tmp_path / OWN_KEYS).read_text())
    for row in document["keys"].values():
        del row["salt"]
    (tmp_path / OWN_KEYS).write_text(json.dumps(document))
    old = client_keys(config, 2, tmp_path, new=False)
    assert [(key.secret, key.salt) for key in old] == [(key.secret, key.secret) for key in drawn]


def test_an_older_run_of_a_keystore_on_its_own_chain_keeps_its_demo_keys(tmp_path: Path) -> None:
    (tmp_path / DEMO_KEYS).write_text("{}")
    config = load(flags={"run.seed": 7, **OWN})
    assert client_keys(config, 2, tmp_path, new=False) == (client_key(7, 0), client_key(7, 1))
    assert names_in(tmp_path / DEMO_KEYS) == ["client-0", "client-1"]
    assert not (tmp_path / OWN_KEYS).exists()


@pytest.mark.parametrize("flags", [FOREIGN, OWN])
@pytest.mark.parametrize("damage", [None, "", "{}", "[]", '{"keys": {"client-0": {"key": "0xzz"}}}'])
def test_keys_that_are_gone_are_not_drawn_again(tmp_path: Path, damage: str | None, flags: dict[str, str]) -> None:
    if damage is not None:
        (tmp_path / OWN_KEYS).write_text(damage)
        (tmp_path / OWN_KEYS).chmod(0o600)
    with pytest.raises(RunError, match="keys cannot be read") as caught:
        client_keys(load(flags=flags), 1, tmp_path, new=False)
    assert caught.value.where == str(tmp_path / OWN_KEYS)
