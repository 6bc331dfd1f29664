"""Data sets: the one in the package, files that may be hostile, and users' functions."""

from __future__ import annotations

import io
import pickle
import re
import sys
import zipfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dltui.aggregation.blobs.canonical import digest_of
from dltui.errors import ConfigError
from dltui.learning.data import datasets
from dltui.learning.data.npz import read_arrays

X = np.arange(4 * 2 * 3, dtype=np.uint8).reshape(4, 2, 3)
Y = np.array([0, 1, 2, 1], dtype=np.uint8)


def saved(path: Path, **arrays: Any) -> str:
    np.savez_compressed(path, **arrays)
    return str(path)


def test_mnist10k_is_what_its_note_says(mnist: datasets.Dataset) -> None:
    assert (mnist.x.shape, mnist.x.dtype) == ((10_000, 1, 28, 28), np.uint8)
    assert (mnist.y.shape, mnist.y.dtype, mnist.classes) == ((10_000,), np.int64, 10)
    counts = np.bincount(mnist.y)
    assert (counts.min(), counts.max()) == (863, 1127)
    assert mnist.input_shape == (1, 28, 28)
    assert mnist.schema == "uint8/1x28x28/10"
    folder = resources.files("dltui.learning") / "data"
    note = (folder / "README.md").read_text()
    assert digest_of((folder / "mnist10k.npz").read_bytes()) in note
    assert "CC BY-SA 3.0" in note


def test_tensors_are_scaled_bytes(mnist: datasets.Dataset) -> None:
    x, y = mnist.tensors(np.array([5, 0, 5]))
    assert (x.shape, x.dtype, y.dtype) == ((3, 1, 28, 28), torch.float32, torch.int64)
    assert y.tolist() == [mnist.y[5], mnist.y[0], mnist.y[5]]
    assert (float(x.min()), float(x.max())) == (0.0, 1.0)
    assert torch.equal(x[0], x[2])
    assert np.array_equal(np.rint(x[0].numpy() * 255).astype(np.uint8), mnist.x[5])
    x.zero_()
    assert mnist.x[5].max() == 255


def test_a_file_of_bytes_without_channels(tmp_path: Path) -> None:
    data = datasets.load(saved(tmp_path / "a.npz", x=X, y=Y))
    assert (data.x.shape, data.classes, data.schema) == ((4, 1, 2, 3), 3, "uint8/1x2x3/3")
    assert data.x.dtype == np.uint8


def test_a_file_of_rows_of_doubles(tmp_path: Path) -> None:
    data = datasets.load(saved(tmp_path / "a.npz", x=np.eye(4) / 3, y=Y.astype(np.int32)))
    assert (data.x.shape, data.x.dtype, data.schema) == ((4, 1, 1, 4), np.float32, "float32/1x1x4/3")
    x, _ = data.tensors(np.array([1]))
    assert x.flatten().tolist() == [0.0, np.float32(1 / 3), 0.0, 0.0]


def test_fortran_order_and_uncompressed_files(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.asfortranarray(X), y=Y)
    x, y = read_arrays(tmp_path / "a.npz", "x", "y")
    assert np.array_equal(x, X) and np.array_equal(y, Y)


def test_a_missing_file_names_it_and_what_works_without_a_download(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="what needs no network: mnist10k") as caught:
        datasets.load(str(tmp_path / "none.npz"))
    assert caught.value.where == str(tmp_path / "none.npz")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", ["cifar10", "", "mnist10", "/etc/passwd", "data.csv", "emnist"])
def test_an_unknown_name_says_what_is_known(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="mnist10k"):
        datasets.load(name, str(tmp_path))


@pytest.mark.parametrize(
    ("x", "y", "reason"),
    [
        (X[:3], Y, "shape"),
        (X, Y.reshape(2, 2), "shape"),
        (X[0, 0], Y[:3], "shape"),
        (X.reshape(1, 4, 1, 2, 3), Y[:1], "shape"),
        (X[:0], Y[:0], "0 records"),
        (X[:, :0], Y, "records of shape"),
        (X.astype(np.int64), Y, "dtype"),
        (X.astype(np.float16), Y, "dtype"),
        (X.astype("U3"), Y, "dtype"),
        (X, Y.astype(np.float32), "dtype"),
        (X, Y > 0, "dtype"),
        (X, Y.astype(np.int8) - 1, "labels range from -1"),
        (X, Y.astype(np.int64) + 999, "labels range from 999 to 1001"),
        (X, Y * 0, "labels range from 0 to 0"),
        (X, np.full(4, 2**64 - 1, np.uint64), "labels range"),
        (np.full((4, 2), np.nan), Y, "not finite"),
        (np.full((4, 2), 1e300), Y, "not finite"),
    ],
)
def test_unusable_arrays_are_refused_by_name(tmp_path: Path, x: np.ndarray, y: np.ndarray, reason: str) -> None:
    path = saved(tmp_path / "bad.npz", x=x, y=y)
    with pytest.raises(ConfigError, match=reason) as caught:
        datasets.load(path)
    assert caught.value.where == path


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (open, (str(tmp_path / "fired"), "w"))

    objects = np.array([Bomb()] * 4, dtype=object)
    path = saved(tmp_path / "bomb.npz", x=objects, y=Y)
    with pytest.raises(ConfigError, match="never loaded"):
        datasets.load(path)
    with zipfile.ZipFile(tmp_path / "raw.npz", "w") as archive:
        archive.writestr("x.npy", pickle.dumps(Bomb()))
        archive.writestr("y.npy", pickle.dumps(Bomb()))
    with pytest.raises(ConfigError, match="not a usable"):
        datasets.load(str(tmp_path / "raw.npz"))
    assert not (tmp_path / "fired").exists()


def npy(header: str, payload: bytes = b"") -> bytes:
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + payload


@pytest.mark.parametrize(
    "member",
    [
        npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1099511627776,)}"),
        npy("{'descr': '|u1', 'fortran_order': False, 'shape': (-4,)}"),
        npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4,)}", b"123"),
        npy("{'descr': '|u1', 'fortran_order': False, 'shape': (4,)}", b"12345"),
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"12345678"),
        npy("{'descr': 'nonsense', 'fortran_order': False, 'shape': (4,)}", b"1234"),
        npy("{'descr': '|u1', 'shape': (4,)}", b"1234"),
        npy("__import__('os').getcwd()"),
        npy("(" * 5000),
        b"\x93NUMPY\x03\x00\x00\x00\x00\x00",
        b"\x93NUM",
        b"",
    ],
    ids=lambda member: str(member[:60]),
)
def test_hostile_array_headers_are_refused(tmp_path: Path, member: bytes) -> None:
    with zipfile.ZipFile(tmp_path / "bad.npz", "w") as archive:
        archive.writestr("x.npy", member)
        archive.writestr("y.npy", member)
    with pytest.raises(ConfigError, match=re.escape(str(tmp_path / "bad.npz"))):
        datasets.load(str(tmp_path / "bad.npz"))


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "bomb.npz", x=np.zeros((1000, 1000), np.uint8), y=Y)
    monkeypatch.setattr("dltui.learning.data.npz.MAX_BYTES", 100_000)
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *a, **k: pytest.fail("was unpacked"))
    with pytest.raises(ConfigError, match="array x has 1000128 bytes"):
        datasets.load(path)


class Unpacked:
    """Counts what leaves the archives."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = 0
        real = zipfile.ZipExtFile.read

        def read(stream: zipfile.ZipExtFile, n: int | None = -1) -> bytes:
            data = real(stream, n)
            self.bytes += len(data)
            return data

        monkeypatch.setattr(zipfile.ZipExtFile, "read", read)


def test_a_bomb_is_refused_before_it_unfolds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many = saved(tmp_path / "many.npz", x=np.zeros((3_000_000, 1), np.uint8), y=Y)
    unpacked = Unpacked(monkeypatch)
    with pytest.raises(ConfigError, match=r"x has shape \(3000000, 1\) and y has shape \(4,\)"):
        datasets.load(many)
    monkeypatch.setattr("dltui.learning.data.npz.FREE_BYTES", 1_000_000)
    wide = saved(tmp_path / "wide.npz", x=np.zeros((4, 1, 750_000), np.uint8), y=Y)
    with pytest.raises(ConfigError, match="array x unpacks to 3000128 bytes from"):
        datasets.load(wide)
    assert unpacked.bytes < 200_000
    np.savez(tmp_path / "stored.npz", x=np.zeros((4, 1, 750_000), np.uint8), y=Y)
    assert datasets.load(str(tmp_path / "stored.npz")).input_shape == (1, 1, 750_000)


@pytest.mark.parametrize("save", [np.savez_compressed, np.savez])
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_files_never_crash(tmp_path: Path, save: Callable[..., None], data: st.DataObject) -> None:
    buffer = io.BytesIO()
    save(buffer, x=X, y=Y)
    whole = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = tmp_path / "damaged.npz"
    damaged.write_bytes(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    try:
        x, y = read_arrays(damaged, "x", "y")
    except ConfigError:
        return
    assert isinstance(x, np.ndarray) and isinstance(y, np.ndarray)


def test_an_uncompressed_array_is_mapped_and_cannot_be_written_through(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    before = (tmp_path / "a.npz").read_bytes()
    data = datasets.load(str(tmp_path / "a.npz"))
    assert isinstance(data.x.base, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        data.x[0] = 1
    x, _ = data.tensors(np.array([0, 1]))
    x.zero_()
    assert (tmp_path / "a.npz").read_bytes() == before


def test_the_fingerprint_is_of_the_records_and_not_of_their_file(tmp_path: Path) -> None:
    def fingerprint(x: np.ndarray, y: np.ndarray, save: Callable[..., None] = np.savez) -> str:
        save(tmp_path / "a.npz", x=x, y=y)
        return datasets.load(str(tmp_path / "a.npz")).fingerprint()

    first = fingerprint(X, Y)
    assert fingerprint(np.asfortranarray(X), Y.astype(np.int64), np.savez_compressed) == first
    changed = X.copy()
    changed[3, 1, 2] ^= 1
    others = [
        fingerprint(changed, Y),
        fingerprint(X, Y[::-1]),
        fingerprint(X[:, None, :, ::-1], Y),
        fingerprint(X / 1.0, Y),
    ]
    others.append(fingerprint(X.reshape(4, 3, 2), Y))
    assert len({first, *others}) == 6


def test_the_fingerprint_of_the_built_in_data_never_changes(mnist: datasets.Dataset) -> None:
    assert mnist.fingerprint() == "ef9dcc30baf89ce8ff7a5e58a0e741a14908d3007f5dfa2f93d8026b64a5eac8"


def test_a_file_without_the_arrays(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="has no array y"):
        datasets.load(saved(tmp_path / "a.npz", x=X))
    (tmp_path / "text.npz").write_text("not a zip")
    with pytest.raises(ConfigError, match="not a usable"):
        datasets.load(str(tmp_path / "text.npz"))


def test_a_users_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "my_records.py").write_text(
        "import numpy as np\n"
        "def good(): return np.eye(3, dtype=np.float32), np.arange(3)\n"
        "def wrong(): return [1], [2]\n"
        "def one(): return 5\n"
        "def broken(): return 1 / 0\n"
        "number = 5\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    data = datasets.load("my_records:good")
    assert (data.schema, data.y.tolist()) == ("float32/1x1x3/3", [0, 1, 2])
    for name, reason in {
        "my_records:wrong": "two numpy arrays",
        "my_records:one": "TypeError",
        "my_records:broken": "ZeroDivisionError: division by zero",
        "my_records:number": "not a function",
        "my_records:none": "AttributeError",
        "no_such_module:x": "ModuleNotFoundError",
        "my_records:": "not a module:function",
        ":x": "not a module:function",
        "os;:x": "not a module:function",
    }.items():
        with pytest.raises(ConfigError, match=reason) as caught:
            datasets.load(name)
        assert caught.value.where == name
    sys.modules.pop("my_records")
