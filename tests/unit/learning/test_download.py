"""Public data sets: fetched once by torchvision, read from files laid there by hand, or refused without a network."""

from __future__ import annotations

import gzip
import hashlib
import io
import pickle
import socket
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torchvision.datasets import CIFAR10, EMNIST, MNIST

from dltui.errors import ConfigError
from dltui.learning.data import catalog, datasets, network
from dltui.learning.data.download import get

RNG = np.random.default_rng(1)
TRAIN, TEST = RNG.integers(0, 256, (6, 28, 28), np.uint8), RNG.integers(0, 256, (4, 28, 28), np.uint8)
TRAIN_LABELS, TEST_LABELS = np.array([0, 1, 2, 3, 4, 9], np.uint8), np.array([5, 6, 7, 8], np.uint8)


def idx(array: np.ndarray) -> bytes:
    return b"\0\0\x08" + bytes([array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


FILES = {
    "train-images-idx3-ubyte": idx(TRAIN),
    "train-labels-idx1-ubyte": idx(TRAIN_LABELS),
    "t10k-images-idx3-ubyte": idx(TEST),
    "t10k-labels-idx1-ubyte": idx(TEST_LABELS),
}
ARCHIVES = {f"{name}.gz": gzip.compress(data, mtime=0) for name, data in FILES.items()}


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every name and every connection fails, as on a machine without a network."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """A mirror of a tiny MNIST on this machine; what the test puts into the mapping is what it serves."""
    served = dict(ARCHIVES)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = served.get(self.path.strip("/"), b"")
            self.send_response(200 if data else 404)
            self.send_header("Content-Length", str(len(ARCHIVES.get(self.path.strip("/"), b""))))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(data)

        do_HEAD = do_GET

        def log_message(self, *args: Any) -> None:
            pass

    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    http = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    url = f"http://127.0.0.1:{http.server_port}/"
    monkeypatch.setattr(MNIST, "mirrors", [url])
    monkeypatch.setattr(MNIST, "resources", [(name, md5(data)) for name, data in ARCHIVES.items()])
    monkeypatch.setitem(catalog.CATALOG, "mnist", replace(catalog.CATALOG["mnist"], host=url))
    yield served
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.mark.parametrize("name", sorted(catalog.CATALOG))
def test_without_a_network_the_error_names_files_place_and_what_works(
    no_network: None, tmp_path: Path, name: str
) -> None:
    root = tmp_path / "data"
    with pytest.raises(ConfigError, match="cannot be downloaded") as caught:
        get(name, str(root))
    assert caught.value.exit_code == 2
    assert caught.value.where == str(root)
    for archive in catalog.CATALOG[name].archives:
        assert archive in caught.value.hint
    for offline in ("mnist10k", ".npz", "folder:", "module:function"):
        assert offline in caught.value.hint
    assert list(root.iterdir()) == []


def test_a_network_that_swallows_everything_is_given_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *a, **k: released.wait(60) and [])
    monkeypatch.setattr(network, "PATIENCE", 0.05)
    with pytest.raises(ConfigError, match="no answer within"):
        get("cifar10", str(tmp_path))
    released.set()
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_answers_anything_is_within_reach(server: dict[str, bytes]) -> None:
    assert network.unreachable(catalog.CATALOG["mnist"].host) == ""


def test_a_download_leaves_one_file_that_is_mapped(server: dict[str, bytes], tmp_path: Path) -> None:
    path = get("mnist", str(tmp_path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["mnist.npz"]
    data = datasets.load("mnist", str(tmp_path))
    assert isinstance(data.x.base, np.memmap) or isinstance(data.x, np.memmap)
    assert np.array_equal(data.x[:, 0], np.concatenate([TRAIN, TEST]))
    assert data.y.tolist() == [0, 1, 2, 3, 4, 9, 5, 6, 7, 8]
    server.clear()
    before = path.read_bytes()
    assert get("mnist", str(tmp_path)).read_bytes() == before


def test_each_file_is_told_up_to_its_size_and_nothing_else_is_written(
    server: dict[str, bytes], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told: list[tuple[int, int]] = []
    get("mnist", str(tmp_path), lambda done, of: told.append((done, of)))
    assert {(len(data), len(data)) for data in ARCHIVES.values()} <= set(told)
    assert all(0 < done <= of for done, of in told)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("cut", [0, 1, 200])
def test_a_download_that_is_cut_off_leaves_nothing(server: dict[str, bytes], tmp_path: Path, cut: int) -> None:
    name = "t10k-images-idx3-ubyte.gz"
    server[name] = server[name][:cut]
    with pytest.raises(ConfigError, match="mnist cannot be had"):
        get("mnist", str(tmp_path))
    assert list(tmp_path.iterdir()) == []
    server.update(ARCHIVES)
    assert get("mnist", str(tmp_path)).is_file()


def test_an_interrupted_download_leaves_nothing(
    server: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(url: str, filename: str, *args: Any) -> None:
        Path(filename).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("torchvision.datasets.utils._urlretrieve", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get("mnist", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_a_download_of_other_bytes_is_refused(server: dict[str, bytes], tmp_path: Path) -> None:
    name = "train-images-idx3-ubyte.gz"
    server[name] = server[name][:-1] + b"\1"
    with pytest.raises(ConfigError, match="corrupted"):
        get("mnist", str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_archives_laid_there_by_hand_need_no_network(
    no_network: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MNIST, "resources", [(name, md5(data)) for name, data in ARCHIVES.items()])
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, data in ARCHIVES.items():
        (raw / name).write_bytes(data)
    get("mnist", str(tmp_path))
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["MNIST", "mnist.npz"]
    assert sorted(entry.name for entry in raw.iterdir()) == sorted(ARCHIVES)
    assert datasets.load("mnist", str(tmp_path)).schema == "uint8/1x28x28/10"


@pytest.mark.parametrize("damage", [None, "t10k-images-idx3-ubyte"])
def test_what_torchvision_unpacked_before_is_used(no_network: None, tmp_path: Path, damage: str | None) -> None:
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, data in FILES.items():
        (raw / name).write_bytes(data[:-5] if name == damage else data)
    if damage:
        with pytest.raises(ConfigError, match="mnist cannot be had"):
            get("mnist", str(tmp_path))
        assert [entry.name for entry in tmp_path.iterdir()] == ["MNIST"]
    else:
        get("mnist", str(tmp_path))
        assert len(datasets.load("mnist", str(tmp_path)).y) == 10


def test_cifar_is_unpickled_only_where_its_checksum_is_right(
    no_network: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = RNG.integers(0, 256, (3, 3, 32, 32), np.uint8)
    batch = pickle.dumps({"data": images.reshape(3, -1), "labels": [0, 9, 4]})
    meta = pickle.dumps({"label_names": list("abcdefghij")})
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, data in (("data_batch_1", batch), ("test_batch", batch), ("batches.meta", meta)):
            info = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    (tmp_path / "cifar-10-python.tar.gz").write_bytes(buffer.getvalue())
    monkeypatch.setattr(CIFAR10, "tgz_md5", md5(buffer.getvalue()))
    monkeypatch.setattr(CIFAR10, "train_list", [["data_batch_1", "0" * 32]])
    monkeypatch.setattr(CIFAR10, "test_list", [["test_batch", md5(batch)]])
    monkeypatch.setattr(CIFAR10, "meta", {**CIFAR10.meta, "md5": md5(meta)})
    with pytest.raises(ConfigError, match="cifar10 cannot be had"):
        get("cifar10", str(tmp_path))
    monkeypatch.setattr(CIFAR10, "train_list", [["data_batch_1", md5(batch)]])
    get("cifar10", str(tmp_path))
    data = datasets.load("cifar10", str(tmp_path), normalise="dataset")
    assert np.array_equal(data.x, np.concatenate([images, images]))
    assert data.y.tolist() == [0, 9, 4, 0, 9, 4]
    x, _ = data.tensors(np.array([0]))
    assert x[0, 2, 5, 7].item() == pytest.approx((images[0, 2, 5, 7] / 255 - 0.4465) / 0.2616, rel=1e-5)


def test_letters_stand_upright_and_begin_at_zero(no_network: None, tmp_path: Path) -> None:
    raw = tmp_path / "EMNIST" / "raw"
    raw.mkdir(parents=True)
    for part, images, labels in (("train", TRAIN, TRAIN_LABELS + 1), ("test", TEST, TEST_LABELS + 1)):
        (raw / f"emnist-letters-{part}-images-idx3-ubyte").write_bytes(idx(images))
        (raw / f"emnist-letters-{part}-labels-idx1-ubyte").write_bytes(idx(labels))
    get("emnist-letters", str(tmp_path))
    data = datasets.load("emnist-letters", str(tmp_path))
    assert np.array_equal(data.x[0, 0], TRAIN[0].T)
    assert data.y.tolist() == [0, 1, 2, 3, 4, 9, 5, 6, 7, 8]
    assert catalog.CATALOG["emnist-letters"].classes == len(EMNIST.classes_split_dict["letters"]) - 1


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="mnist cannot be had"):
        get("mnist", str(tmp_path / "file"))


@pytest.mark.parametrize(("name", "reason"), [("mnist10k", "there already"), ("minst", "did you mean mnist")])
def test_only_public_data_sets_are_fetched(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        get(name, str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_the_catalog_agrees_with_torchvision() -> None:
    import torchvision

    for known in catalog.CATALOG.values():
        family = getattr(torchvision.datasets, known.family)
        told = [name for name, _ in getattr(family, "resources", [])] if known.family != "EMNIST" else ["gzip.zip"]
        told = told or [family.filename]
        assert [archive.rpartition("/")[2] for archive in known.archives] == told
        addresses = getattr(family, "mirrors", []) if known.family != "EMNIST" else []
        assert known.host in [*addresses, getattr(family, "url", "")]
