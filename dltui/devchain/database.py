"""The node's one sqlite file: py-evm's key-value store, written together with the index once a block."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dltui.devchain.evm import Database
from dltui.errors import ChainError

RESTORE = "delete the file to have the chain restored from its transaction log"
"""What to do about an unusable state file."""
CACHE_BYTES = 32 * 1024 * 1024
"""Most bytes of keys and values that are kept in memory; what came first goes first."""


class SqliteStore(Database):
    """A key-value store whose writes wait in memory until `block()` commits them with the caller's own rows.

    A process killed at any point leaves whole blocks only: the write-ahead log is replayed or dropped by
    sqlite. Not thread-safe; one lock outside guards all use. Raises `ChainError` if the file cannot be
    used.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = str(path)
        self._cache: dict[bytes, bytes] = {}
        self._cached = 0
        self._pending: dict[bytes, bytes | None] = {}
        try:
            self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self.connection.execute("PRAGMA journal_mode=WAL")
            self.connection.execute("PRAGMA synchronous=NORMAL")
            self.connection.execute("CREATE TABLE IF NOT EXISTS kv(k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID")
        except sqlite3.Error as error:
            raise ChainError(
                f"the chain state cannot be opened: {error}",
                where=self._path,
                hint=RESTORE,
            ) from error

    def __getitem__(self, key: bytes) -> bytes:
        if key in self._pending:
            value = self._pending[key]
        elif key in self._cache:
            return self._cache[key]
        else:
            row = self.connection.execute("SELECT v FROM kv WHERE k = ?", (key,)).fetchone()
            value = None if row is None else row[0]
            if value is not None:
                self._remember(key, value)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._pending[key] = value

    def __delitem__(self, key: bytes) -> None:
        if not self._exists(key):
            raise KeyError(key)
        self._pending[key] = None

    def _exists(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    @contextmanager
    def block(self) -> Iterator[sqlite3.Connection]:
        """One sqlite transaction: what was set since the last one, and the rows the caller writes inside.

        If the caller or sqlite fails, nothing is written, the pending values are dropped and the error
        goes on.
        """
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            yield self.connection
            written = [(k, v) for k, v in self._pending.items() if v is not None]
            deleted = [(k,) for k, v in self._pending.items() if v is None]
            self.connection.executemany("INSERT OR REPLACE INTO kv VALUES (?, ?)", written)
            self.connection.executemany("DELETE FROM kv WHERE k = ?", deleted)
            self.connection.execute("COMMIT")
        except BaseException:
            self._pending.clear()
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise
        for key, value in written:
            self._remember(key, value)
        for (key,) in deleted:
            self._forget(key)
        self._pending.clear()

    def reader(self) -> SqliteReader:
        """Return a view of the committed entries for one other thread, with a connection of its own."""
        return SqliteReader(self._path, self._cache)

    def close(self) -> None:
        """Move the write-ahead log into the file and close it."""
        self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.connection.close()

    def _remember(self, key: bytes, value: bytes) -> None:
        self._forget(key)
        self._cache[key] = value
        self._cached += len(key) + len(value)
        while self._cached > CACHE_BYTES:
            self._forget(next(iter(self._cache)))

    def _forget(self, key: bytes) -> None:
        value = self._cache.pop(key, None)
        if value is not None:
            self._cached -= len(key) + len(value)


class SqliteReader(Database):
    """What a store has committed, read beside it: waits for no block in the making, and cannot write.

    `cache` is the store's own; it only ever holds committed values. For one thread at a time.
    """

    def __init__(self, path: str, cache: Mapping[bytes, bytes]) -> None:
        self._cache = cache
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA query_only=ON")

    def __getitem__(self, key: bytes) -> bytes:
        value = self._cache.get(key)
        if value is not None:
            return value
        row = self._connection.execute("SELECT v FROM kv WHERE k = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return bytes(row[0])

    def __setitem__(self, key: bytes, value: bytes) -> None:
        raise TypeError("a reader cannot write")

    def __delitem__(self, key: bytes) -> None:
        raise TypeError("a reader cannot write")

    def _exists(self, key: bytes) -> bool:
        try:
            self[key]
        except KeyError:
            return False
        return True

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
