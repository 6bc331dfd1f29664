"""The learning plan: one hash for one experiment on any machine, the same as when the runs of old were recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.config.sections import SECTIONS, Config, TrainingSection, load
from dltui.core import events as ev
from dltui.demo import script
from dltui.errors import BlobError, ConfigError
from dltui.learning.plan import MAX_BYTES, NOT_PLANNED, LearningPlan, LearningSpec, decode_plan
from dltui.learning.training import task
from dltui.rundir.journal import read
from dltui.store import Store
from tests.kits.recorded import HONEST, unpack

PICTURES = {
    "data.dataset": "folder:/a/b/pictures/",
    "data.size": 32,
    "data.channels": 3,
    "data.normalise": [[0.5, 0.5, 0.5], [0.25, 0.25, 0.25]],
}
LARGEST = {
    "run.seed": 2**63 - 1,
    "aggregation.max_weight": 1,
    "aggregation.scale_bits": 8,
    "training.learning_rate": 1,
}
HASHES: list[tuple[dict[str, Any], str]] = [
    ({}, "0e15b33a8c94ea355ec7df9e99fca8b8726e8c31bec27ed10e27e03f6e8363c1"),
    (
        {"data.partition": "dirichlet", "data.alpha": 0.25},
        "d65242a16befc7d627c285a95c9531c8c7364a6518544ea868b45c4027579d52",
    ),
    (
        {"data.partition": "shards", "data.shards_per_client": 3, "data.parts": 9},
        "f7f3298e5b82b2effdaad1823c05b032fad75213880cd789095be9c6482608ec",
    ),
    ({"data.partition": "quantity"}, "8377b66d1a7b6e3d39e5d4e3f650ab8f0e8d93d07bd4e2cae84544b8b67e7ae0"),
    (PICTURES, "d0294ebabdaa22b650f4621b9140466007a044ff32feb1c0cfc09a39c5c78a7b"),
    (
        {"data.normalise": "dataset", "data.dataset": "cifar10", "model.name": "resnet18"},
        "c7a5c0dafa23eb098df6f1fe204cb78b52e8c007e3147d622888d6aeb7476c49",
    ),
    (
        {"training.optimizer": "adam", "training.steps": 20, "training.prox_mu": 0.01},
        "95e2c3ea64e58d6f9e5e60aeca54316f7b54275de1efe6d1e19cd0baf8b434e7",
    ),
    ({"clients.count": 2}, "9be1b122de51ce35e8b164d981d80a12b335e71fd6e10a6cc41c28d41bd63691"),
    (
        {"clients.count": 256, "rounds.committee": 16, "rounds.quorum": 11},
        "b36b735733c00f8a8b76c2eb2166054325e083f7d788db0c211eec9547020aae",
    ),
    (LARGEST, "27c712ce3df343c48e7027eab04b138424564f929e4bc08a5d40fa4e8754b05c"),
]
"""What each configuration hashed to before the plan was a struct."""


def planned(**flags: Any) -> LearningPlan:
    return LearningPlan.of(load(flags=flags))


@pytest.mark.parametrize(("flags", "expected"), HASHES, ids=lambda value: str(value)[:30])
def test_a_configuration_keeps_its_hash(flags: dict[str, Any], expected: str) -> None:
    plan = planned(**flags)
    assert plan.hash == expected
    assert decode_plan(plan.encode()) == plan
    assert msgspec.json.decode(msgspec.json.encode(plan), type=LearningPlan).hash == expected, "as a client gets it"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("approval", "aa82cf7edd2a672066ccdd14b58d3634c4bb894e6c57b9b07d80ad254b0967bc"),
        ("tour", "f06badcca18787a3076108aa20f4e612ba563b2db0685b6712d4a3ce95fb52ee"),
    ],
)
def test_a_walkthrough_keeps_its_hash(name: str, expected: str) -> None:
    assert LearningPlan.of(load(flags=script.load(name).federation)).hash == expected


@pytest.mark.parametrize("name", HONEST)
def test_a_recorded_run_has_the_plan_that_its_chain_names(name: str, tmp_path: Path) -> None:
    paths = unpack(name, tmp_path)
    on_chain = {event.data.plan_hash for event in read(paths.journal) if isinstance(event.data, ev.PlanSet)}
    assert on_chain == {LearningPlan.of(load(paths.config)).hash}


def another(key: str, value: Any, kind: Any) -> Any:
    """A value of a key that differs from its default."""
    special = {
        "run.seed": 2,
        "rounds.committee": 4,
        "rounds.quorum": 3,
        "data.partition": "dirichlet",
        "data.normalise": "dataset",
        "data.channels": 3,
        "data.parts": 8,
        "data.test_fraction": 0.3,
        "data.holdout_fraction": 0.3,
        "training.momentum": 0.5,
        "chain.engine": "embedded",
        "chain.federation": "0x" + "11" * 20,
        "clients.names": ("a",),
        "clients.device": "auto",
        "training.optimizer": "adam",
        "ui.theme": "nord",
    }
    if key in special:
        return special[key]
    if isinstance(value, bool):
        return not value
    return value + ("x" if isinstance(value, str) else 1)


def changed(section: str, key: str, kind: Any) -> Config:
    """The default configuration with one key changed, as a struct: its consistency does not matter here."""
    config = Config(data=msgspec.structs.replace(Config().data, partition=USES.get(key, "iid")))
    old = getattr(config, section)
    value = another(f"{section}.{key}", getattr(old, key), kind)
    msgspec.convert(value, kind)
    return msgspec.structs.replace(config, **{section: msgspec.structs.replace(old, **{key: value})})


USES = {"alpha": "dirichlet", "shards_per_client": "shards"}
"""The partition that uses a key."""
EVERY_KEY = [
    (section, field.name, field.type)
    for section, kind in SECTIONS.items()
    for field in msgspec.structs.fields(kind)
    if (section, field.name) != ("aggregation", "rule")  # there is one rule
]


@pytest.mark.parametrize(("section", "key", "kind"), EVERY_KEY, ids=lambda value: str(value)[:20])
def test_each_key_is_planned_or_listed_with_a_reason(section: str, key: str, kind: Any) -> None:
    base = LearningPlan.of(changed("ui", "ascii", bool))
    if key in USES:
        base = LearningPlan.of(
            msgspec.structs.replace(Config(), data=msgspec.structs.replace(Config().data, partition=USES[key]))
        )
    left_out = section in NOT_PLANNED or f"{section}.{key}" in NOT_PLANNED
    if (section, key) == ("clients", "count"):
        assert LearningPlan.of(changed(section, key, kind)).data.parts == 6
        return
    assert (LearningPlan.of(changed(section, key, kind)).hash == base.hash) is left_out


def test_what_is_not_planned_exists_and_has_a_reason() -> None:
    keys = {f"{section}.{key}" for section, key, _ in EVERY_KEY}
    assert set(NOT_PLANNED) <= keys | set(SECTIONS)
    assert all(len(reason) > 10 for reason in NOT_PLANNED.values())


def test_the_plan_holds_no_path() -> None:
    here, there = (planned(**{"data.dataset": f"{folder}/records.npz"}) for folder in ("/home/a", "C:\\b"))
    assert here.data.dataset == "records.npz"
    assert here.hash == there.hash
    folders = ["folder:pictures", "folder:/home/a/pictures/", "folder:C:\\b\\pictures"]
    assert {planned(**{"data.dataset": folder}).data.dataset for folder in folders} == {"folder:pictures"}


def test_another_data_set_than_the_planned_one_is_refused() -> None:
    spec = LearningSpec(plan=planned(), dataset="/home/a/mnist10k.npz", root="", device="cpu", threads=1, slots=1)
    with pytest.raises(ConfigError, match="the plan's data set is mnist10k"):
        task.data(spec)


@pytest.mark.parametrize("records", [1, 31, 32, 33, 1_440])
def test_steps_replace_epochs(records: int) -> None:
    assert TrainingSection(epochs=3, batch_size=32).steps_for(records) == 3 * -(-records // 32)
    assert TrainingSection(epochs=3, steps=7, batch_size=32).steps_for(records) == 7


def test_the_plan_is_a_blob_with_its_hash_as_name(tmp_path: Path) -> None:
    plan, store = planned(), Store(str(tmp_path))
    assert store.put(plan.encode()) == plan.hash
    assert decode_plan(store.get(plan.hash)) == plan


def _edited(edit: Any) -> bytes:
    plain = json.loads(planned().encode())
    edit(plain)
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[" * 100_000,
        b" " + LearningPlan.of(Config()).encode(),
        b" " * (MAX_BYTES + 1),
        _edited(lambda plain: plain.pop("kind")),
        _edited(lambda plain: plain.update(kind="update")),
        _edited(lambda plain: plain.update(more=1)),
        _edited(lambda plain: plain["training"].pop("epochs")),
        _edited(lambda plain: plain["training"].update(more=1)),
        _edited(lambda plain: plain["training"].update(clip=0.0)),
        _edited(lambda plain: plain["training"].update(learning_rate=0)),
        _edited(lambda plain: plain["data"].update(size=0)),
        _edited(lambda plain: plain["aggregation"].update(scale_bits=31)),
        _edited(lambda plain: plain["committee"].update(size=True)),
    ],
    ids=lambda data: data[:40].decode(),
)
def test_bytes_that_no_plan_encodes_to_are_refused(data: bytes) -> None:
    with pytest.raises(BlobError):
        decode_plan(data)


@given(st.binary(max_size=200) | st.integers(0, 400).map(lambda at: LearningPlan.of(Config()).encode()[:at]))
def test_foreign_bytes_are_refused_in_words(data: bytes) -> None:
    with pytest.raises(BlobError):
        decode_plan(data)
