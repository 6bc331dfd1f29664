"""The operator's transactions: signed and sent by its wallet, and read back from the chain before anything goes on."""

from __future__ import annotations

from dltui.chain.types import Call, Receipt, Reverted
from dltui.chain.wallet import Wallet
from dltui.engine.excused_rounds import ExcusedRounds
from dltui.engine.indexer import ChainIndexer
from dltui.errors import RunError
from dltui.protocol.facts import FactStream


class Transactor:
    """The operator's wallet with the index of the chain. A node that is silent meanwhile excuses the round."""

    def __init__(self, wallet: Wallet, indexer: ChainIndexer, excused_rounds: ExcusedRounds) -> None:
        self.wallet = wallet
        self.indexer = indexer
        self._excused_rounds = excused_rounds

    @property
    def address(self) -> str:
        """The operator's address."""
        return self.wallet.address

    @property
    def facts(self) -> FactStream:
        """What the chain has said so far."""
        return self.indexer.facts

    def poll(self) -> None:
        """Read what is new on the chain."""
        self.indexer.poll()

    def send(self, *calls: Call) -> Receipt:
        """Send transactions in order, then read the chain once; return the receipt of the last one.

        Raises Reverted at the first that fails, once the chain was read, what `Wallet.send` raises besides, and
        RunError if there is nothing to send.
        """
        receipt: Receipt | None = None
        with self._excused_rounds.asking():
            try:
                for call in calls:
                    receipt = self.wallet.send(call)
            except Reverted:
                self.indexer.poll()
                raise
            self.indexer.poll()
        if receipt is None:
            raise RunError("there is nothing to send")
        return receipt

    def forget(self) -> None:
        """Read the wallet's nonce again: the node may have lost the last transactions."""
        self.wallet.forget()
