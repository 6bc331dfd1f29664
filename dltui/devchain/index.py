"""The index beside the chain: blocks, transactions, receipts, logs, by hash, number and log filter."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from dltui.devchain.formats import Json, block_json, log_json, receipt_json, transaction_json
from dltui.devchain.machine import BlockResult

MAX_LOGS = 50_000
"""Most logs in one answer; a wider query is refused."""
MAX_LOG_BYTES = 16 * 1024 * 1024
"""Most data bytes of the logs in one answer."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS blocks(number INTEGER PRIMARY KEY, hash BLOB UNIQUE, body TEXT);
CREATE TABLE IF NOT EXISTS txs(
    hash BLOB PRIMARY KEY, block INTEGER, position INTEGER, body TEXT, receipt TEXT, UNIQUE(block, position)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS logs(
    block INTEGER, position INTEGER, tx_position INTEGER, tx BLOB, address BLOB,
    topic0 BLOB, topic1 BLOB, topic2 BLOB, topic3 BLOB, data BLOB, PRIMARY KEY(block, position)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS logs_of_address ON logs(address, block);
CREATE INDEX IF NOT EXISTS logs_by_topic ON logs(topic0, block);
"""
_LOG_COLUMNS = (
    "l.block, b.hash, json_extract(b.body, '$.timestamp'), l.tx, l.tx_position, l.position, "
    "l.address, l.topic0, l.topic1, l.topic2, l.topic3, l.data"
)
_LOG_SOURCE = f"SELECT {_LOG_COLUMNS} FROM logs l JOIN blocks b ON b.number = l.block WHERE "


class TooManyLogs(Exception):
    """A log query matched more than one answer may hold; the message says what."""


@dataclass(frozen=True)
class LogFilter:
    """Blocks `first` to `last`; any of `addresses`, and by position any of `topics` (empty: all)."""

    first: int
    last: int
    addresses: tuple[bytes, ...] = ()
    topics: tuple[tuple[bytes, ...], ...] = ()


class Answer:
    """Counts the logs of one answer, which may be found in several parts."""

    def __init__(self) -> None:
        self._logs = 0
        self._bytes = 0

    def add(self, size: int) -> None:
        """Count one more log with `size` bytes of data. Raises `TooManyLogs`."""
        self._logs += 1
        self._bytes += size
        if self._logs > MAX_LOGS:
            raise TooManyLogs(f"query returned more than {MAX_LOGS} results")
        if self._bytes > MAX_LOG_BYTES:
            raise TooManyLogs(f"query returned more than {MAX_LOG_BYTES} bytes of data")


class Index:
    """Queries and rows over `connection`; writes happen inside the caller's sqlite transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._db.executescript(_SCHEMA)

    def add(self, block: BlockResult) -> None:
        """Write the rows of one block; the caller commits."""
        body = block_json(block.header, [executed.tx.raw for executed in block.transactions])
        self._db.execute("INSERT INTO blocks VALUES (?, ?, ?)", (block.number, block.hash, json.dumps(body)))
        log_rows: list[tuple[Any, ...]] = []
        for position, executed in enumerate(block.transactions):
            transaction, receipt = transaction_json(block, position), receipt_json(block, position)
            self._db.execute(
                "INSERT INTO txs VALUES (?, ?, ?, ?, ?)",
                (executed.tx.hash, block.number, position, json.dumps(transaction), json.dumps(receipt)),
            )
            for entry in executed.logs:
                topics = [*entry.topics, None, None, None, None][:4]
                row = (
                    block.number,
                    len(log_rows),
                    position,
                    executed.tx.hash,
                    entry.address,
                    *topics,
                    entry.data,
                )
                log_rows.append(row)
        self._db.executemany("INSERT INTO logs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", log_rows)

    def height(self) -> int | None:
        """Return the number of the newest indexed block, or None."""
        value: int | None = self._db.execute("SELECT max(number) FROM blocks").fetchone()[0]
        return value

    def block_hashes(self, first: int, last: int) -> list[bytes]:
        """Return the hashes of the blocks from `first` to `last`, in order."""
        rows = self._db.execute("SELECT hash FROM blocks WHERE number BETWEEN ? AND ? ORDER BY number", (first, last))
        return [bytes(row[0]) for row in rows]

    def block_number(self, block_hash: bytes) -> int | None:
        """Return the number of the block with this hash, or None."""
        row = self._db.execute("SELECT number FROM blocks WHERE hash = ?", (block_hash,)).fetchone()
        return None if row is None else int(row[0])

    def block(self, number: int, full: bool = False) -> Json | None:
        """Return the block object with transaction hashes, or with whole transactions if `full`."""
        row = self._db.execute("SELECT body FROM blocks WHERE number = ?", (number,)).fetchone()
        if row is None:
            return None
        result: Json = json.loads(row[0])
        rows = self._db.execute("SELECT hash, body FROM txs WHERE block = ? ORDER BY position", (number,))
        result["transactions"] = [json.loads(body) if full else "0x" + hash_.hex() for hash_, body in rows]
        return result

    def transaction(self, tx_hash: bytes) -> Json | None:
        """Return the transaction object, or None."""
        row = self._db.execute("SELECT body FROM txs WHERE hash = ?", (tx_hash,)).fetchone()
        return None if row is None else json.loads(row[0])

    def transaction_count(self, number: int) -> int:
        """Return how many transactions a block has."""
        return int(self._db.execute("SELECT count(*) FROM txs WHERE block = ?", (number,)).fetchone()[0])

    def transaction_at(self, number: int, position: int) -> Json | None:
        """Return the transaction object at `position` of a block, or None."""
        row = self._db.execute("SELECT body FROM txs WHERE block = ? AND position = ?", (number, position)).fetchone()
        return None if row is None else json.loads(row[0])

    def receipt(self, tx_hash: bytes) -> Json | None:
        """Return the receipt object with its logs, or None."""
        row = self._db.execute("SELECT receipt, block, position FROM txs WHERE hash = ?", (tx_hash,)).fetchone()
        return None if row is None else self._with_logs(*row)

    def receipts(self, number: int) -> list[Json]:
        """Return the receipt objects of one block, in order."""
        rows = self._db.execute("SELECT receipt, block, position FROM txs WHERE block = ? ORDER BY position", (number,))
        return [self._with_logs(*row) for row in rows.fetchall()]

    def paid(self, number: int) -> list[tuple[int, int]]:
        """Return the effective gas price (wei per gas) and gas used of the transactions of one block, in order."""
        rows = self._db.execute(
            "SELECT json_extract(receipt, '$.effectiveGasPrice'), json_extract(receipt, '$.gasUsed') "
            "FROM txs WHERE block = ? ORDER BY position",
            (number,),
        )
        return [(int(price, 16), int(gas, 16)) for price, gas in rows]

    def logs(self, wanted: LogFilter, answer: Answer | None = None) -> list[Json]:
        """Return the log objects that match, in chain order, as a part of `answer`. Raises `TooManyLogs`."""
        answer = answer or Answer()
        clauses, values = ["l.block BETWEEN ? AND ?"], list[int | bytes]([wanted.first, wanted.last])
        columns: list[tuple[str, tuple[bytes, ...]]] = [("l.address", wanted.addresses)]
        columns += [(f"l.topic{i}", topics) for i, topics in enumerate(wanted.topics)]
        for position, (column, choices) in enumerate(columns):
            if choices:
                clauses.append(f"{column} IN ({', '.join('?' * len(choices))})")
                values += choices
            elif position:
                # A filter with n positions matches only logs that have at least n topics.
                clauses.append(f"{column} IS NOT NULL")
        query = f"{_LOG_SOURCE} {' AND '.join(clauses)} ORDER BY l.block, l.position LIMIT {MAX_LOGS + 1}"
        found: list[Json] = []
        for row in self._db.execute(query, values):
            answer.add(len(row[-1]))
            found.append(log_json(row))
        return found

    def _with_logs(self, receipt: str, number: int, position: int) -> Json:
        rows = self._db.execute(
            f"{_LOG_SOURCE} l.block = ? AND l.tx_position = ? ORDER BY l.position", (number, position)
        )
        return {**json.loads(receipt), "logs": [log_json(row) for row in rows]}
