"""Methods of this node alone: a long poll for blocks, and the replay of a transaction log."""

from __future__ import annotations

from typing import Any

from dltui.chain.embedded import params
from dltui.chain.embedded.chain import StoredChain
from dltui.chain.embedded.formats import data, quantity
from dltui.chain.embedded.miner import Miner
from dltui.chain.embedded.params import RpcFault, arguments

MAX_WAIT_MS = 5_000
"""Longest long-poll of dltui_waitBlock."""
_MAX_MINE_BLOCK = 10_000


class ExtensionMethods:
    """For the programs of this house; each has another way on other nodes."""

    def __init__(self, chain: StoredChain, miner: Miner) -> None:
        self._chain = chain
        self._miner = miner

    def dltui_waitBlock(self, given: Any) -> str:
        """Answer with the head's number as soon as it is above the first parameter, or after `timeout_ms`."""
        after, timeout = arguments(given, 2, 2)
        number = params.count(after, "block number", 2**63 - 1)
        return quantity(self._chain.wait(number, params.count(timeout, "timeout_ms", MAX_WAIT_MS) / 1000))

    def dltui_mineBlock(self, given: Any) -> dict[str, str]:
        """Make the next block from a transaction log: all of `transactions`, or an error and no block.

        Only until the node takes its first ordinary transaction, so that nobody can set a running chain's
        clock.
        """
        (block,) = arguments(given, 1, 1)
        if not isinstance(block, dict) or not isinstance(block.get("transactions"), list):
            raise params.invalid("expected {timestamp, transactions}")
        timestamp = params.count(block.get("timestamp"), "timestamp", 2**40 - 1)
        if len(block["transactions"]) > _MAX_MINE_BLOCK:
            raise params.invalid("too many transactions")
        raws = [params.data(raw, "transaction") for raw in block["transactions"]]
        with self._chain.lock:
            if self._miner.taken:
                raise RpcFault(params.SERVER_ERROR, "the node has taken transactions since it was started")
            made = self._chain.mine(raws, timestamp, whole=True)
        return {"number": quantity(made.number), "hash": data(made.hash), "stateRoot": data(made.state_root)}
