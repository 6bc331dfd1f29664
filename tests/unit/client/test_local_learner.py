"""The learning side of a client: what it commits to, what it trains, and how it measures."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from dltui.aggregation.blobs.manifest import first_version
from dltui.aggregation.blobs.update import decode_update
from dltui.chain import merkle
from dltui.chain.nodes.endpoint import Endpoint
from dltui.client.local_learner import LocalLearner
from dltui.client.spec import ClientSpec
from dltui.client.telemetry import Telemetry
from dltui.config.sections import load
from dltui.engine.specs import client_spec
from dltui.errors import DltuiError
from dltui.learning.models.models import tensors
from dltui.protocol.demo_keys import Key, client_key
from dltui.rundir.paths import RunPaths
from dltui.store import BlobMissing, Store

KEY, SALT = b"\x21" * 32, b"\x43" * 32
KEY_OF_3 = Key(KEY, "", SALT)
ADDRESSES = dict.fromkeys(("FLContract", "ModelRegistry", "DataRegistry"), "0x" + "11" * 20)


def learner(folder: Path, key: Key, descriptor: int | None = None, **flags: Any) -> LocalLearner:
    config = load(flags={"model.name": "linear", "clients.count": 200, **flags})
    spec = client_spec(config, RunPaths(folder), 3, key, Endpoint("http://127.0.0.1:1", 31_337), ADDRESSES)
    return LocalLearner(msgspec.convert(spec, ClientSpec), Store(str(folder)), Telemetry(descriptor))


def first_version_of(one: LocalLearner, folder: Path) -> str:
    """The digest of version 0, whose blobs are in the store from now on."""
    store = Store(str(folder))
    model, manifest = first_version(tensors(one._model), "fedavg")
    store.put(model)
    return store.put(manifest)


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


def test_an_update_names_its_round_base_and_plan_and_is_the_same_bytes_again(tmp_path: Path) -> None:
    one = learner(tmp_path, KEY_OF_3)
    base = first_version_of(one, tmp_path)
    steps: list[int] = []
    data = one.train(7, 2, base, lambda: steps.append(1))
    update = decode_update(data)
    assert (update.client, update.round, update.base, update.plan, update.scale) == (2, 7, base, one.plan.hash, 24)
    assert len(steps) == one.plan.training.steps_for(one.commitment().count)
    assert one.train(7, 2, base, lambda: None) == data, "a model that was trained before leaves no trace"
    assert learner(tmp_path, KEY_OF_3).train(7, 2, base, lambda: None) == data, "a client that was restarted"
    assert one.train(8, 2, base, lambda: None) != data, "each round has its own order of batches"


def test_an_update_under_a_clip_bound_has_that_norm_and_no_other_direction(tmp_path: Path) -> None:
    plain, clipped = learner(tmp_path, KEY_OF_3), learner(tmp_path, KEY_OF_3, **{"training.clip": 0.01})
    base = first_version_of(plain, tmp_path)
    free, bound = (decode_update(one.train(1, 0, base, lambda: None)) for one in (plain, clipped))
    whole, short = (
        np.concatenate([q.ravel() for _, q in sorted(one.deltas.items())]).astype(float) for one in (free, bound)
    )
    assert np.linalg.norm(short) / 2**24 == pytest.approx(0.01, rel=1e-4)
    assert np.dot(whole, short) / np.linalg.norm(whole) / np.linalg.norm(short) == pytest.approx(1, abs=1e-6)
    assert bound.plan != free.plan


def test_training_that_diverges_says_what_to_do(tmp_path: Path) -> None:
    one = learner(tmp_path, KEY_OF_3, **{"training.learning_rate": 100.0, "training.steps": 400, "model.name": "mlp"})
    base = first_version_of(one, tmp_path)
    one._train_x *= 1e30
    with pytest.raises(DltuiError, match="not finite") as caught:
        one.train(1, 0, base, lambda: None)
    assert "learning rate" in caught.value.hint


def test_a_base_is_fetched_once_and_a_missing_one_is_named(tmp_path: Path) -> None:
    one = learner(tmp_path, KEY_OF_3)
    base = first_version_of(one, tmp_path)
    assert one.base(base) is one.base(base)
    with pytest.raises(BlobMissing):
        one.base("ab" * 32)


def test_it_measures_on_records_that_it_did_not_train_on(tmp_path: Path) -> None:
    one = learner(tmp_path, KEY_OF_3)
    weights = {name: np.zeros_like(tensor) for name, tensor in tensors(one._model).items()}
    always = int(one._held_y[0])
    weights["param.1.bias" if "param.1.bias" in weights else sorted(weights)[0]][always] = 1
    share = float((one._held_y == always).float().mean())
    assert one.accuracy_bp(weights) == int(share * 10_000)


def test_it_tells_how_many_records_it_has_and_how_training_goes(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    one = learner(tmp_path, KEY_OF_3, writer, **{"training.epochs": 2})
    one.train(1, 0, first_version_of(one, tmp_path), lambda: None)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        told = [msgspec.json.decode(line) for line in pipe]
    assert told[0] == {"kind": "ready", "train": one.commitment().count, "held_out": len(one._held_y)}
    progress = [message for message in told if message["kind"] == "progress"]
    assert progress[0]["activity"] == "train" and progress[-1]["activity"] == "trained"
    assert progress[-1]["batch"] == progress[-1]["batches"] and progress[-1]["epoch"] == progress[-1]["epochs"] == 2
    assert [message["part"] for message in told if message["kind"] == "timing"] == ["training"]
