"""Contracts that were deployed and transactions that were mined: what gas was paid for."""

from __future__ import annotations

from typing import ClassVar

from dltui.core import format as fmt
from dltui.core.envelope import ChainFact
from dltui.core.state.entities import GasRow, Tx
from dltui.core.state.state import State

__all__ = ["ContractDeployed", "TxMined", "TxReverted"]


class ContractDeployed(ChainFact, frozen=True, kw_only=True):
    """A contract of the federation is on the chain."""

    KIND: ClassVar[str] = "contract.deployed"
    name: str
    address: str
    gas_used: int
    tx: str

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Keep its address; its gas counts here if no transaction event has counted it."""
        state.chain.contracts[self.name] = self.address
        known = self.tx in state.deployments or any(tx.hash == self.tx for tx in state.txs)
        state.deployments.add(self.tx)
        if not known:
            _count(state, Tx(self.tx, f"deploy {self.name}", "operator", state.chain.block, self.gas_used, 0, True))
        return ("chain",)

    def sentence(self) -> str:
        """Say where it is."""
        return f"{self.name} deployed at {fmt.short(self.address)}  gas {self.gas_used:,}"


class TxMined(ChainFact, frozen=True, kw_only=True):
    """A transaction succeeded; all figures are from its receipt. `sender` is an id or `operator`, `fee` in wei."""

    KIND: ClassVar[str] = "tx.mined"
    hash: str
    function: str
    sender: str
    address: str
    block: int
    gas_used: int
    fee: int

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Count it."""
        if self.hash in state.deployments:
            _add_fee(state, self)
            return ("chain",)
        _count(state, Tx(self.hash, self.function, self.sender, self.block, self.gas_used, self.fee, True))
        return ("chain", "clients")

    def sentence(self) -> str:
        """Say who called what."""
        return f"{self.function}  {self.sender}  block {self.block}  gas {self.gas_used:,}"


class TxReverted(ChainFact, frozen=True, kw_only=True):
    """A transaction was mined with status 0: it cost gas and changed nothing."""

    KIND: ClassVar[str] = "tx.reverted"
    LEVEL: ClassVar[str] = "error"
    hash: str
    function: str
    sender: str
    address: str
    block: int
    gas_used: int
    fee: int
    reason: str

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Count it."""
        tx = Tx(self.hash, self.function, self.sender, self.block, self.gas_used, self.fee, False, self.reason)
        _count(state, tx)
        state.chain.reverted += 1
        return ("chain", "clients")

    def sentence(self) -> str:
        """Say who called what, and why it failed."""
        return f"{self.function}  {self.sender}  reverted: {self.reason}  gas {self.gas_used:,}"


def _count(state: State, tx: Tx) -> None:
    tx.round = _round_of(state, tx.function)
    state.txs.append(tx)
    chain = state.chain
    chain.txs, chain.gas, chain.fee = chain.txs + 1, chain.gas + tx.gas_used, chain.fee + tx.fee
    for row in (
        chain.by_function.setdefault(tx.function, GasRow()),
        chain.by_sender.setdefault(tx.sender, GasRow()),
        chain.by_round.setdefault(tx.round or 0, GasRow()),
    ):
        row.txs, row.gas, row.fee = row.txs + 1, row.gas + tx.gas_used, row.fee + tx.fee
    if tx.sender in state.clients:
        client = state.clients[tx.sender]
        client.txs, client.gas, client.fee = client.txs + 1, client.gas + tx.gas_used, client.fee + tx.fee
    if tx.round in state.rounds:
        state.rounds[tx.round].gas += tx.gas_used


def _add_fee(state: State, mined: TxMined) -> None:
    """Add the receipt of a deployment that was counted without its fee."""
    tx = next((tx for tx in state.txs if tx.hash == mined.hash), None)
    if tx is None or tx.fee:
        return
    tx.fee, tx.block = mined.fee, mined.block
    chain = state.chain
    chain.fee += mined.fee
    for row in (chain.by_function[tx.function], chain.by_sender[tx.sender], chain.by_round[tx.round or 0]):
        row.fee += mined.fee


def _round_of(state: State, function: str) -> int | None:
    """Return the last round; for a transaction that opens one, and comes before its event, the next."""
    number = max(state.rounds, default=0)
    if function == "openRound" and state.in_flight is None:
        number += 1
    return number or None
