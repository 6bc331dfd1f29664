"""Folds of the node, blocks, contracts and gas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dltui.core.events import (
    ChainBlock,
    ChainLost,
    ChainReady,
    ChainRewound,
    ChainStarting,
    ChainStopped,
    ContractDeployed,
    TxMined,
    TxReverted,
)
from dltui.core.state.entities import GasRow, Tx
from dltui.core.state.fold_registry import fold, require
from dltui.core.state.folds.rounds import LIVE

if TYPE_CHECKING:
    from dltui.core.state.state import State

BLOCKS = 256


@fold(ChainStarting)
def starting(state: State, data: ChainStarting, ts: str) -> tuple[str, ...]:
    """A node is on its way."""
    state.chain.state, state.chain.engine, state.chain.reason = "starting", data.engine, data.reason
    return ("chain",)


@fold(ChainReady)
def ready(state: State, data: ChainReady, ts: str) -> tuple[str, ...]:
    """It answers."""
    chain = state.chain
    chain.state, chain.engine, chain.pid = "ready", data.engine, data.pid
    chain.port, chain.chain_id, chain.url = data.port, data.chain_id, data.url
    return ("chain",)


@fold(ChainBlock)
def block(state: State, data: ChainBlock, ts: str) -> tuple[str, ...]:
    """A block; numbers only grow."""
    chain = state.chain
    require(data.number > chain.block, f"block {data.number} came after block {chain.block}")
    chain.block, chain.block_at = data.number, ts
    chain.blocks.append((data.number, data.gas_used))
    del chain.blocks[:-BLOCKS]
    return ("chain",)


@fold(ChainLost)
def lost(state: State, data: ChainLost, ts: str) -> tuple[str, ...]:
    """It stopped answering."""
    state.chain.state, state.chain.pid = "lost", None
    return ("chain",)


@fold(ChainRewound)
def rewound(state: State, data: ChainRewound, ts: str) -> tuple[str, ...]:
    """It is back, at this block."""
    state.chain.state, state.chain.block = "ready", data.block
    return ("chain",)


@fold(ChainStopped)
def stopped(state: State, data: ChainStopped, ts: str) -> tuple[str, ...]:
    """It was stopped."""
    state.chain.state, state.chain.pid = "stopped", None
    return ("chain",)


@fold(ContractDeployed)
def deployed(state: State, data: ContractDeployed, ts: str) -> tuple[str, ...]:
    """A contract has an address; its gas counts here if no transaction event has counted it."""
    state.chain.contracts[data.name] = data.address
    known = data.tx in state.deployments or any(tx.hash == data.tx for tx in state.txs)
    state.deployments.add(data.tx)
    if not known:
        _count(state, Tx(data.tx, f"deploy {data.name}", "operator", state.chain.block, data.gas_used, 0, True))
    return ("chain",)


@fold(TxMined)
def mined(state: State, data: TxMined, ts: str) -> tuple[str, ...]:
    """A transaction succeeded."""
    if data.hash in state.deployments:
        _add_fee(state, data)
        return ("chain",)
    _count(state, Tx(data.hash, data.function, data.sender, data.block, data.gas_used, data.fee, True))
    return ("chain", "clients")


@fold(TxReverted)
def reverted(state: State, data: TxReverted, ts: str) -> tuple[str, ...]:
    """A transaction cost gas and changed nothing."""
    _count(state, Tx(data.hash, data.function, data.sender, data.block, data.gas_used, data.fee, False, data.reason))
    state.chain.reverted += 1
    return ("chain", "clients")


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


def _add_fee(state: State, data: TxMined) -> None:
    """The receipt of a deployment that was counted without its fee."""
    tx = next((tx for tx in state.txs if tx.hash == data.hash), None)
    if tx is None or tx.fee:
        return
    tx.fee, tx.block = data.fee, data.block
    chain = state.chain
    chain.fee += data.fee
    for row in (chain.by_function[tx.function], chain.by_sender[tx.sender], chain.by_round[tx.round or 0]):
        row.fee += data.fee


def _round_of(state: State, function: str) -> int | None:
    """The last round; the next one for the transaction that opens it and is told before its event."""
    number = max(state.rounds, default=0)
    if function == "openRound" and (not number or state.rounds[number].state not in LIVE):
        number += 1
    return number or None
