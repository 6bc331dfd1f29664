"""Files that may come from anybody: read only if regular and of bounded size, no link followed; written whole or not.

A link to an endless device, a pipe without a writer, a folder in a file's place or 20 GB of nothing end in one line
that names the file.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from dltui.errors import ConfigError, MismatchError, RunError

DOCUMENT = 64 << 20
"""Largest JSON document of a run that is read, in bytes."""
MAX_DEPTH = 8
"""Deepest nesting of folders in a run directory."""

_KINDS = {
    stat.S_IFREG: "a file",
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: Path | str, limit: int | None = None) -> BinaryIO:
    """Open a regular file for reading, without waiting and without following a link.

    Raises FileNotFoundError; MismatchError if it is anything but a regular file, or larger than `limit` bytes;
    RunError if the system refuses it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            _check(os.lstat(path), path)
        raise RunError(f"cannot be read ({error.strerror})", where=str(path)) from error
    try:
        found = os.fstat(descriptor)
        _check(found, path)
        if limit is not None and found.st_size > limit:
            raise MismatchError(f"is larger than {limit:,} bytes", where=str(path))
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_regular(path: Path | str, limit: int = DOCUMENT) -> bytes:
    """Return the bytes of a regular file. Raises as `open_regular` does, also if it grows over `limit` meanwhile."""
    with open_regular(path, limit) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise MismatchError(f"grew over {limit:,} bytes", where=str(path))
    return data


def check_tree(root: Path, pipes: tuple[str, ...] = ()) -> list[Path]:
    """Return the files below `root`, sorted. Raises MismatchError at the first that is not regular or too deep.

    An engine writes under fixed names: through a link it would write to another's file. `pipes` names those that
    an engine makes itself, in `root`.
    """
    return list(_files(root, {root / name for name in pipes}, MAX_DEPTH))


def _files(folder: Path, pipes: set[Path], depth: int) -> Iterator[Path]:
    if not depth:
        raise MismatchError("is nested deeper than any folder of a run", where=str(folder))
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        raise RunError(f"cannot be read ({error.strerror})", where=str(folder)) from error
    for entry in entries:
        path, status = Path(entry.path), entry.stat(follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            yield from _files(path, pipes, depth - 1)
        elif not (path in pipes and stat.S_ISFIFO(status.st_mode)):
            _check(status, path)
            yield path


def kind_of(mode: int) -> str:
    """Return what something in a folder is, in words, by its mode."""
    return _KINDS.get(stat.S_IFMT(mode), "something else")


def _check(status: os.stat_result, path: Path | str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise MismatchError(f"is {kind_of(status.st_mode)}, a regular file is expected", where=str(path))


def write_whole(path: Path, data: bytes, *, temporary: Path | None = None, mode: int = 0o666) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part, even if the power fails.

    It is written beside `path`, under that name and `.tmp`; give `temporary` if several processes may write at once.
    `mode` is that of a new file, less the umask. If it fails, nothing of it stays.
    """
    temporary = temporary or path.with_name(path.name + ".tmp")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def try_lock(descriptor: int, shared: bool = False) -> bool:
    """Lock an open file without waiting; False if another process has it. The kernel frees the lock when that one ends.

    `shared` locks are only in the way of one that is not.
    """
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def file_sha256(path: Path, limit: int | None = None) -> str:
    """Return the SHA-256 of a file in hex, empty if there is none.

    Raises MismatchError if it is larger than `limit` bytes.
    """
    digest = hashlib.sha256()
    try:
        with open_regular(path, limit) as file:
            while part := file.read(1 << 20):
                digest.update(part)
    except FileNotFoundError:
        return ""
    return digest.hexdigest()


def owner_only(path: str, flags: int) -> int:
    """Return an `opener` of `open`: a new file is readable for its owner alone."""
    return os.open(path, flags, 0o600)


def refuse_readable(path: Path) -> None:
    """Raise ConfigError if others than the owner may read the secret in this file; one that is missing passes."""
    try:
        found = path.stat()
    except OSError:
        return
    if stat.S_ISREG(found.st_mode) and found.st_mode & 0o077:
        raise ConfigError(
            f"holds a secret, and others may read it (mode {stat.S_IMODE(found.st_mode):04o})",
            where=str(path),
            hint=f"chmod 600 {shlex.quote(str(path))}",
        )
