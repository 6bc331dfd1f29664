"""Blocks out of signed transactions, over any key-value store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dltui.chain.nodes.genesis import Genesis
from dltui.chain.transactions import Refused, check_transaction, decode_transaction
from dltui.devchain.evm import Database, Executed, Header, OpenBlock, States
from dltui.errors import ChainError


@dataclass(frozen=True)
class BlockResult:
    """A block: its header, its transactions in order, and by position those that it could not contain."""

    header: Header
    transactions: tuple[Executed, ...]
    refused: Mapping[int, Refused] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return int(self.header.block_number)

    @property
    def hash(self) -> bytes:
        return bytes(self.header.hash)

    @property
    def state_root(self) -> bytes:
        return bytes(self.header.state_root)

    @property
    def timestamp(self) -> int:
        return int(self.header.timestamp)


class Machine(States):
    """A chain over `db` that grows; an empty one begins with `genesis`.

    Not thread-safe. Raises `ChainError` if `db` holds a chain of another genesis.
    """

    def __init__(self, db: Database, genesis: Genesis) -> None:
        super().__init__(db, genesis.chain_id)
        if self.begin(genesis).hash != self.header(0).hash:
            raise ChainError("the stored chain began with another genesis", where="chain state")

    def execute(self, timestamp: int, raws: Sequence[bytes]) -> BlockResult:
        """Make the next block from signed transactions, in this order, and store it.

        `timestamp` is unix seconds; an earlier one than the parent's becomes the parent's, an equal one
        stays. Transactions that the block cannot contain are left out and named in `refused`.
        """
        refused: dict[int, Refused] = {}
        while True:
            block = self.open_block(timestamp)
            try:
                executed = self._fill(block, raws, refused)
                return BlockResult(block.close(), executed, refused)
            except _Broken as broken:
                # A half-executed transaction leaves no usable state: the block is made again without it.
                refused[broken.position] = Refused(f"transaction cannot be executed ({broken.reason})")

    def _fill(self, block: OpenBlock, raws: Sequence[bytes], refused: dict[int, Refused]) -> tuple[Executed, ...]:
        executed: list[Executed] = []
        for position, raw in enumerate(raws):
            if position in refused:
                continue
            try:
                tx = decode_transaction(raw, self.chain_id)
                header = block.header
                check_transaction(tx, block.nonce(tx.sender), block.balance(tx.sender), header.base_fee_per_gas)
                if header.gas_used + tx.gas > header.gas_limit:
                    raise Refused("the block has no gas left for this transaction")
            except Refused as reason:
                refused[position] = reason
                continue
            try:
                executed.append(block.apply(tx))
            except Exception as error:
                raise _Broken(position, type(error).__name__) from error
        return tuple(executed)


class _Broken(Exception):
    """py-evm failed inside the transaction at `position`."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason
