"""The blob store: what goes in comes out, and nothing else does."""

from __future__ import annotations

import hashlib
import os
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dltui.errors import BlobError, ConfigError
from dltui.store import BlobCorrupt, BlobMissing, BlobTooLarge, Store, cid, digest_of

HELLO = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "blobs"))


def test_a_blob_is_named_by_its_sha256_and_lies_in_a_fan_out(store: Store, tmp_path: Path) -> None:
    assert store.put(b"hello world") == HELLO
    assert store.get(HELLO) == b"hello world"
    assert (tmp_path / "blobs" / "b9" / HELLO).read_bytes() == b"hello world"
    assert store.path(HELLO) == str(tmp_path / "blobs" / "b9" / HELLO)


def test_cid_is_the_one_that_ipfs_gives() -> None:
    assert cid(HELLO) == "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"
    assert cid(digest_of(b"")) == "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


@given(st.binary(max_size=2000))
def test_any_bytes_round_trip_in_a_remote_store(data: bytes) -> None:
    store = Store("memory://round-trip")
    digest = store.put(data)
    assert digest == hashlib.sha256(data).hexdigest()
    assert store.has(digest)
    assert store.get(digest, limit=len(data)) == data


def test_digests_of_a_remote_store_are_never_stale() -> None:
    store = Store(f"memory://{uuid.uuid4().hex}")
    assert list(store.digests()) == []
    first = store.put(b"one")
    assert list(store.digests()) == [first]
    second = store.put(b"two")
    assert list(store.digests()) == sorted([first, second])


def test_putting_again_changes_nothing_on_disk(store: Store, tmp_path: Path) -> None:
    digest = store.put(b"same")
    before = os.stat(store.path(digest))
    assert store.put(b"same") == digest
    after = os.stat(store.path(digest))
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert [p.name for p in (tmp_path / "blobs").rglob("*") if p.is_file()] == [digest]


def test_putting_again_repairs_a_damaged_copy(store: Store) -> None:
    digest = store.put(b"whole")
    for damage in (b"wh", b"WHOLE"):
        Path(store.path(digest)).write_bytes(damage)
        assert store.put(b"whole") == digest
        assert store.get(digest) == b"whole"


def test_many_writers_of_the_same_blob(store: Store, tmp_path: Path) -> None:
    data = os.urandom(200_000)
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(store.put, [data] * 32))
    assert digests == {digest_of(data)}
    assert store.get(digest_of(data)) == data
    assert len([p for p in (tmp_path / "blobs").rglob("*") if p.is_file()]) == 1


def test_missing_names_digest_and_path(store: Store) -> None:
    assert not store.has(HELLO)
    with pytest.raises(BlobMissing) as caught:
        store.get(HELLO)
    assert HELLO in caught.value.message
    assert caught.value.where == store.path(HELLO)


def test_too_large_is_refused_before_it_is_read(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = store.put(b"x" * 1001)
    assert store.get(digest, limit=1001) == b"x" * 1001
    monkeypatch.setattr(store._fs, "open", lambda *a, **k: pytest.fail("was opened"))
    with pytest.raises(BlobTooLarge, match=f"{digest} is 1001 bytes, over the limit of 1000"):
        store.get(digest, limit=1000)


@pytest.mark.parametrize("damage", [b"", b"hello worlD", b"hello world ", b"hello"])
def test_corrupt_bytes_are_never_returned(store: Store, damage: bytes) -> None:
    store.put(b"hello world")
    Path(store.path(HELLO)).write_bytes(damage)
    with pytest.raises(BlobCorrupt) as caught:
        store.get(HELLO)
    assert HELLO in caught.value.message and digest_of(damage) in caught.value.message
    assert caught.value.where == store.path(HELLO)


def test_a_folder_or_a_pipe_in_a_blobs_place_is_refused_and_does_not_hang(store: Store) -> None:
    path = Path(store.path(HELLO))
    path.mkdir(parents=True)
    assert not store.has(HELLO)
    with pytest.raises(BlobCorrupt):
        store.get(HELLO)
    path.rmdir()
    os.mkfifo(path)
    assert not store.has(HELLO)
    with pytest.raises(BlobCorrupt):
        store.get(HELLO)


@pytest.mark.parametrize(
    "digest",
    ["", "ab", HELLO.upper(), HELLO + "\n", HELLO[:-1] + "g", "0x" + HELLO[2:], "../" * 21 + "a", "\u0661" * 64],
)
def test_only_digests_are_taken_at_the_door(store: Store, digest: str) -> None:
    for use in (store.get, store.has, store.path, cid):
        with pytest.raises(BlobError, match="64 lower-case hex digits"):
            use(digest)


def test_digests_lists_blobs_and_nothing_else(store: Store, tmp_path: Path) -> None:
    wanted = sorted(store.put(bytes([n])) for n in range(20))
    root = tmp_path / "blobs"
    (root / "README").write_text("not a blob")
    (root / HELLO[:2]).mkdir(exist_ok=True)
    (root / HELLO[:2] / ".cafe.tmp").write_text("cut off")
    (root / "00").mkdir(exist_ok=True)
    (root / "00" / HELLO).write_text("in the wrong folder")
    assert list(store.digests()) == wanted


def test_a_failed_write_leaves_neither_blob_nor_rest(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(BlobError, match="No space left on device") as caught:
        store.put(b"hello world")
    assert caught.value.where == store.path(HELLO)
    assert not store.has(HELLO)
    assert [p for p in (tmp_path / "blobs").rglob("*") if p.is_file()] == []


def test_a_file_where_the_store_should_be(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("I am a file")
    store = Store(str(tmp_path / "blobs"))
    with pytest.raises(BlobError, match="cannot store the blob"):
        store.put(b"hello world")
    with pytest.raises(BlobMissing):
        store.get(HELLO)


def test_an_unknown_url_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="nope") as caught:
        Store("nope://blobs")
    assert caught.value.exit_code == 2
