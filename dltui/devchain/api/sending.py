"""Methods that take signed transactions."""

from __future__ import annotations

from typing import Any

from dltui.devchain import params
from dltui.devchain.chain import StoredChain
from dltui.devchain.fair_queue import aside
from dltui.devchain.formats import data
from dltui.devchain.miner import Miner, Ticket
from dltui.devchain.params import RpcFault, arguments

SYNC_TIMEOUT_MS = 20_000
"""How long eth_sendRawTransactionSync waits for a block unless told otherwise."""
_MOST_PATIENCE_MS = 60_000


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
