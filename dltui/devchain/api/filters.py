"""Filters that clients poll: eth_newFilter and the like. They expire, and their number is limited."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dltui.devchain import params
from dltui.devchain.api.feeds import BlockHashes, Feed, Logs, PendingHashes
from dltui.devchain.api.logs import coming_logs, find_logs
from dltui.devchain.miner import Miner
from dltui.devchain.params import RpcFault, arguments
from dltui.devchain.stored_chain import StoredChain

MAX_FILTERS = 256
"""Most filters at a time, of all clients together."""
EXPIRY = 300.0
"""Seconds after which a filter that is not polled is gone: as in geth."""
MOST_AT_ONCE = 1_000
"""Most blocks, or hashes of transactions, of one answer; the next one goes on from there."""

_CRITERIA = ("fromBlock", "toBlock", "address", "topics")


@dataclass
class _Filter:
    feed: Feed
    wanted: Any
    expires: float
    lock: threading.Lock = field(default_factory=threading.Lock)


class FilterMethods:
    """The filters of one node; `clock` gives seconds."""

    def __init__(self, chain: StoredChain, miner: Miner, clock: Callable[[], float] = time.monotonic) -> None:
        self._chain = chain
        self._miner = miner
        self._clock = clock
        self._lock = threading.Lock()
        self._filters: dict[str, _Filter] = {}

    def eth_newFilter(self, given: Any) -> str:
        (wanted,) = arguments(given, 1, 1)
        feed = Logs(self._chain, coming_logs(wanted))
        return self._add(feed, {key: wanted[key] for key in _CRITERIA if key in wanted})

    def eth_newBlockFilter(self, given: Any) -> str:
        arguments(given, 0, 0)
        return self._add(BlockHashes(self._chain))

    def eth_newPendingTransactionFilter(self, given: Any) -> str:
        arguments(given, 0, 0)
        return self._add(PendingHashes(self._miner))

    def eth_getFilterChanges(self, given: Any) -> list[Any]:
        (name,) = arguments(given, 1, 1)
        found = self._get(name)
        with found.lock:
            return found.feed.changes(MOST_AT_ONCE)

    def eth_getFilterLogs(self, given: Any) -> list[Any]:
        (name,) = arguments(given, 1, 1)
        found = self._get(name)
        if found.wanted is None:
            raise _not_found()
        return find_logs(self._chain, found.wanted)

    def eth_uninstallFilter(self, given: Any) -> bool:
        (name,) = arguments(given, 1, 1)
        with self._lock:
            return self._filters.pop(_name(name), None) is not None

    def _add(self, feed: Feed, wanted: Any = None) -> str:
        name = new_id()
        with self._lock:
            self._expire()
            if len(self._filters) >= MAX_FILTERS:
                raise RpcFault(params.LIMIT_EXCEEDED, f"there are {MAX_FILTERS} filters already; uninstall some")
            self._filters[name] = _Filter(feed, wanted, self._clock() + EXPIRY)
        return name

    def _get(self, name: Any) -> _Filter:
        with self._lock:
            self._expire()
            found = self._filters.get(_name(name))
            if found is None:
                raise _not_found()
            found.expires = self._clock() + EXPIRY
        return found

    def _expire(self) -> None:
        now = self._clock()
        self._filters = {name: found for name, found in self._filters.items() if found.expires > now}


def new_id() -> str:
    """Return a name for a filter or subscription that no other client can guess: a quantity of 128 bits."""
    return hex(secrets.randbits(127) | 1 << 127)


def _name(value: Any) -> str:
    if not isinstance(value, str):
        raise params.invalid("the filter id is not a string")
    return value


def _not_found() -> RpcFault:
    return RpcFault(params.SERVER_ERROR, "filter not found")
