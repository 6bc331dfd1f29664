"""The node and its blocks."""

from __future__ import annotations

from typing import ClassVar

from dltui.core import format as fmt
from dltui.core.envelope import ChainFact, Payload
from dltui.core.state.state import State, require

__all__ = ["ChainBlock", "ChainLost", "ChainReady", "ChainRewound", "ChainStarting", "ChainStopped"]

BLOCKS = 256
"""Blocks whose gas the state keeps."""


class ChainStarting(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """The engine starts a node or attaches to one; `reason` says why this one (empty in older journals)."""

    KIND: ClassVar[str] = "chain.starting"
    engine: str
    reason: str = ""

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Wait for a node."""
        state.chain.state, state.chain.engine, state.chain.reason = "starting", self.engine, self.reason
        return ("chain",)

    def sentence(self) -> str:
        """Name the node and why it is this one."""
        return f"starting the {self.engine} chain" + (f" ({self.reason})" if self.reason else "")


class ChainReady(Payload, frozen=True, kw_only=True, omit_defaults=True):
    """The node answers; `pid` is None for a node that is not ours, `reason` as in `chain.starting`."""

    KIND: ClassVar[str] = "chain.ready"
    engine: str
    pid: int | None
    port: int
    chain_id: int
    url: str
    reason: str = ""

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Use the node."""
        chain = state.chain
        chain.state, chain.engine, chain.pid = "ready", self.engine, self.pid
        chain.port, chain.chain_id, chain.url = self.port, self.chain_id, self.url
        return ("chain",)

    def sentence(self) -> str:
        """Say where the node is."""
        where = f"at {self.url}" if self.engine == "url" else f"on port {self.port}"
        return f"{self.engine} chain ready {where}, chain id {self.chain_id}"


class ChainBlock(ChainFact, frozen=True, kw_only=True, omit_defaults=True):
    """A block with transactions: gas used in it, number of transactions, its timestamp in unix seconds.

    `state_root` is the node's (empty in older journals).
    """

    KIND: ClassVar[str] = "chain.block"
    ADDED: ClassVar[tuple[str, ...]] = ("state_root",)
    number: int
    gas_used: int
    txs: int
    timestamp: int
    hash: str
    state_root: str = ""

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Go on to this block; numbers only grow."""
        chain = state.chain
        require(self.number > chain.block, f"block {self.number} came after block {chain.block}")
        chain.block, chain.block_at = self.number, ts
        chain.blocks.append((self.number, self.gas_used))
        del chain.blocks[:-BLOCKS]
        return ("chain",)

    def sentence(self) -> str:
        """Say what the block holds."""
        return f"block {self.number}  {self.txs} tx  {self.gas_used:,} gas"


class ChainLost(Payload, frozen=True, kw_only=True):
    """The node stopped answering."""

    KIND: ClassVar[str] = "chain.lost"
    LEVEL: ClassVar[str] = "error"
    reason: str

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Be without a node."""
        state.chain.state, state.chain.pid = "lost", None
        return ("chain",)

    def sentence(self) -> str:
        """Say why."""
        return f"chain lost: {self.reason}"


class ChainRewound(Payload, frozen=True, kw_only=True):
    """The node came back and was brought forward to this block from the transaction log."""

    KIND: ClassVar[str] = "chain.rewound"
    block: int

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Use the node again, at this block."""
        state.chain.state, state.chain.block = "ready", self.block
        return ("chain",)

    def sentence(self) -> str:
        """Name the block."""
        return f"chain back at block {self.block}"


class ChainStopped(Payload, frozen=True, kw_only=True):
    """The node was stopped; `state_sha256` is the hash of its closed state file (empty if it has none)."""

    KIND: ClassVar[str] = "chain.stopped"
    blocks: int
    state_sha256: str = ""

    def fold(self, state: State, ts: str) -> tuple[str, ...]:
        """Be without a node, as intended."""
        state.chain.state, state.chain.pid = "stopped", None
        return ("chain",)

    def sentence(self) -> str:
        """Say how many blocks it made."""
        return f"chain stopped after {fmt.plural(self.blocks, 'block')}"
