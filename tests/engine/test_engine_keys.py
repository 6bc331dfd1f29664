from __future__ import annotations

import json
from pathlib import Path

import pytest

from dltui.config import load
from dltui.engine.keys import OWN_KEYS, client_key, client_keys, operator_key
from dltui.errors import RunError

FOREIGN = {"chain.engine": "http://127.0.0.1:1", "chain.keystore": "operator.json"}


def names_in(path: Path) -> list[str]:
    return list(json.loads(path.read_text())["keys"])


@pytest.mark.parametrize("flags", [{}, {"chain.engine": "http://127.0.0.1:1"}, {"chain.keystore": "operator.json"}])
def test_on_a_chain_of_the_demo_keys_follow_from_the_seed(tmp_path: Path, flags: dict[str, str]) -> None:
    keys = client_keys(load(flags={"run.seed": 7, **flags}), 2, tmp_path, new=True)
    assert keys == (client_key(7, 0), client_key(7, 1))
    own = [] if "chain.keystore" in flags else ["operator"]
    assert names_in(tmp_path / "demo.json") == [*own, "client-0", "client-1"]
    assert [path.name for path in tmp_path.iterdir()] == ["demo.json"]


def test_on_a_foreign_chain_they_are_drawn_once_and_kept(tmp_path: Path) -> None:
    config = load(flags={"run.seed": 7, **FOREIGN})
    keys = client_keys(config, 3, tmp_path, new=True)
    assert len({key.secret for key in keys} | {client_key(7, part).secret for part in range(3)}) == 6
    assert operator_key(7) not in keys
    assert client_keys(config, 3, tmp_path, new=True) == client_keys(config, 3, tmp_path, new=False) == keys
    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [(OWN_KEYS, 0o600)]
    (tmp_path / "other").mkdir()
    assert client_keys(config, 3, tmp_path / "other", new=True) != keys


@pytest.mark.parametrize("damage", [None, "", "{}", "[]", '{"keys": {"client-0": {"key": "0xzz"}}}'])
def test_keys_that_are_gone_are_not_drawn_again(tmp_path: Path, damage: str | None) -> None:
    if damage is not None:
        (tmp_path / OWN_KEYS).write_text(damage)
    with pytest.raises(RunError, match="keys cannot be read") as caught:
        client_keys(load(flags=FOREIGN), 1, tmp_path, new=False)
    assert caught.value.where == str(tmp_path / OWN_KEYS)
