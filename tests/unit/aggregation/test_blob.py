"""The canonical tensor codec: round trips, and hostile bytes."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import save

from dltui.aggregation.blobs import blob
from dltui.aggregation.blobs.canonical import digest_of
from dltui.aggregation.errors import Malformed

META = {"kind": "model"}
SMALL = {
    "param.w": np.array([[1.5, -2.0]], dtype=np.float32),
    "buffer.n": np.array(7, dtype=np.int64),
    "delta.w": np.array([3, -4, 5], dtype=np.int32),
}

arrays = st.sampled_from([np.int32, np.int64, np.float32]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, max_side=4))
)
names = st.builds(
    "{}.{}".format,
    st.sampled_from(["param", "buffer", "delta", "aux", "sum"]),
    st.from_regex(r"[A-Za-z0-9_.]{1,12}", fullmatch=True),
)


def raw(header: Any, payload: bytes = b"") -> bytes:
    """A safetensors file with exactly this header."""
    text = header if isinstance(header, bytes) else json.dumps(header, separators=(",", ":")).encode()
    return len(text).to_bytes(8, "little") + text + payload


def tensor(dtype: str = "I32", shape: Any = (1,), span: Any = (0, 4)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape) if isinstance(shape, tuple) else shape, "data_offsets": list(span)}


WITH_META = {"__metadata__": {"dltui": '{"kind":"model"}'}}


@given(st.dictionaries(names, arrays, max_size=5))
def test_round_trip_keeps_every_bit(tensors: dict[str, np.ndarray]) -> None:
    data = blob.encode(tensors, META)
    back, meta = blob.decode(data)
    assert meta == META
    assert {n: (t.dtype, t.shape, t.tobytes()) for n, t in back.items()} == {
        n: (t.dtype, t.shape, t.tobytes()) for n, t in tensors.items()
    }
    assert blob.encode(dict(reversed(back.items())), META) == data


def test_the_bytes_are_the_format_and_never_change() -> None:
    data = blob.encode(SMALL, META)
    assert data == raw(
        b'{"__metadata__":{"dltui":"{\\"kind\\":\\"model\\"}"},'
        b'"buffer.n":{"dtype":"I64","shape":[],"data_offsets":[0,8]},'
        b'"param.w":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]},'
        b'"delta.w":{"dtype":"I32","shape":[3],"data_offsets":[16,28]}} ',
        bytes.fromhex("0700000000000000" + "0000c03f000000c0" + "03000000fcffffff05000000"),
    )


def test_layout_in_memory_does_not_matter() -> None:
    wide = np.arange(12, dtype=np.int32).reshape(3, 4)
    assert blob.encode({"delta.a": wide.T}, META) == blob.encode({"delta.a": wide.T.copy()}, META)
    assert blob.encode({"delta.a": wide[:, ::2]}, META) == blob.encode({"delta.a": wide[:, ::2].copy()}, META)


def test_every_flipped_bit_is_refused_or_another_canonical_blob() -> None:
    data = blob.encode(SMALL, META)
    payload = 8 + int.from_bytes(data[:8], "little")
    for position in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            hostile = bytes(changed)
            try:
                tensors, meta = blob.decode(hostile)
            except Malformed:
                assert position < payload
            else:
                assert blob.encode(tensors, meta) == hostile
                assert digest_of(hostile) != digest_of(data)


def test_every_truncation_and_extension_is_refused() -> None:
    data = blob.encode(SMALL, META)
    for end in range(len(data)):
        with pytest.raises(Malformed):
            blob.decode(data[:end])
    for tail in (b"\0", b" ", data):
        with pytest.raises(Malformed):
            blob.decode(data + tail)


@settings(max_examples=300)
@given(st.binary(max_size=400), st.booleans())
def test_noise_never_crashes(noise: bytes, framed: bool) -> None:
    with pytest.raises(Malformed):
        blob.decode(raw(noise) if framed else noise)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300)
@given(
    st.dictionaries(
        st.sampled_from(["__metadata__", "delta.a", "buffer.b", "param.c"]),
        json_values
        | st.fixed_dictionaries(
            {},
            optional={
                "dtype": st.sampled_from(["I32", "I64", "F32", "F64", "BOOL"]) | json_values,
                "shape": st.lists(st.integers(-1, 2**70), max_size=9) | json_values,
                "data_offsets": st.lists(st.integers(0, 2**65), max_size=3) | json_values,
                "dltui": st.just('{"kind":"model"}') | json_values,
            },
        ),
        max_size=4,
    ),
    st.binary(max_size=32),
)
def test_structured_noise_never_crashes(header: dict[str, Any], payload: bytes) -> None:
    hostile = raw(header, payload)
    try:
        tensors, meta = blob.decode(hostile)
    except Malformed:
        return
    assert blob.encode(tensors, meta) == hostile


@pytest.mark.parametrize(
    ("hostile", "reason"),
    [
        (b"", "header"),
        (b"\xff" * 8, "header"),
        ((2**63).to_bytes(8, "little") + b"{}", "header"),
        (raw(b"[" * 200_000), "JSON"),
        (raw(b'{"a":' + b"9" * 9000 + b"}"), "JSON"),
        (raw([]), "table"),
        (raw({}), "one key"),
        (raw({"__metadata__": {}}), "one key"),
        (raw({"__metadata__": {"dltui": "{}", "more": "x"}}), "one key"),
        (raw({"__metadata__": {"other": "{}"}}), "one key"),
        (raw({"__metadata__": {"dltui": 5}}), "one key"),
        (raw({"__metadata__": {"dltui": "é"}}), "ASCII"),
        (raw({"__metadata__": {"dltui": "[]"}}), "table"),
        (raw({"__metadata__": {"dltui": '{"a": 1}'}}), "canonical"),
        (raw({"__metadata__": {"dltui": '{"a":1.5}'}}), "float"),
        (raw({**WITH_META, "w": tensor()}, b"0000"), "name"),
        (raw({**WITH_META, "param./etc/passwd": tensor()}, b"0000"), "name"),
        (raw({**WITH_META, "param.\x1b[2J": tensor()}, b"0000"), "name"),
        (raw({**WITH_META, "param." + "a" * 201: tensor()}, b"0000"), "name"),
        (raw({**WITH_META, "param.a\n": tensor()}, b"0000"), "name"),
        (raw({**WITH_META, "param.a": tensor("F64", (1,), (0, 8))}, b"0" * 8), "dtype"),
        (raw({**WITH_META, "param.a": tensor("BOOL", (4,))}, b"0000"), "dtype"),
        (raw({**WITH_META, "param.a": tensor(["I32"])}, b"0000"), "dtype"),  # type: ignore[arg-type]
        (raw({**WITH_META, "param.a": 5}), "shape"),
        (raw({**WITH_META, "param.a": {}}), "shape"),
        (raw({**WITH_META, "param.a": tensor(shape="1")}, b"0000"), "shape"),
        (raw({**WITH_META, "param.a": tensor(shape=(0,), span=(0, 0))}), "shape"),
        (raw({**WITH_META, "param.a": tensor(shape=(-1,))}, b"0000"), "shape"),
        (raw({**WITH_META, "param.a": tensor(shape=(True,))}, b"0000"), "shape"),
        (raw({**WITH_META, "param.a": tensor(shape=(1.0,))}, b"0000"), "shape"),
        (raw({**WITH_META, "param.a": tensor(shape=(1,) * 9)}, b"0000"), "shape"),
        (raw({**WITH_META, "param.a": tensor(shape=(2**31,) * 8, span=(0, 2**62))}), "larger"),
        (raw({**WITH_META, "param.a": tensor(shape=(2**40,), span=(0, 2**42))}), "shape"),
        (raw({**WITH_META, "param.a": tensor(span=(0, 8))}, b"0" * 8), "safetensors"),
        (raw({**WITH_META, "param.a": tensor(span=(4, 0))}, b"0000"), "safetensors"),
        (raw({**WITH_META, "param.a": tensor(span=(4, 8))}, b"0" * 8), "safetensors"),
        (raw({**WITH_META, "param.a": tensor(), "param.b": tensor()}, b"0000"), "safetensors"),
        (raw({**WITH_META, "param.a": {**tensor(), "data_offsets": None}}, b"0000"), "safetensors"),
        (raw({**WITH_META, **{f"param.{n}": tensor() for n in range(4097)}}, b"0000"), "4097 tensors"),
    ],
)
def test_hostile_headers_are_refused_with_a_reason(hostile: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        blob.decode(hostile)


@pytest.mark.parametrize(
    "hostile",
    [
        raw({"param.a": tensor(), **WITH_META}, b"0000"),
        raw({**WITH_META, "param.a": tensor()}, b"0000"),
        raw(json.dumps({**WITH_META, "param.a": tensor()}).encode(), b"0000"),
        raw({**WITH_META, "param.b": tensor(span=(0, 4)), "param.a": tensor(span=(4, 8))}, b"0" * 8),
        raw({**WITH_META, "param.a": {**tensor(), "extra": 1}}, b"0000"),
        save({"param.a": np.zeros(1, np.int32)}, {"dltui": '{"kind":"model"}'}).replace(b"param.a", b"param\\u002ea"),
    ],
)
def test_the_same_content_in_other_bytes_is_refused(hostile: bytes) -> None:
    with pytest.raises(Malformed):
        blob.decode(hostile)


def test_a_lie_about_sizes_costs_no_memory() -> None:
    hostile = raw({**WITH_META, "param.a": tensor(shape=(2**31, 2**20), span=(0, 2**53))}, b"0" * 64)
    tracemalloc.start()
    with pytest.raises(Malformed):
        blob.decode(hostile)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_the_limit_is_on_the_whole_blob() -> None:
    data = blob.encode(SMALL, META)
    assert blob.decode(data, limit=len(data))[1] == META
    with pytest.raises(Malformed, match="over the limit"):
        blob.decode(data, limit=len(data) - 1)


@pytest.mark.parametrize(
    ("tensors", "meta"),
    [
        ({"w": np.zeros(1, np.int32)}, META),
        ({"param.w": np.zeros(1, np.float64)}, META),
        ({"param.w": np.zeros(1, np.dtype(">f4"))}, META),
        ({"param.w": np.zeros(1, bool)}, META),
        ({"param.w": np.zeros((2, 0), np.float32)}, META),
        ({"param.w": np.zeros((1,) * 9, np.float32)}, META),
        ({f"param.{n}": np.zeros(1, np.int32) for n in range(4097)}, META),
        ({}, {"rate": 0.1}),
    ],
)
def test_encode_refuses_what_decode_would(tensors: dict[str, np.ndarray], meta: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        blob.encode(tensors, meta)
