"""The run's transaction log: every block's raw signed transactions, from which any local engine rebuilds the chain.

JSON lines: first `{"genesis_sha256": …, "v": 1}`, then one line a block from block 1 on:
`{"block": n, "timestamp": unix seconds, "hash": "0x…", "state_root": "0x…", "txs": ["0x<raw>", …]}`.

With `"engine": "anvil"` in the first line, hash and state root are anvil's own, and each block has a `receipts_root`,
which any node would compute.

On a foreign chain (`"engine": "url"`, with `"after"`: the last block before the run) only blocks with our
transactions have a line, only ours are in it, and `receipts` holds what the node said that they did.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dltui.chain.history.rawtx import raw_transaction
from dltui.core.safe_json import decode_json
from dltui.errors import ChainError
from dltui.files import open_regular

_VERSION = 1
_MAX_LINE = 64 * 1024 * 1024
_MAX_BYTES = 16 * 1024**3
_HASH = re.compile(r"0x[0-9a-f]{64}")
_RAW = re.compile(r"0x([0-9a-f]{2})+")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HEAD = {"genesis_sha256", "v"}
_KEYS = {"block", "timestamp", "hash", "state_root", "txs"}
_MORE = {"embedded": set[str](), "anvil": {"receipts_root"}, "url": {"receipts"}}
"""The keys that a block has besides, by the engine."""


@dataclass(frozen=True)
class BlockRecord:
    """One block: `timestamp` in unix seconds, hashes in hex, `txs` the signed bytes in order.

    `receipts_root` is there if hash and state root are the engine's own; `receipts` are JSON-RPC receipts in the
    same order, only if the block cannot be executed again.
    """

    block: int
    timestamp: int
    hash: str
    state_root: str
    txs: tuple[bytes, ...]
    receipts_root: str = ""
    receipts: tuple[dict[str, Any], ...] = ()

    def encode(self) -> bytes:
        """Return the block's line in the log."""
        document: dict[str, Any] = {
            "block": self.block,
            "timestamp": self.timestamp,
            "hash": self.hash,
            "state_root": self.state_root,
            "txs": ["0x" + raw.hex() for raw in self.txs],
        }
        if self.receipts_root:
            document["receipts_root"] = self.receipts_root
        if self.receipts:
            document["receipts"] = list(self.receipts)
        return json.dumps(document, separators=(",", ":")).encode() + b"\n"


class TxLog:
    """An existing transaction log at `path`, which one process appends to.

    Opening reads it through once; `last_block` is the number of its last whole line, `last_hash` and `last_state_root`
    are that block's (0 and "": none). `genesis_sha256` names the beginning of the chain: the digest of the genesis
    file, or what a node by its address has instead. Errors are `ChainError` with file and line.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.genesis_sha256 = ""
        self.engine = "embedded"
        self.after = 0
        self.last_block = 0
        self.last_hash = ""
        self.last_state_root = ""
        self._whole = 0
        for record in self.read(allow_torn=True):
            self._stands_at(record)
        self.last_block = self.last_block or self.after

    @classmethod
    def create(cls, path: Path, genesis_sha256: str, engine: str = "embedded", after: int = 0) -> TxLog:
        """Begin a log of the chain that `engine` makes; raises `ChainError` if the file exists.

        `after` is the number of the last block before the run, on a chain that was there before it.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        head: dict[str, Any] = {"genesis_sha256": genesis_sha256, "v": _VERSION}
        head |= {"engine": engine} if engine != "embedded" else {}
        head |= {"after": after} if engine == "url" else {}
        header = json.dumps(head, separators=(",", ":")).encode()
        try:
            with path.open("xb") as file:
                _write(file.fileno(), header + b"\n")
        except OSError as error:
            raise ChainError(f"cannot begin the transaction log: {error.strerror}", where=str(path)) from error
        _sync_directory(path.parent)
        return cls(path)

    @property
    def sparse(self) -> bool:
        """Whether blocks without our transactions have no line."""
        return self.engine == "url"

    def append(self, record: BlockRecord) -> None:
        """Write the next block and have it on disk before this returns.

        What a killed writer left of a torn line is cut off first. Raises `ChainError` if the number does
        not follow or the disk refuses; the file then still ends with a whole line.
        """
        if not self._follows(record.block, self.last_block):
            text = f"block {record.block} does not follow block {self.last_block}"
            raise ChainError(text, where=str(self.path))
        line = record.encode()
        try:
            with self.path.open("r+b") as file:
                file.truncate(self._whole)
                file.seek(self._whole)
                _write(file.fileno(), line)
        except OSError as error:
            raise ChainError(f"cannot write the transaction log: {error.strerror}", where=str(self.path)) from error
        self._whole += len(line)
        self._stands_at(record)

    def read(self, allow_torn: bool = False) -> Iterator[BlockRecord]:
        """Yield every block in order, each line checked; `allow_torn` passes over an unfinished last line."""
        try:
            file = open_regular(self.path, _MAX_BYTES)
        except FileNotFoundError as error:
            raise ChainError(f"cannot read the transaction log: {error.strerror}", where=str(self.path)) from error
        with file:
            self._read_header(file.readline(_MAX_LINE))
            self._whole = file.tell()
            number, before = 1, self.after
            while line := file.readline(_MAX_LINE):
                if not line.endswith(b"\n"):
                    if allow_torn:
                        return
                    raise self._bad(number + 1, "the line is not finished")
                record = self._record(line, number, before)
                self._whole = file.tell()
                yield record
                number, before = number + 1, record.block

    def altered(self, block: int, reason: str) -> ChainError:
        """Return the error for a block that does not give what it gave."""
        return ChainError(
            f"block {block} of the transaction log {reason}",
            where=str(self.path),
            hint="the log or the chain state was altered",
        )

    def _stands_at(self, record: BlockRecord) -> None:
        self.last_block, self.last_hash, self.last_state_root = record.block, record.hash, record.state_root

    def _follows(self, block: int, before: int) -> bool:
        return block > before if self.sparse else block == before + 1

    def _read_header(self, line: bytes) -> None:
        document = self._document(line, 1)
        if not _HEAD <= set(document) <= _HEAD | {"engine", "after"} or document["v"] != _VERSION:
            raise self._bad(1, "this is not a transaction log of version 1")
        self.engine, self.after = document.get("engine", "embedded"), document.get("after", 0)
        if self.engine not in _MORE or type(self.after) is not int or self.after < 0:
            raise self._bad(1, "no engine makes such a log")
        if not _matches(_SHA256, document["genesis_sha256"]):
            raise self._bad(1, "genesis_sha256 is not a digest")
        self.genesis_sha256 = document["genesis_sha256"]

    def _record(self, line: bytes, number: int, before: int) -> BlockRecord:
        document = self._document(line, number + 1)
        if set(document) != _KEYS | _MORE[self.engine]:
            raise self._bad(number + 1, "the keys are not those of a block")
        block, timestamp, txs = document["block"], document["timestamp"], document["txs"]
        if type(block) is not int or not self._follows(block, before):
            raise self._bad(number + 1, f"block {before + 1} is expected here")
        if type(timestamp) is not int or not 0 <= timestamp < 2**40:
            raise self._bad(number + 1, "the timestamp is not unix seconds")
        if not _matches(_HASH, document["hash"]) or not _matches(_HASH, document["state_root"]):
            raise self._bad(number + 1, "a hash is not 32 bytes in hex")
        receipts_root = document.get("receipts_root", "")
        if self.engine == "anvil" and not _matches(_HASH, receipts_root):
            raise self._bad(number + 1, "receipts_root is not 32 bytes in hex")
        if not isinstance(txs, list) or not all(_matches(_RAW, raw) for raw in txs):
            raise self._bad(number + 1, "the transactions are not a list of hex strings")
        raws = tuple(bytes.fromhex(raw[2:]) for raw in txs)
        receipts = document.get("receipts", [])
        if self.sparse and (not isinstance(receipts, list) or len(receipts) != len(raws)):
            raise self._bad(number + 1, "there is not one receipt a transaction")
        return BlockRecord(
            block, timestamp, document["hash"], document["state_root"], raws, receipts_root, tuple(receipts)
        )

    def _document(self, line: bytes, number: int) -> dict[str, Any]:
        if not line.endswith(b"\n"):
            raise self._bad(number, "the line is missing, not finished or too long")
        try:
            document = decode_json(line, unique=True)
        except ValueError as error:
            raise self._bad(number, "the line is not JSON") from error
        if not isinstance(document, dict):
            raise self._bad(number, "the line is not an object")
        return document

    def _bad(self, line: int, reason: str) -> ChainError:
        return ChainError(reason, where=f"{self.path}, line {line}")


def record_of(block: Any, number: int, engine: str) -> BlockRecord:
    """Return the record of a `block` with whole transactions, as a node gave it: its signed transactions are rebuilt.

    Raises `ChainError` if there is no such block or a transaction does not hash to what it claims.
    """
    where = f"block {number}"
    if not isinstance(block, dict):
        raise ChainError("the node has no such block", where=where)
    try:
        record = BlockRecord(
            block=int(block["number"], 16),
            timestamp=int(block["timestamp"], 16),
            hash=block["hash"].lower(),
            state_root=block["stateRoot"].lower(),
            txs=tuple(raw_transaction(tx) for tx in block["transactions"]),
            receipts_root=block["receiptsRoot"].lower() if engine == "anvil" else "",
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ChainError("the node's block cannot be read", where=where) from error
    if record.block != number or not _matches(_HASH, record.hash) or not _matches(_HASH, record.state_root):
        raise ChainError("the node's block cannot be read", where=where)
    return record


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
