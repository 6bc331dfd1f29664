"""Logs: asked for once, or waited for; and what a log filter of any method says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dltui.devchain import params
from dltui.devchain.api.blocks import MAX_NUMBER, MAX_WAIT_MS, BlockFinder
from dltui.devchain.fair_queue import aside, step
from dltui.devchain.formats import Json, data, quantity
from dltui.devchain.index import Answer, LogFilter
from dltui.devchain.notifications import LogWaiter
from dltui.devchain.params import RpcFault, arguments
from dltui.devchain.stored_chain import StoredChain

MAX_RANGE = 1_000_000
"""Most blocks that one log query may look through."""
MOST_KEPT = 100
"""Most addresses of a filter or a subscription, which the node keeps."""
_WINDOW = 1_000


class LogMethods:
    """Queries the index of logs."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain

    def eth_getLogs(self, given: Any) -> list[Json]:
        (wanted,) = arguments(given, 1, 1)
        return find_logs(self._chain, wanted)

    def dltui_waitLogs(self, given: Any) -> dict[str, Any]:
        """Answer with the logs after block `after` as soon as the first topic of one is in `wake`, or after
        `timeout_ms`; at once if the chain has no such block.

        `addresses` and `topics` are those of eth_getLogs. Without `wake` the first of `topics` takes its place.
        """
        after, addresses, topics, timeout, wake = arguments(given, 4, 5)
        number = params.count(after, "block number", MAX_NUMBER - 1)
        wanted = LogFilter(number + 1, MAX_NUMBER, params.choices(addresses, "address", 20), params.topics(topics))
        seconds = params.count(timeout, "timeout_ms", MAX_WAIT_MS) / 1000
        waking = frozenset(params.choices(wake, "topic", 32) or (wanted.topics[0] if wanted.topics else ()))
        waiter = LogWaiter(frozenset(wanted.addresses), waking)
        chain = self._chain
        with chain.lock:
            news = self._news(number, wanted)
            if not seconds or news["known"] is None or any(_wakes(waiter, log) for log in news["logs"]):
                return news
            chain.log_waiters.add(waiter)
        with aside():
            waiter.woken.wait(seconds)
        with chain.lock:
            chain.log_waiters.discard(waiter)
            return self._news(number, wanted)

    def _news(self, after: int, wanted: LogFilter) -> dict[str, Any]:
        """Return what is new after block `after`; by `known`, that block's state root, a lost block is noticed."""
        chain = self._chain
        head = int(chain.head.block_number)
        return {
            "head": quantity(head),
            "stateRoot": data(chain.head.state_root),
            "known": data(chain.machine.header(after).state_root) if after <= head else None,
            "logs": logs_up_to_head(chain, wanted),
        }


def find_logs(chain: StoredChain, wanted: Any) -> list[Json]:
    """Return the logs that the filter object `wanted` matches, `latest` being the default at both ends."""
    addresses, topics = _criteria(wanted)
    finder = BlockFinder(chain)
    with chain.lock:
        if wanted.get("blockHash") is not None:
            if wanted.get("fromBlock") is not None or wanted.get("toBlock") is not None:
                raise params.invalid("cannot specify both blockHash and fromBlock/toBlock")
            first = last = finder.block({"blockHash": wanted["blockHash"]})
        else:
            first, last = finder.bound(wanted.get("fromBlock")), finder.bound(wanted.get("toBlock"))
            if first > last:
                raise params.invalid("invalid block range params")
        last = _within_range(chain, first, last)
    found, answer = list[Json](), Answer()
    for low in range(first, last + 1, _WINDOW):
        with chain.lock:
            found += chain.index.logs(LogFilter(low, min(low + _WINDOW - 1, last), addresses, topics), answer)
        step()
    return found


def logs_up_to_head(chain: StoredChain, wanted: LogFilter) -> list[Json]:
    """Return the logs that match, in the blocks that there are by now; the caller holds the chain's lock."""
    return chain.index.logs(replace(wanted, last=_within_range(chain, wanted.first, wanted.last)))


def _within_range(chain: StoredChain, first: int, last: int) -> int:
    last = min(last, int(chain.head.block_number))
    if last - first >= MAX_RANGE:
        raise RpcFault(params.LIMIT_EXCEEDED, f"the query looks through more than {MAX_RANGE} blocks")
    return last


def coming_logs(wanted: Any) -> LogFilter:
    """Return the filter of a filter or subscription, which sees blocks to come: tags at its ends set no bound."""
    addresses, topics = _criteria(wanted)
    if wanted.get("blockHash") is not None:
        raise params.invalid("a filter for blocks to come has no blockHash")
    if len(addresses) > MOST_KEPT:
        raise RpcFault(params.LIMIT_EXCEEDED, f"a filter for blocks to come has at most {MOST_KEPT} addresses")
    first, last = params.block_tag(wanted.get("fromBlock")), params.block_tag(wanted.get("toBlock"))
    low, high = (first if isinstance(first, int) else 0), (last if isinstance(last, int) else MAX_NUMBER)
    if low > high:
        raise params.invalid("invalid block range params")
    return LogFilter(low, high, addresses, topics)


def _criteria(wanted: Any) -> tuple[tuple[bytes, ...], tuple[tuple[bytes, ...], ...]]:
    if not isinstance(wanted, dict):
        raise params.invalid("the filter is not an object")
    return params.choices(wanted.get("address"), "address", 20), params.topics(wanted.get("topics"))


def _wakes(waiter: LogWaiter, log: Json) -> bool:
    first = bytes.fromhex(log["topics"][0][2:]) if log["topics"] else None
    return waiter.wants(bytes.fromhex(log["address"][2:]), first)
