"""What a client commits to: its records, under a salt that is not its key."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest

from dltui.chain import merkle
from dltui.chain.nodes.endpoint import Endpoint
from dltui.client.local_learner import LocalLearner
from dltui.client.spec import ClientSpec
from dltui.client.telemetry import Telemetry
from dltui.config.sections import load
from dltui.engine.keys import Key, client_key
from dltui.engine.specs import client_spec
from dltui.rundir.paths import RunPaths
from dltui.store import Store

KEY, SALT = b"\x21" * 32, b"\x43" * 32
ADDRESSES = dict.fromkeys(("FLContract", "ModelRegistry", "DataRegistry"), "0x" + "11" * 20)


def learner(folder: Path, key: Key) -> LocalLearner:
    config = load(flags={"model.name": "linear", "clients.count": 200})
    spec = client_spec(config, RunPaths(folder), 3, key, Endpoint("http://127.0.0.1:1", 31_337), ADDRESSES)
    return LocalLearner(msgspec.convert(spec, ClientSpec), Store(str(folder)), Telemetry(None))


def test_a_commitment_follows_from_the_salt_and_not_from_the_key(tmp_path: Path) -> None:
    root = learner(tmp_path, Key(KEY, "", SALT)).commitment().root
    assert learner(tmp_path, Key(b"\x22" * 32, "", SALT)).commitment().root == root
    assert learner(tmp_path, Key(KEY, "", b"\x44" * 32)).commitment().root != root


def test_a_demo_commitment_is_as_it_always_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    salts: set[bytes] = set()
    leaf = merkle.record_leaf
    monkeypatch.setattr(merkle, "record_leaf", lambda salt, record: salts.add(salt) or leaf(salt, record))
    key = client_key(7, 3)
    learner(tmp_path, key).commitment()
    assert salts == {hashlib.sha256(b"dltui record salt" + key.secret).digest()}
