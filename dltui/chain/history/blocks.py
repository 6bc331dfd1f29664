"""Whole blocks as a node gives them, transactions with what their receipts say; and a source of such blocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from eth_utils import to_checksum_address

from dltui.chain.rpc import Rpc


@dataclass(frozen=True)
class MinedTx:
    """One mined transaction; `gas_used`, `fee` (wei) and `status` are from its receipt."""

    hash: str
    sender: str
    to: str | None
    data: bytes
    created: str | None
    status: int
    gas_used: int
    fee: int
    logs: tuple[dict[str, Any], ...]
    """Raw JSON-RPC logs."""


@dataclass(frozen=True)
class MinedBlock:
    """One block; `timestamp` in unix seconds, `state_root` as the node has it."""

    number: int
    hash: str
    state_root: str
    timestamp: int
    gas_used: int
    txs: tuple[MinedTx, ...]


class Blocks(Protocol):
    """The blocks that matter to a run, in order."""

    behind: bool
    """Whether `fresh` ended before the chain's head: a long history is read in pieces."""

    def watch(self, contracts: Iterable[str]) -> None:
        """Count transactions to these addresses too."""

    def history(self, last: int) -> Iterator[MinedBlock]:
        """Yield those up to block `last`, which are in the log already."""

    def fresh(self, after: int, idle: bool = False) -> Iterator[MinedBlock]:
        """Yield those after block `after` that the chain has by now; each is in the log before it is yielded.

        `idle`: nothing is expected, so a distant node need not be asked each time.
        """


def _number(value: Any) -> int:
    return int(value, 16) if isinstance(value, str) else int(value)


def _address(value: str | None) -> str | None:
    return to_checksum_address(value) if value else None


def block_from(block: dict[str, Any], receipts: list[dict[str, Any]]) -> MinedBlock:
    """Join a full block with its receipts (both as JSON-RPC objects)."""
    by_hash = {receipt["transactionHash"]: receipt for receipt in receipts}
    txs = []
    for tx in block["transactions"]:
        receipt = by_hash[tx["hash"]]
        gas_used = _number(receipt["gasUsed"])
        txs.append(
            MinedTx(
                hash=tx["hash"],
                sender=to_checksum_address(receipt["from"]),
                to=_address(receipt.get("to")),
                data=bytes.fromhex(tx["input"][2:]),
                created=_address(receipt.get("contractAddress")),
                status=_number(receipt["status"]),
                gas_used=gas_used,
                fee=gas_used * _number(receipt["effectiveGasPrice"]),
                logs=tuple(receipt["logs"]),
            )
        )
    return MinedBlock(
        number=_number(block["number"]),
        hash=block["hash"],
        state_root=block["stateRoot"].lower(),
        timestamp=_number(block["timestamp"]),
        gas_used=_number(block["gasUsed"]),
        txs=tuple(txs),
    )


def block_calls(number: int) -> list[tuple[str, list[Any]]]:
    """Return the calls whose results `block_from` takes."""
    return [("eth_getBlockByNumber", [hex(number), True]), ("eth_getBlockReceipts", [hex(number)])]


def read_block(rpc: Rpc, number: int) -> MinedBlock:
    """Fetch a block with its receipts from a node, in one request."""
    return block_from(*rpc.batch(block_calls(number)))
