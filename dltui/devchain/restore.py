"""Bringing the chain forward from a transaction log, before anybody can reach the node."""

from __future__ import annotations

import time
from collections.abc import Callable

from dltui.chain.history.txlog import BlockRecord, TxLog
from dltui.devchain.chain import NoBlock, StoredChain
from dltui.devchain.formats import data
from dltui.errors import ChainError

TOLD_SECONDS = 1.0
"""Seconds between two calls of `told`."""


def restore(chain: StoredChain, log: TxLog, told: Callable[[int], None]) -> int:
    """Execute the blocks of `log` that the chain lacks, with their timestamps, comparing each hash and state root.

    Returns the number of blocks that were executed; `told` hears it now and then. Raises `ChainError` if log and
    chain are not the same.
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


def _execute(chain: StoredChain, record: BlockRecord, log: TxLog) -> None:
    try:
        chain.mine(record.txs, record.timestamp, whole=True)
    except (NoBlock, ChainError) as error:
        raise log.altered(record.block, f"does not execute: {error.message}") from error
