"""One stored chain: the machine, its sqlite file and the index, kept in step and guarded by one lock."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from eth.abc import BlockHeaderAPI

from dltui.chain.nodes.genesis import Genesis
from dltui.chain.transactions import Refused
from dltui.devchain.bell import Bell
from dltui.devchain.database import RESTORE, SqliteStore
from dltui.devchain.desk import CallDesk
from dltui.devchain.evm import BlockResult, Machine
from dltui.devchain.fair_queue import Turns, aside
from dltui.devchain.index import Index
from dltui.devchain.waiters import Waiters
from dltui.errors import ChainError

STATE_FILE = "state.sqlite"
"""Name of the chain's state in its directory."""


class NoBlock(Refused):
    """No block was made; `refused` says by position why each transaction could not be in it."""

    def __init__(self, refused: Mapping[int, Refused]) -> None:
        super().__init__(next(iter(refused.values())).message)
        self.refused = refused


class StoredChain:
    """The chain in `directory`, begun with `genesis` where it is empty; `clock` gives unix seconds.

    `lock` guards the machine and the index; `grown` is notified after each block, and `bell` rings after each
    block and each arrival of a transaction; `waiters` wait for logs. `head` is the newest header. `desk` executes calls
    beside the lock, `turns` says who may work now.
    Raises `ChainError` where another process has the directory open, or the state does not belong to `genesis`.
    """

    def __init__(self, directory: Path, genesis: Genesis, clock: Callable[[], float] = time.time) -> None:
        self.genesis = genesis
        self.head: BlockHeaderAPI
        self.lock = threading.RLock()
        self.grown = threading.Condition()
        self.bell = Bell()
        self.turns = Turns()
        self.waiters = Waiters()
        self._clock = clock
        self._guard = _claim(directory / "state.lock")
        try:
            self._open(directory / STATE_FILE)
        except BaseException:
            self._guard.close()
            raise

    @property
    def now(self) -> int:
        """Unix seconds of the next block, were it made now."""
        return max(int(self._clock()), int(self.head.timestamp))

    def mine(self, raws: Sequence[bytes], timestamp: int | None = None, whole: bool = False) -> BlockResult:
        """Make the next block and store it with its index in one sqlite transaction.

        Where no transaction fits, or `whole` and one does not, no block is made and `NoBlock` is raised.
        `timestamp` in unix seconds is now by default; one before the head's raises `ChainError`.
        """
        with self.lock:
            if timestamp is not None and timestamp < self.head.timestamp:
                # The machine would take the head's second instead, and a log that says otherwise would pass.
                where = f"block {self.head.block_number + 1}"
                raise ChainError("the timestamp is earlier than the block before", where=where)
            with self.store.block():
                block = self.machine.execute(self.now if timestamp is None else timestamp, raws)
                if block.refused and (whole or not block.transactions):
                    raise NoBlock(block.refused)
                self.index.add(block)
            self._advance(block.header)
            self.waiters.tell(log for executed in block.transactions for log in executed.logs)
        return block

    def wait(self, after: int, timeout: float) -> int:
        """Wait until the head's number is above `after`, `timeout` seconds at most; return the number."""
        with aside(), self.grown:
            self.grown.wait_for(lambda: self.head.block_number > after, timeout)
            return int(self.head.block_number)

    def close(self) -> None:
        """Write everything into the one file and release the directory."""
        self.desk.close()
        with self.lock:
            self.store.close()
            self._guard.close()

    def _open(self, path: Path) -> None:
        self.store = SqliteStore(path)
        try:
            self.index = Index(self.store.connection)
            with self.store.block():
                self.machine = Machine(self.store, self.genesis)
                self.head = self.machine.head
                if self.index.height() is None:
                    self.index.add(BlockResult(self.head, ()))
            height = self.index.height()
            self.desk = CallDesk(self.store, self.genesis.chain_id)
        except sqlite3.Error as error:
            raise ChainError(f"the chain state cannot be read: {error}", where=str(path), hint=RESTORE) from error
        if height != self.head.block_number:
            raise ChainError("the chain state and its index disagree", where=str(path), hint=RESTORE)

    def _advance(self, header: BlockHeaderAPI) -> None:
        with self.grown:
            self.head = header
            self.grown.notify_all()
        self.bell.ring()


def _claim(path: Path) -> IO[str]:
    file = path.open("a+")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise ChainError("another node has this chain open", where=str(path.parent)) from error
    return file
