"""Methods of this node alone: long polls for blocks and for logs."""

from __future__ import annotations

from typing import Any

from dltui.devchain import params
from dltui.devchain.api.logs import ENDLESS, logs_up_to_head
from dltui.devchain.chain import StoredChain
from dltui.devchain.fair_queue import aside
from dltui.devchain.formats import Json, data, quantity
from dltui.devchain.index import LogFilter
from dltui.devchain.params import arguments
from dltui.devchain.waiters import Waiter

MAX_WAIT_MS = 5_000
"""Longest long poll."""


class ExtensionMethods:
    """For the programs of this house; on other nodes they ask again and again instead."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain

    def dltui_waitBlock(self, given: Any) -> str:
        """Answer with the head's number as soon as it is above the first parameter, or after `timeout_ms`."""
        after, timeout = arguments(given, 2, 2)
        number = params.count(after, "block number", ENDLESS)
        return quantity(self._chain.wait(number, params.count(timeout, "timeout_ms", MAX_WAIT_MS) / 1000))

    def dltui_waitLogs(self, given: Any) -> dict[str, Any]:
        """Answer with the logs after block `after` as soon as the first topic of one is in `wake`, or after
        `timeout_ms`; at once if the chain has no such block.

        `addresses` and `topics` are those of eth_getLogs. Without `wake` the first of `topics` takes its place.
        """
        after, addresses, topics, timeout, wake = arguments(given, 4, 5)
        number = params.count(after, "block number", ENDLESS - 1)
        wanted = LogFilter(number + 1, ENDLESS, params.choices(addresses, "address", 20), params.topics(topics))
        seconds = params.count(timeout, "timeout_ms", MAX_WAIT_MS) / 1000
        waking = frozenset(params.choices(wake, "topic", 32) or (wanted.topics[0] if wanted.topics else ()))
        waiter = Waiter(frozenset(wanted.addresses), waking)
        chain = self._chain
        with chain.lock:
            news = self._news(number, wanted)
            if not seconds or news["known"] is None or any(_wakes(waiter, log) for log in news["logs"]):
                return news
            chain.waiters.add(waiter)
        with aside():
            waiter.woken.wait(seconds)
        with chain.lock:
            chain.waiters.discard(waiter)
            return self._news(number, wanted)

    def _news(self, after: int, wanted: LogFilter) -> dict[str, Any]:
        """What there is after block `after`; `known` is that block's state root, so that a lost block is noticed."""
        chain = self._chain
        head = int(chain.head.block_number)
        return {
            "head": quantity(head),
            "stateRoot": data(chain.head.state_root),
            "known": data(chain.machine.header(after).state_root) if after <= head else None,
            "logs": logs_up_to_head(chain, wanted),
        }


def _wakes(waiter: Waiter, log: Json) -> bool:
    first = bytes.fromhex(log["topics"][0][2:]) if log["topics"] else None
    return waiter.wants(bytes.fromhex(log["address"][2:]), first)
