"""The chain: node, blocks, contracts, transactions."""

from __future__ import annotations

from typing import ClassVar

from dltui.core.events.envelope import Payload


class ChainStarting(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """The engine starts a node or attaches to one; `reason` says why this one (empty in older journals)."""

    KIND: ClassVar[str] = "chain.starting"
    engine: str
    reason: str = ""


class ChainReady(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """The node answers; `pid` is None for a node that is not ours, `reason` as in `chain.starting`."""

    KIND: ClassVar[str] = "chain.ready"
    engine: str
    pid: int | None
    port: int
    chain_id: int
    url: str
    reason: str = ""


class ChainBlock(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """A block with transactions: gas used in it, number of transactions, its timestamp in unix seconds.

    `state_root` is the node's (empty in older journals).
    """

    KIND: ClassVar[str] = "chain.block"
    number: int
    gas_used: int
    txs: int
    timestamp: int
    hash: str
    state_root: str = ""


class ChainLost(Payload, frozen=True, kw_only=True):
    """The node stopped answering."""

    KIND: ClassVar[str] = "chain.lost"
    reason: str


class ChainRewound(Payload, frozen=True, kw_only=True):
    """The node came back and was brought forward to this block from the transaction log."""

    KIND: ClassVar[str] = "chain.rewound"
    block: int


class ChainStopped(Payload, frozen=True, kw_only=True):
    """The node was stopped; `state_sha256` is the hash of its closed state file (empty where it has none)."""

    KIND: ClassVar[str] = "chain.stopped"
    blocks: int
    state_sha256: str = ""


class ContractDeployed(Payload, frozen=True, kw_only=True):
    """A contract of the federation is on the chain."""

    KIND: ClassVar[str] = "contract.deployed"
    name: str
    address: str
    gas_used: int
    tx: str


class TxMined(Payload, frozen=True, kw_only=True):
    """A transaction succeeded; all figures are from its receipt. `sender` is an id or `operator`, `fee` in wei."""

    KIND: ClassVar[str] = "tx.mined"
    hash: str
    function: str
    sender: str
    address: str
    block: int
    gas_used: int
    fee: int


class TxReverted(Payload, frozen=True, kw_only=True):
    """A transaction was mined with status 0: it cost gas and changed nothing."""

    KIND: ClassVar[str] = "tx.reverted"
    hash: str
    function: str
    sender: str
    address: str
    block: int
    gas_used: int
    fee: int
    reason: str
