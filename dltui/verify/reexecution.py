"""The chain part of `verify`: re-execute the transaction log from genesis; compare blocks, receipts, logs, storage.

The embedded EVM does it, whichever local engine made the blocks. anvil's block hashes and state roots are its own, so
there the receipts are compared block by block, and the whole state at the end.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Any

from dltui.chain.history.blocks import MinedBlock, block_from
from dltui.chain.history.txlog import BlockRecord, TxLog
from dltui.chain.nodes import statefile
from dltui.chain.nodes.genesis import read_genesis
from dltui.devchain.stored_chain import STATE_FILE, NoBlock, StoredChain
from dltui.errors import ChainError, MismatchError
from dltui.files import open_regular, read_regular
from dltui.rundir.paths import RunPaths
from dltui.verify.report import Step

TABLES = {"kv": "k", "blocks": "number", "txs": "block, position", "logs": "block, position"}
"""The state file's tables and their order."""
SPARE_BYTES = 64 << 20
"""By how much a node's state file may be larger than four times what the transactions give."""


class Reexecution:
    """The run's chain, executed again in `scratch` from its genesis and its raw signed transactions."""

    doing = "executing blocks"

    def __init__(self, paths: RunPaths, scratch: Path) -> None:
        self._paths = paths
        self._scratch = scratch
        try:
            self._genesis = read_genesis(paths.genesis)
            self.log = TxLog(paths.txs)
        except ChainError as error:
            raise MismatchError(error.message, where=error.where) from error
        if self.log.genesis_sha256 != self._genesis.sha256():
            raise MismatchError("is not the genesis that the transaction log began with", where=str(paths.genesis))
        self._chain = StoredChain(scratch, self._genesis)
        self._root = "0x" + bytes(self._chain.head.state_root).hex()

    @property
    def chain_id(self) -> int:
        """The chain id of its genesis."""
        return self._genesis.chain_id

    @property
    def began(self) -> int:
        """Unix seconds of its genesis."""
        return self._genesis.timestamp

    @property
    def standard(self) -> bool:
        """Whether the blocks have the hashes and state roots that follow from their transactions alone."""
        return self.log.engine == "embedded"

    def blocks(self) -> Iterator[MinedBlock]:
        """Every block after genesis, executed and compared with what was recorded of it."""
        try:
            for record in self.log.read():
                yield self._execute(record)
        except ChainError as error:
            if isinstance(error, MismatchError):
                raise
            path = str(self._paths.txs)
            where = error.where if path in error.where else f"{path}, {error.where}"
            raise MismatchError(error.message, where=where) from error

    def _execute(self, record: BlockRecord) -> MinedBlock:
        where = f"{self._paths.txs}, block {record.block}"
        try:
            block = self._chain.mine(record.txs, record.timestamp, whole=True)
        except NoBlock as error:
            raise MismatchError(f"a transaction does not execute: {error}", where=where) from error
        self._root = "0x" + block.state_root.hex()
        found, receipts = "0x" + block.hash.hex(), "0x" + bytes(block.header.receipt_root).hex()
        if self.standard and (found, self._root) != (record.hash, record.state_root):
            raise MismatchError(f"re-executes to block hash {found}, recorded is {record.hash}", where=where)
        if not self.standard and receipts != record.receipts_root:
            text = f"re-executes to receipts with root {receipts}, recorded is {record.receipts_root}"
            raise MismatchError(text, where=where)
        index = self._chain.index
        body = index.block(block.number, full=True)
        if body is None:
            raise MismatchError("did not execute", where=where)
        executed = block_from(body, index.receipts(block.number))
        return replace(executed, hash=record.hash, state_root=record.state_root)

    @property
    def state_limit(self) -> int:
        """The most bytes that a node's state file may have, once this chain is closed."""
        return 4 * (self._scratch / STATE_FILE).stat().st_size + SPARE_BYTES if self.standard else statefile.MAX_BYTES

    def steps(self) -> Iterator[Step]:
        """What was compared of every block."""
        same = "hashes and state roots" if self.standard else f"receipts (the hashes are those of {self.log.engine})"
        yield Step("chain", f"{self.log.last_block} blocks re-executed to the same {same}")

    def close(self) -> None:
        """Release the scratch chain."""
        self._chain.close()

    def compare_accounts(self) -> int:
        """Compare anvil's closing state, all accounts with their storage, with the re-executed one, by its root.

        Returns the number of accounts; 0 if the node was killed and left no state.
        """
        path = self._paths.chain / statefile.STATE_FILE
        try:
            accounts = statefile.decode(read_regular(path, self.state_limit), str(path))
        except FileNotFoundError:
            return 0
        except ChainError as error:
            raise MismatchError(error.message, where=error.where) from error
        found = statefile.root_of(accounts)
        if found != self._root:
            raise MismatchError(f"has state root {found}, the transactions give {self._root}", where=str(path))
        return len(accounts)

    def compare_state(self, finished: bool) -> tuple[int, str]:
        """Compare the node's state file with the re-executed one, row by row; returns the rows compared, and a remark.

        An engine that dies can leave the node some blocks ahead of the log, or the log ahead of the node; then only the
        rows of the blocks that both have are compared. Call after `close`. A copy is read, so the run's own file stays
        untouched.
        """
        original = self._paths.chain / STATE_FILE
        copy = self._copy(original)
        try:
            with sqlite3.connect(copy) as stored, sqlite3.connect(self._scratch / STATE_FILE) as again:
                stored.execute("PRAGMA trusted_schema=OFF")
                if _schema(stored) != _schema(again):
                    raise MismatchError("has other tables than a node's state file", where=str(original))
                state = stored.execute("PRAGMA integrity_check(1)").fetchone()[0]
                if state != "ok":
                    raise MismatchError(f"the state file is damaged: {state}", where=str(original))
                heads = _head(stored), _head(again)
                if finished or heads[0] == heads[1]:
                    last, remark = None, ""
                else:
                    last = min(heads)
                    remark = f"; the node stands at block {heads[0]}, the log at {heads[1]}: resume levels them"
                tables = {table: order for table, order in TABLES.items() if last is None or table != "kv"}
                rows = sum(_compare(stored, again, table, order, last, original) for table, order in tables.items())
                return rows, remark
        except sqlite3.Error as error:
            raise MismatchError(f"the state file is damaged: {error}", where=str(original)) from error

    def _copy(self, original: Path) -> Path:
        """A copy in the scratch folder, with its log of writes; at most as large as the transactions can make it."""
        copy = self._scratch / "copy.sqlite"
        for suffix in ("", "-wal"):
            try:
                with (
                    open_regular(f"{original}{suffix}", self.state_limit) as source,
                    open(f"{copy}{suffix}", "xb") as target,
                ):
                    shutil.copyfileobj(source, target)
            except FileNotFoundError:
                if not suffix:
                    raise MismatchError("the chain's state file is missing", where=str(original)) from None
        return copy


def _schema(state: sqlite3.Connection) -> list[Any]:
    """How the compared tables are made: a view in a table's place would be computed."""
    names = ", ".join(f"'{name}'" for name in TABLES)
    return state.execute(f"SELECT name, type, sql FROM sqlite_master WHERE name IN ({names}) ORDER BY name").fetchall()


def _head(state: sqlite3.Connection) -> int:
    return int(state.execute("SELECT CAST(coalesce(max(number), 0) AS INTEGER) FROM blocks").fetchone()[0])


def _compare(
    stored: sqlite3.Connection, again: sqlite3.Connection, table: str, order: str, last: int | None, where: Path
) -> int:
    """Compare a table, up to block `last` if that is given."""
    block = order.partition(",")[0]
    query = f"SELECT * FROM {table}{'' if last is None else f' WHERE {block} <= {last}'} ORDER BY {order}"
    count = 0
    for have, want in zip_longest(stored.execute(query), again.execute(query)):
        if have != want:
            raise MismatchError(f"table {table}, {_row(want or have)}: {_how(have, want)}", where=str(where))
        count += 1
    return count


def _row(row: tuple[Any, ...]) -> str:
    first = row[0]
    return f"row {first.hex()[:24] if isinstance(first, bytes) else first}"


def _how(have: Any, want: Any) -> str:
    if have is None:
        return "is missing"
    return "is not what the transactions give" if want is not None else "is more than the transactions give"
