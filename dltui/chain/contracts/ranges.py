"""Logs over any number of blocks, asked for in ranges that the node does not refuse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dltui.chain.contracts.binding import Caller
from dltui.chain.rpc_errors import RpcError

SPAN = 2_000
"""Most blocks in one question; public nodes refuse more than some thousands."""


def logs_of(rpc: Caller, addresses: Sequence[str], first: int, last: int) -> Iterator[Any]:
    """Yield the raw logs of contracts in blocks `first` to `last`, in order.

    A range that the node refuses, because it is too long or holds too much, is halved; raises its `RpcError` if it
    refuses a single block.
    """
    span = SPAN
    while first <= last:
        end, logs, span = piece_of(rpc, addresses, first, last, span)
        yield from logs
        first = end + 1


def piece_of(
    rpc: Caller, addresses: Sequence[str], first: int, last: int, span: int, topics: Sequence[Sequence[str]] = ()
) -> tuple[int, Sequence[Any], int]:
    """Return the raw logs of the first `span` blocks of a range, or of as many as the node does not refuse.

    `topics` are those of eth_getLogs; without them all logs count.
    Returns the last block they are of, the logs, and the span that was not refused.
    """
    while True:
        end = min(first + span - 1, last)
        query: dict[str, Any] = {"fromBlock": hex(first), "toBlock": hex(end), "address": list(addresses)}
        if topics:
            query["topics"] = topics
        try:
            return end, rpc.call("eth_getLogs", query), span
        except RpcError:
            if end == first:
                raise
            span = (end - first + 1) // 2
