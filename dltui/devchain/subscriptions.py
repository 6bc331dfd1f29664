"""What one WebSocket client subscribed to (eth_subscribe), and what is due to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from dltui.devchain import params
from dltui.devchain.api.feeds import Feed, Heads, Logs, PendingHashes
from dltui.devchain.api.filters import new_id
from dltui.devchain.api.logs import coming_logs
from dltui.devchain.methods import Methods
from dltui.devchain.params import RpcFault, arguments

MAX_SUBSCRIPTIONS = 32
"""Most subscriptions of one connection."""
AT_ONCE = 32
"""Blocks, or hashes of transactions, whose notifications are made at once: headers of about 50 KiB."""


@dataclass
class _Subscription:
    feed: Feed
    answered: bool = False


class Subscriber:
    """The node's methods, and subscriptions, for one connection."""

    def __init__(self, methods: Methods) -> None:
        self._methods = methods
        self._lock = threading.Lock()
        self._subscriptions: dict[str, _Subscription] = {}

    def call(self, method: str, given: Any) -> Any:
        """Return the result of `method`; every failure is an `RpcFault`."""
        if method == "eth_subscribe":
            return self._subscribe(given)
        if method == "eth_unsubscribe":
            return self._unsubscribe(given)
        return self._methods.call(method, given)

    def answered(self) -> bool:
        """Let the new subscriptions begin, now that the client knows their names; whether there is any subscription."""
        with self._lock:
            for subscription in self._subscriptions.values():
                subscription.answered = True
            return bool(self._subscriptions)

    def due(self) -> Iterator[list[bytes]]:
        """Yield the notifications that came due, in pieces: of one subscription, and of `AT_ONCE` blocks at most.

        A piece is made when it is asked for, so a client that does not read costs one piece, and no more.
        """
        behind = True
        while behind:
            behind = False
            with self._lock:
                running = [(name, each.feed) for name, each in self._subscriptions.items() if each.answered]
            for name, feed in running:
                yield [_notification(name, result) for result in feed.changes(AT_ONCE)]
                behind = behind or feed.behind

    def _subscribe(self, given: Any) -> str:
        kind, wanted = arguments(given, 1, 2)
        if kind == "newHeads" and wanted is None:
            feed: Feed = Heads(self._methods.chain)
        elif kind == "newPendingTransactions" and not params.flag(wanted, "the second parameter"):
            feed = PendingHashes(self._methods.miner)
        elif kind == "logs":
            feed = Logs(self._methods.chain, coming_logs({} if wanted is None else wanted))
        else:
            raise params.invalid("the subscriptions are newHeads, logs and newPendingTransactions (hashes)")
        name = new_id()
        with self._lock:
            if len(self._subscriptions) >= MAX_SUBSCRIPTIONS:
                raise RpcFault(params.LIMIT_EXCEEDED, f"a connection has at most {MAX_SUBSCRIPTIONS} subscriptions")
            self._subscriptions[name] = _Subscription(feed)
        return name

    def _unsubscribe(self, given: Any) -> bool:
        (name,) = arguments(given, 1, 1)
        with self._lock:
            if not isinstance(name, str) or self._subscriptions.pop(name, None) is None:
                raise RpcFault(params.SERVER_ERROR, "subscription not found")
        return True


def _notification(name: str, result: Any) -> bytes:
    parameters = {"subscription": name, "result": result}
    return msgspec.json.encode({"jsonrpc": "2.0", "method": "eth_subscription", "params": parameters})
