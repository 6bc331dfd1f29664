"""Manifests, verdicts, models, updates and partial sums: strict documents with one encoding each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dltui.aggregation.blobs import blob, canonical
from dltui.aggregation.blobs.canonical import ZERO_DIGEST, digest_of
from dltui.aggregation.blobs.manifest import Manifest, decode_manifest, encode_manifest, first_version
from dltui.aggregation.blobs.model import ROOM, check_model, decode_model, encode_model
from dltui.aggregation.blobs.update import decode_update, encode_update
from dltui.aggregation.blobs.verdicts import Reason, Verdict, decode_verdicts, encode_verdicts
from dltui.aggregation.errors import Malformed, Overflow
from dltui.aggregation.partial import Partial, decode_partial
from dltui.errors import DltuiError
from tests.kits.aggregation_samples import BASE_DIGEST, PLAN, base_model, changes, update

MANIFEST = Manifest(model="aa" * 32, parent="bb" * 32, round=3, rule="fedavg", verdicts="cc" * 32)
VERDICTS = (
    Verdict(0, "aa" * 32, True, Reason.OK, 1600),
    Verdict(2, "bb" * 32, False, Reason.WITHHELD, 0),
    Verdict(255, "cc" * 32, True, Reason.OK, 2**32 - 1),
)


def every_change_is_noticed(data: bytes, decode: Callable[[bytes], object]) -> None:
    """Flips every bit and cuts at every byte: refused, or another value."""
    original = decode(data)
    hostile = [data[:end] for end in range(len(data))]
    hostile += [
        data[:at] + bytes([data[at] ^ (1 << bit)]) + data[at + 1 :] for at in range(len(data)) for bit in range(8)
    ]
    for changed in hostile:
        try:
            value = decode(changed)
        except Malformed:
            continue
        assert value != original


def test_a_manifest_has_one_text() -> None:
    data = encode_manifest(MANIFEST)
    assert data.decode() == (
        f'{{"kind":"manifest","model":"{"aa" * 32}","parent":"{"bb" * 32}","round":3,"rule":"fedavg",'
        f'"server_state":null,"verdicts":"{"cc" * 32}"}}'
    )
    assert decode_manifest(data) == MANIFEST
    every_change_is_noticed(data, decode_manifest)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "model"},
        {"model": "AA" * 32},
        {"model": None},
        {"parent": ""},
        {"verdicts": 5},
        {"round": -1},
        {"round": 2**32},
        {"round": True},
        {"rule": ""},
        {"rule": "a" * 65},
        {"rule": 5},
        {"server_state": "dd" * 32},
        {"extra": 1},
    ],
)
def test_impossible_manifests_are_refused(wrong: dict[str, Any]) -> None:
    value = canonical.loads(encode_manifest(MANIFEST))
    with pytest.raises(Malformed):
        decode_manifest(canonical.dumps({**value, **wrong}))
    for key in value:
        with pytest.raises(Malformed):
            decode_manifest(canonical.dumps({k: v for k, v in value.items() if k != key}))
    for other in (b"[]", b"null", b'"manifest"', b"{}", b""):
        with pytest.raises(Malformed):
            decode_manifest(other)


@pytest.mark.parametrize(("count", "length"), [(1, 1), (4096, 1), (4096, 180), (3000, 180)])
def test_where_a_model_is_taken_its_updates_are_read(monkeypatch: pytest.MonkeyPatch, count: int, length: int) -> None:
    """A model at the limits of a blob is refused, or the update that changes all of it is not."""
    tensors = {f"param.{index:0{length}d}": np.ones(1, np.float32) for index in range(count)}
    size = len(blob.encode(tensors, {"kind": "model"}))
    monkeypatch.setattr(blob, "LIMIT", size + ROOM)
    fits = blob.header_size(blob.encode(tensors, {"kind": "model"})) + ROOM <= blob.MAX_HEADER
    if not fits:
        with pytest.raises(Malformed, match="names of the tensors"):
            encode_model(tensors)
        return
    assert decode_model(encode_model(tensors), blob.LIMIT).keys() == tensors.keys()
    sent = encode_update(tensors, client=255, round=2**32 - 1, base=BASE_DIGEST, plan=PLAN)
    assert len(decode_update(sent, blob.LIMIT).deltas) == count
    monkeypatch.setattr(blob, "LIMIT", size + ROOM - 1)
    with pytest.raises(Malformed, match=f"a model of {size:,} bytes.*at most {size + ROOM - 1:,}"):
        encode_model(tensors)


def test_the_first_version() -> None:
    model, manifest = first_version(base_model(), "fedavg")
    decoded = decode_manifest(manifest)
    assert decoded == Manifest(digest_of(model), ZERO_DIGEST, 0, "fedavg", ZERO_DIGEST)
    assert first_version(base_model(), "fedavg") == (model, manifest)
    assert decode_model(model).keys() == base_model().keys()


def test_verdicts_are_sorted_and_strict() -> None:
    data = encode_verdicts(9, reversed(VERDICTS))
    assert data == encode_verdicts(9, VERDICTS)
    assert data.startswith(b'{"kind":"verdicts","leaves":[{"client":0,"digest":"aaaa')
    assert data.endswith(b'"included":true,"reason":0,"weight":4294967295}],"round":9}')
    assert decode_verdicts(data) == (9, VERDICTS)
    assert all(type(v.reason) is Reason for v in decode_verdicts(data)[1])
    assert decode_verdicts(encode_verdicts(0, ())) == (0, ())
    every_change_is_noticed(data, decode_verdicts)


@pytest.mark.parametrize(
    "verdict",
    [
        Verdict(256, "aa" * 32, True, Reason.OK, 1),
        Verdict(-1, "aa" * 32, True, Reason.OK, 1),
        Verdict(1, "aa", True, Reason.OK, 1),
        Verdict(1, "aa" * 32, False, Reason.OK, 0),
        Verdict(1, "aa" * 32, True, Reason.MALFORMED, 0),
        Verdict(1, "aa" * 32, False, Reason.MALFORMED, 1),
        Verdict(1, "aa" * 32, True, Reason.OK, 2**32),
        Verdict(1, "aa" * 32, True, Reason.OK, -1),
    ],
)
def test_verdicts_that_contradict_themselves_are_refused(verdict: Verdict) -> None:
    with pytest.raises(Malformed):
        encode_verdicts(1, [verdict])


def test_verdicts_of_hostile_shape_are_refused() -> None:
    leaf = {"client": 1, "digest": "aa" * 32, "included": True, "reason": 0, "weight": 1}
    whole = {"kind": "verdicts", "round": 1, "leaves": [leaf]}
    assert decode_verdicts(canonical.dumps(whole))[1] == (Verdict(1, "aa" * 32, True, Reason.OK, 1),)
    for wrong in (
        {**whole, "leaves": [leaf, leaf]},
        {**whole, "leaves": [{**leaf, "client": 2}, leaf]},
        {**whole, "leaves": [{**leaf, "reason": 8, "included": False, "weight": 0}]},
        {**whole, "leaves": [{**leaf, "included": 1}]},
        {**whole, "leaves": [{**leaf, "more": 1}]},
        {**whole, "leaves": [5]},
        {**whole, "leaves": {}},
        {**whole, "round": 2**32},
        {**whole, "more": 1},
        [],
    ):
        with pytest.raises(Malformed):
            decode_verdicts(canonical.dumps(wrong))


def test_the_reasons_are_the_contracts_numbers() -> None:
    assert [(r.name, int(r)) for r in Reason] == [
        ("OK", 0),
        ("WITHHELD", 1),
        ("WRONG_OWNER", 2),
        ("WRONG_BASE", 3),
        ("MALFORMED", 4),
        ("NOT_FINITE", 5),
        ("OUT_OF_RANGE", 6),
        ("REJECTED_BY_RULE", 7),
    ]


def test_a_model_round_trips_and_carries_no_id() -> None:
    model = base_model()
    data = encode_model(model)
    back = decode_model(data)
    assert {n: t.tobytes() for n, t in back.items()} == {n: t.tobytes() for n, t in model.items()}
    assert blob.decode(data)[1] == {"kind": "model"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"param.w": np.zeros(2, np.int64)},
        {"param.w": np.zeros(2, np.int32)},
        {"param.w": np.array([np.nan], np.float32)},
        {"param.w": np.array([np.inf], np.float32)},
        {"param.w": np.zeros(1, np.float32), "buffer.x": np.array([-np.inf], np.float32)},
        {"param.w": np.zeros(1, np.float32), "delta.x": np.zeros(1, np.int32)},
        {"param." + "w" * 181: np.zeros(1, np.float32)},
        {"buffer.x": np.zeros(1, np.float32)},
        {},
    ],
)
def test_what_is_no_model_is_refused(wrong: dict[str, np.ndarray]) -> None:
    with pytest.raises(Malformed):
        encode_model(wrong)
    with pytest.raises(Malformed):
        decode_model(blob.encode(wrong, {"kind": "model"}))


def test_other_kinds_are_no_model() -> None:
    for meta in ({"kind": "update"}, {"kind": "model", "client": 1}, {}):
        with pytest.raises(Malformed):
            decode_model(blob.encode(base_model(), meta))
    check_model(base_model())


def test_an_update_round_trips() -> None:
    made = decode_update(update(3))
    assert (made.client, made.round, made.base, made.plan, made.scale) == (3, 7, BASE_DIGEST, PLAN, 24)
    assert {n: t.dtype.name for n, t in made.tensors.items()} == {
        "delta.param.w": "int32",
        "delta.param.b": "int32",
        "delta.buffer.mean": "int32",
        "buffer.count": "int64",
    }
    assert set(made.deltas) == {"param.w", "param.b", "buffer.mean"}
    assert made.counters == {"buffer.count": 45}
    assert made.deltas["param.b"].tolist() == [round(float(v) * 2**24) for v in changes(4)["param.b"]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"client": 256},
        {"client": -1},
        {"round": 2**32},
        {"base": "0x" + "1" * 62},
        {"plan": ""},
        {"scale_bits": 31},
    ],
)
def test_impossible_update_metadata_is_refused(wrong: dict[str, Any]) -> None:
    fields: dict[str, Any] = {"client": 1, "round": 7, "base": BASE_DIGEST, "plan": PLAN, **wrong}
    with pytest.raises(Malformed):
        encode_update(changes(1), **fields)


def test_update_metadata_from_a_hostile_client_is_refused() -> None:
    tensors, meta = blob.decode(update(1))
    for wrong in (
        {**meta, "client": True},
        {**meta, "client": "1"},
        {**meta, "round": None},
        {**meta, "base": 5},
        {**meta, "extra": 1},
        {**meta, "kind": "model"},
        {k: v for k, v in meta.items() if k != "scale"},
    ):
        with pytest.raises(Malformed):
            decode_update(blob.encode(tensors, wrong))


def test_training_that_diverged_makes_no_update() -> None:
    broken = {**changes(1), "param.b": np.array([1, np.nan, 0, 0], np.float32)}
    with pytest.raises(DltuiError, match="not finite"):
        update(1, broken)


def test_a_partial_sum_round_trips() -> None:
    total = Partial.empty(base_model())
    for client in range(3):
        made = decode_update(update(client))
        total.add(made.deltas, made.counters, 10 + client)
    data = total.encode(round=7, base=BASE_DIGEST, plan=PLAN, scale_bits=24)
    back, meta = decode_partial(data)
    assert (back.weight, back.bound) == (33, total.bound)
    assert (meta["round"], meta["base"], meta["plan"], meta["scale"]) == (7, BASE_DIGEST, PLAN, 24)
    assert back.encode(round=7, base=BASE_DIGEST, plan=PLAN, scale_bits=24) == data
    assert {n: t.tobytes() for n, t in back.average().items()} == {n: t.tobytes() for n, t in total.average().items()}


def test_hostile_partial_sums_are_refused() -> None:
    total = Partial({"param.w": np.array([5, -6], np.int64)}, {}, weight=2, bound=6)
    data = total.encode(round=7, base=BASE_DIGEST, plan=PLAN, scale_bits=24)
    tensors, meta = blob.decode(data)
    assert decode_partial(data)[0].bound == 6
    for wrong in (
        {**meta, "bound": 5},
        {**meta, "bound": 2**63},
        {**meta, "weight": -1},
        {**meta, "round": -1},
        {**meta, "scale": 31},
        {**meta, "base": "x"},
        {**meta, "kind": "update"},
    ):
        with pytest.raises(Malformed):
            decode_partial(blob.encode(tensors, wrong))
    for other in ({"sum.param.w": np.zeros(2, np.int32)}, {"delta.w": np.zeros(2, np.int64)}):
        with pytest.raises(Malformed):
            decode_partial(blob.encode(other, meta))


def test_merging_partial_sums_never_wraps() -> None:
    half = Partial({"param.w": np.array([2**62], np.int64)}, {}, weight=1, bound=2**62)
    with pytest.raises(Overflow):
        half.merge(half)
    assert half.sums["param.w"].tolist() == [2**62] and half.weight == 1
    rest = Partial({"param.w": np.array([2**62 - 1], np.int64)}, {}, weight=2, bound=2**62 - 1)
    half.merge(rest)
    assert half.sums["param.w"].tolist() == [2**63 - 1] and half.weight == 3
    with pytest.raises(ValueError, match="different models"):
        half.merge(replace(rest, sums={"param.v": rest.sums["param.w"]}, bound=0))
