"""Files of a run directory that somebody else made: opened as regular files of bounded size, or refused by name."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from dltui.errors import DltuiError, MismatchError, RunError
from dltui.files import MAX_DEPTH, check_tree, open_regular, read_regular, try_lock, write_whole

HOLE = 20 * 10**9


def linked(path: Path) -> None:
    path.symlink_to("/dev/zero")


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nothing"))


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(path))


def hollow(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HOLE)


NOT_REGULAR = {"a symbolic link": linked, "a pipe": os.mkfifo, "a folder": Path.mkdir, "a socket": listening}


@pytest.mark.parametrize("kind", NOT_REGULAR)
def test_what_is_no_regular_file_is_refused_without_waiting(tmp_path: Path, kind: str) -> None:
    NOT_REGULAR[kind](tmp_path / "x")
    for reader in (open_regular, read_regular):
        with pytest.raises(MismatchError, match=f"is {kind}, a regular file is expected") as caught:
            reader(tmp_path / "x")
        assert caught.value.where == str(tmp_path / "x")


def test_a_link_to_a_regular_file_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"secret")
    (tmp_path / "x").symlink_to(tmp_path / "real")
    with pytest.raises(MismatchError, match="a symbolic link"):
        read_regular(tmp_path / "x")


def test_a_device_is_refused() -> None:
    with pytest.raises(MismatchError, match="is a device"):
        read_regular("/dev/zero")


def test_the_size_is_checked_before_anything_is_read(tmp_path: Path) -> None:
    hollow(tmp_path / "x")
    with pytest.raises(MismatchError, match="is larger than 1,000 bytes"):
        read_regular(tmp_path / "x", 1_000)
    (tmp_path / "y").write_bytes(b"y" * 1_000)
    assert read_regular(tmp_path / "y", 1_000) == b"y" * 1_000


def test_a_missing_file_is_told_from_one_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "x")
    (tmp_path / "x").write_bytes(b"")
    with pytest.raises(RunError, match="cannot be read"):
        read_regular(tmp_path / "x" / "y")


@pytest.mark.parametrize("make", [linked, dangling, os.mkfifo, listening])
def test_a_tree_with_anything_but_files_and_folders_is_refused(tmp_path: Path, make: Callable[[Path], None]) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "file").write_bytes(b"")
    assert check_tree(tmp_path) == [tmp_path / "a" / "file"]
    make(tmp_path / "a" / "b" / "x")
    with pytest.raises(MismatchError) as caught:
        check_tree(tmp_path, ("x",))
    assert caught.value.where == str(tmp_path / "a" / "b" / "x")


def test_a_pipe_of_the_engines_own_is_allowed_in_its_place(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert check_tree(tmp_path, ("pipe",)) == []
    (tmp_path / "pipe").unlink()
    linked(tmp_path / "pipe")
    with pytest.raises(MismatchError, match="a symbolic link"):
        check_tree(tmp_path, ("pipe",))


def test_folders_do_not_go_down_for_ever(tmp_path: Path) -> None:
    (tmp_path / "/".join("d" * 400)).mkdir(parents=True)
    with pytest.raises(DltuiError, match="nested deeper"):
        check_tree(tmp_path)
    assert MAX_DEPTH < 400


def test_a_file_that_cannot_be_written_stays_what_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.json"
    write_whole(path, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dltui.files.os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old" and [file.name for file in tmp_path.iterdir()] == ["run.json"]


def test_what_a_killed_writer_left_gives_the_next_one_neither_its_mode_nor_its_target(tmp_path: Path) -> None:
    path, left, elsewhere = tmp_path / "keys.json", tmp_path / "keys.json.tmp", tmp_path / "elsewhere"
    left.write_bytes(b"half")
    left.chmod(0o644)
    write_whole(path, b"secret", mode=0o600)
    assert path.read_bytes() == b"secret" and path.stat().st_mode & 0o777 == 0o600
    elsewhere.write_bytes(b"untouched")
    left.symlink_to(elsewhere)
    write_whole(path, b"again", mode=0o600)
    assert path.read_bytes() == b"again" and not path.is_symlink() and elsewhere.read_bytes() == b"untouched"


def test_a_lock_is_for_one_and_is_free_when_its_file_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("a") as first, path.open("a") as second:
        assert try_lock(first.fileno()) and not try_lock(second.fileno()) and not try_lock(second.fileno(), shared=True)
        first.close()
        assert try_lock(second.fileno(), shared=True)
        with path.open() as third:
            assert try_lock(third.fileno(), shared=True) and not try_lock(third.fileno())
