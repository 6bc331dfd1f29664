"""What passes between the chain room's parts: calls, receipts and decoded logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dltui.errors import ChainError


@dataclass(frozen=True)
class Call:
    """One contract call ready to be signed: `data` is the ABI-encoded calldata, `gas` the limit, `value` in wei."""

    contract: str
    function: str
    to: str | None
    data: bytes
    gas: int
    value: int = 0


@dataclass(frozen=True)
class Receipt:
    """A mined transaction. `gas_used` in gas, `fee` in wei (gas used x effective price), `status` 1 or 0."""

    hash: str
    block: int
    status: int
    gas_used: int
    fee: int
    sender: str
    to: str | None
    contract_address: str | None = None
    logs: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True)
class Log:
    """One decoded contract event, in chain order (`block`, `index`). Byte values are `bytes`, addresses checksummed."""

    contract: str
    event: str
    args: dict[str, Any]
    block: int
    tx: str
    index: int
    address: str = ""


@dataclass(frozen=True)
class Revert:
    """Why a call reverted: the error's `name`, its `args`, and the sentence for people in `text`."""

    name: str
    text: str
    args: dict[str, Any] = field(default_factory=dict)


class Reverted(ChainError):
    """A transaction was mined with status 0, or a call reverted."""

    def __init__(self, function: str, revert: Revert, receipt: Receipt | None = None) -> None:
        super().__init__(revert.text, where=function)
        self.revert = revert
        self.receipt = receipt
