"""One stored chain: the machine, its sqlite file and the index, kept in step and guarded by one lock.

It is brought forward from a transaction log before the node listens, so no client sees half a chain.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from dltui.chain.history.txlog import BlockRecord, TxLog
from dltui.chain.nodes.genesis import Genesis
from dltui.chain.transactions import Refused
from dltui.devchain.calls import CallPool
from dltui.devchain.database import RESTORE, SqliteStore
from dltui.devchain.evm import Header
from dltui.devchain.fair_queue import FairQueue, aside
from dltui.devchain.formats import data
from dltui.devchain.index import Index
from dltui.devchain.machine import BlockResult, Machine
from dltui.devchain.notifications import LogWaiters, Notifier
from dltui.errors import ChainError
from dltui.files import try_lock

STATE_FILE = "state.sqlite"
"""Name of the chain's state in its directory."""


TOLD_SECONDS = 1.0
"""Seconds between two calls of `told` while a chain is restored."""


class NoBlock(Refused):
    """No block was made; `refused` says by position why each transaction could not be in it."""

    def __init__(self, refused: Mapping[int, Refused]) -> None:
        super().__init__(next(iter(refused.values())).message)
        self.refused = refused


class StoredChain:
    """The chain in `directory`, begun with `genesis` if it is empty; `clock` gives unix seconds.

    `lock` guards the machine and the index; `grown` is notified after each block, `news` after each block and each
    arrival of a transaction; `log_waiters` wait for logs. `head` is the newest header. `call_pool` executes calls
    beside the lock, `queue` says who may work now.
    Raises `ChainError` if another process has the directory open, or the state does not belong to `genesis`.
    """

    def __init__(self, directory: Path, genesis: Genesis, clock: Callable[[], float] = time.time) -> None:
        self.genesis = genesis
        self.head: Header
        self.lock = threading.RLock()
        self.grown = threading.Condition()
        self.news = Notifier()
        self.queue = FairQueue()
        self.log_waiters = LogWaiters()
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

        If no transaction fits, or `whole` and one does not, no block is made and `NoBlock` is raised.
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
            self.log_waiters.wake(log for executed in block.transactions for log in executed.logs)
        return block

    def wait(self, after: int, timeout: float) -> int:
        """Wait until the head's number is above `after`, `timeout` seconds at most; return the number."""
        with aside(), self.grown:
            self.grown.wait_for(lambda: self.head.block_number > after, timeout)
            return int(self.head.block_number)

    def close(self) -> None:
        """Write everything into the one file and release the directory."""
        self.call_pool.close()
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
            self.call_pool = CallPool(self.store, self.genesis.chain_id)
        except sqlite3.Error as error:
            raise ChainError(f"the chain state cannot be read: {error}", where=str(path), hint=RESTORE) from error
        if height != self.head.block_number:
            raise ChainError("the chain state and its index disagree", where=str(path), hint=RESTORE)

    def _advance(self, header: Header) -> None:
        with self.grown:
            self.head = header
            self.grown.notify_all()
        self.news.notify()


def restore(chain: StoredChain, log: TxLog, told: Callable[[int], None]) -> int:
    """Execute the blocks of `log` that the chain lacks, with their timestamps, comparing each hash and state root.

    Returns the number of blocks that were executed; `told` is called with it now and then. Raises `ChainError` if log
    and chain are not the same.
    """
    first = int(chain.head.block_number)
    heard = time.monotonic()
    replayed = 0
    for record in log.read(allow_torn=True):
        if record.block < first:
            continue
        if record.block > first:
            _execute(chain, record, log)
            replayed += 1
        if (data(chain.head.hash), data(chain.head.state_root)) != (record.hash, record.state_root):
            raise log.altered(record.block, "does not re-execute to its hash and state root")
        if time.monotonic() > heard + TOLD_SECONDS:
            told(replayed)
            heard = time.monotonic()
    return replayed


def _claim(path: Path) -> IO[str]:
    file = path.open("a+")
    if not try_lock(file.fileno()):
        file.close()
        raise ChainError("another node has this chain open", where=str(path.parent))
    return file


def _execute(chain: StoredChain, record: BlockRecord, log: TxLog) -> None:
    try:
        chain.mine(record.txs, record.timestamp, whole=True)
    except (NoBlock, ChainError) as error:
        raise log.altered(record.block, f"does not execute: {error.message}") from error
