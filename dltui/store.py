"""Content-addressed blobs over fsspec: a blob's name is the SHA-256 of its bytes."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from fsspec.core import url_to_fs

from dltui.errors import BlobError, ConfigError, MismatchError, RunError
from dltui.files import open_regular, write_whole

LIMIT = 64 * 1024 * 1024
"""Default largest blob that is read, in bytes."""

_DIGEST = re.compile(r"[0-9a-f]{64}\Z")
_NO_SUCH_FILE = (FileNotFoundError, NotADirectoryError)


class BlobMissing(BlobError):
    """The store has no blob of this digest."""


class BlobTooLarge(BlobError):
    """The blob is larger than the limit; it was not read."""


class BlobCorrupt(BlobError):
    """The bytes under this digest hash to something else."""


def digest_of(data: bytes) -> str:
    """Return the SHA-256 of `data`, 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def cid(digest_hex: str) -> str:
    """Return the digest as an IPFS CIDv1 (raw codec, sha2-256, base32 lower-case multibase)."""
    raw = bytes.fromhex("01551220" + _checked(digest_hex))
    return "b" + base64.b32encode(raw).decode("ascii").lower().rstrip("=")


def _checked(digest: str) -> str:
    if not isinstance(digest, str) or not _DIGEST.match(digest):
        shown = repr(digest)[:80]
        raise BlobError("not a digest: 64 lower-case hex digits expected", where=shown)
    return digest


class BlobStore(Protocol):
    """A store of blobs, as clients, engine and checks know it: the bytes may lie anywhere.

    A store on another host serves the same four functions and checks who asks.
    """

    def put(self, data: bytes) -> str:
        """Store `data` and return its digest; the same bytes again change nothing. Raises BlobError."""

    def get(self, digest: str, limit: int = LIMIT) -> bytes:
        """Return the blob's bytes, checked against the digest. Raises BlobMissing, BlobTooLarge or BlobError."""

    def has(self, digest: str) -> bool:
        """Return whether a blob lies under this digest. Raises BlobError."""

    def digests(self) -> Iterator[str]:
        """Yield every digest that the store holds, sorted. Raises BlobError."""


def open_store(url: str) -> BlobStore:
    """Return the store at `url`: a folder, or a URL that fsspec serves. Raises ConfigError for any other."""
    return Store(url)


class Store:
    """Blobs under `url`: a folder, or any fsspec URL (`memory://`, `s3://`, …).

    Laid out as `ab/abcdef…`. Every read is checked against the digest; a write is atomic (on a local disk
    through a temporary file and a rename) and writing the same bytes again changes nothing. Raises
    ConfigError for a URL that fsspec does not know.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        try:
            self._fs, root = url_to_fs(url, skip_instance_cache=True, use_listings_cache=False)
        except (ValueError, ImportError) as error:
            hint = "use a folder, or a URL that an installed fsspec package serves"
            raise ConfigError(str(error), where=f"blob store {url}", hint=hint) from error
        self._root = root.rstrip("/")
        protocol = self._fs.protocol
        self._local = "file" in ((protocol,) if isinstance(protocol, str) else protocol)

    def path(self, digest: str) -> str:
        """Return the path of a blob, which need not exist. Raises BlobError for what is no digest."""
        _checked(digest)
        return f"{self._root}/{digest[:2]}/{digest}"

    def put(self, data: bytes) -> str:
        """Store `data` and return its digest; a damaged copy that is already there is replaced.

        Raises BlobError if the store cannot be written.
        """
        digest = digest_of(data)
        path = self.path(digest)
        try:
            if self._holds(path, digest, len(data)):
                return digest
            if self._local:
                self._write_local(path, data)
            else:
                self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
                self._fs.pipe_file(path, data)
        except OSError as error:
            reason = error.strerror or str(error)
            raise BlobError(f"cannot store the blob: {reason}", where=path) from error
        return digest

    def get(self, digest: str, limit: int = LIMIT) -> bytes:
        """Return the blob's bytes, at most `limit`.

        The size is checked before anything is read, the hash after. Raises BlobMissing, BlobTooLarge,
        BlobCorrupt, or BlobError if the store cannot be read.
        """
        path = self.path(digest)
        try:
            size = self._size(path)
            if size > limit:
                raise BlobTooLarge(f"blob {digest} is {size} bytes, over the limit of {limit}", where=path)
            with open_regular(path) if self._local else self._fs.open(path, "rb") as stream:
                data: bytes = stream.read(limit + 1)
        except _NO_SUCH_FILE as error:
            raise BlobMissing(f"blob {digest} is missing", where=path) from error
        except OSError as error:
            reason = error.strerror or str(error)
            raise BlobError(f"cannot read blob {digest}: {reason}", where=path) from error
        except (MismatchError, RunError) as error:
            raise BlobCorrupt(f"blob {digest} {error.message}", where=path) from error
        if len(data) > limit:
            raise BlobTooLarge(f"blob {digest} grew over the limit of {limit} bytes", where=path)
        found = digest_of(data)
        if found != digest:
            raise BlobCorrupt(f"blob {digest} is corrupt: its bytes hash to {found}", where=path)
        return data

    def has(self, digest: str) -> bool:
        """Return whether a blob lies under this digest; its bytes are checked by `get`."""
        path = self.path(digest)
        try:
            return bool(self._fs.isfile(path))
        except OSError as error:
            raise BlobError(f"cannot reach the store: {error}", where=path) from error

    def digests(self) -> Iterator[str]:
        """Yield every digest that the store holds, sorted; files with other names are passed over."""
        for folder in self._names(self._root):
            if len(folder) == 2:
                for name in self._names(f"{self._root}/{folder}"):
                    if _DIGEST.match(name) and name.startswith(folder):
                        yield name

    def _names(self, folder: str) -> list[str]:
        try:
            entries = self._fs.ls(folder, detail=False)
        except _NO_SUCH_FILE:
            return []
        except OSError as error:
            raise BlobError(f"cannot list the store: {error}", where=folder) from error
        return sorted(entry.rstrip("/").rsplit("/", 1)[-1] for entry in entries)

    def _size(self, path: str) -> int:
        info: dict[str, Any] = self._fs.info(path)
        if info["type"] != "file":
            raise BlobCorrupt("a blob is expected here, not a folder or a device", where=path)
        return int(info["size"])

    def _holds(self, path: str, digest: str, size: int) -> bool:
        try:
            return self._size(path) == size and digest_of(self._fs.cat_file(path)) == digest
        except _NO_SUCH_FILE:
            return False

    def _write_local(self, path: str, data: bytes) -> None:
        folder = os.path.dirname(path)
        os.makedirs(folder, exist_ok=True)
        write_whole(Path(path), data, temporary=Path(folder, f".{secrets.token_hex(8)}.tmp"))
