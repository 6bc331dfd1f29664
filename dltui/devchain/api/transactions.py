"""Signed transactions that are sent, and unsigned messages that are only tried."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dltui.devchain import params
from dltui.devchain.api.blocks import BlockFinder
from dltui.devchain.calls import Caller
from dltui.devchain.deadline import Watch
from dltui.devchain.evm import CallResult, Message
from dltui.devchain.fair_queue import aside, is_stranger
from dltui.devchain.formats import data, quantity
from dltui.devchain.miner import Miner, Ticket
from dltui.devchain.params import RpcFault, arguments
from dltui.devchain.stored_chain import StoredChain

SYNC_TIMEOUT_MS = 20_000
"""How long eth_sendRawTransactionSync waits for a block unless told otherwise."""
_MOST_PATIENCE_MS = 60_000
_ERROR_SELECTOR = bytes.fromhex("08c379a0")
Work = Callable[[Caller, Message, int, "int | None", Watch], CallResult]


class SendMethods:
    """Only signed transactions are taken: the node has no keys."""

    def __init__(self, chain: StoredChain, miner: Miner) -> None:
        self._chain = chain
        self._miner = miner

    def eth_sendRawTransaction(self, given: Any) -> str:
        (raw,) = arguments(given, 1, 1)
        return data(self._miner.submit(params.data(raw, "transaction")).tx.hash)

    def eth_sendRawTransactionSync(self, given: Any) -> Any:
        raw, timeout = arguments(given, 1, 2)
        patience = SYNC_TIMEOUT_MS if timeout is None else params.count(timeout, "timeout", _MOST_PATIENCE_MS)
        ticket: Ticket = self._miner.submit(params.data(raw, "transaction"))
        tx_hash = ticket.tx.hash
        with aside():
            mined = ticket.done.wait(patience / 1000)
        if not mined:
            text = "the transaction was accepted but is not in a block yet"
            raise RpcFault(params.NOT_YET_MINED, text, data(tx_hash))
        if ticket.error is not None:
            raise ticket.error
        with self._chain.lock:
            return self._chain.index.receipt(tx_hash)


class CallMethods:
    """Executes unsigned messages beside the chain, so that no block has to wait for them."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain
        self._finder = BlockFinder(chain)

    def eth_call(self, given: Any) -> str:
        return data(self._run(Caller.call, given, "latest").output)

    def eth_estimateGas(self, given: Any) -> str:
        return quantity(self._run(Caller.estimate, given, "pending").gas_used)

    def _run(self, work: Work, given: Any, default: str) -> CallResult:
        call, tag, overrides = arguments(given, 1, 3)
        if overrides:
            raise params.invalid("state overrides are not supported")
        message, which = params.message(call), params.block_tag(default if tag is None else tag)
        with self._chain.lock:
            number = self._finder.block(default if tag is None else tag)
            timestamp = self._chain.now if which == "pending" else None
        stranger = is_stranger()
        with aside():
            result = self._chain.call_pool.run(
                lambda caller, watch: work(caller, message, number, timestamp, watch), stranger
            )
        if result.reverted:
            raise RpcFault(params.REVERTED, result.error + _reason(result.output), data(result.output))
        if result.error:
            raise RpcFault(params.SERVER_ERROR, result.error)
        return result


def _reason(output: bytes) -> str:
    """Return the text of a Solidity `Error(string)`, as geth appends it to its message."""
    size = int.from_bytes(output[36:68], "big")
    if output[:4] != _ERROR_SELECTOR or len(output) < 68 or size > len(output) - 68:
        return ""
    return ": " + output[68 : 68 + size].decode("utf-8", "replace")
