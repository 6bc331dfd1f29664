"""The chain itself: blocks executed by py-evm under Cancun rules, over any key-value store.

The same genesis and the same (timestamp, raw transactions) give the same block hashes and state roots on
every machine, which is what lets a run be restored and verified from its transaction log. The fee recipient
is the zero address and mix hash, beacon root and extra data are empty, so nothing in a block depends on who
made it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth.abc import BlockHeaderAPI
from eth.chains.base import Chain as PyEvmChain
from eth.consensus import ConsensusContext
from eth.db.atomic import AtomicDB
from eth.db.backends.base import BaseDB
from eth.db.trie import make_trie_root_and_nodes
from eth.exceptions import HeaderNotFound
from eth.vm.forks import CancunVM

from dltui.chain.nodes.genesis import BASE_FEE, GAS_LIMIT, Genesis
from dltui.chain.transactions import Refused, Transaction, check_transaction, decode_transaction
from dltui.devchain.states import COINBASE, States
from dltui.errors import ChainError


@dataclass(frozen=True)
class LogEntry:
    """One event as the EVM emitted it: a 20-byte address, up to four 32-byte topics, and data."""

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Executed:
    """A transaction in a block with what it did; gas in gas, `price` (effective gas price) in wei per gas."""

    tx: Transaction
    status: int
    gas_used: int
    cumulative_gas: int
    price: int
    contract: bytes | None
    logs: tuple[LogEntry, ...]
    bloom: int


@dataclass(frozen=True)
class BlockResult:
    """A block: its header, its transactions in order, and by position those that it could not contain."""

    header: BlockHeaderAPI
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
    """A chain over `db` (py-evm's key-value interface); an empty one begins with `genesis`.

    Not thread-safe. Raises `ChainError` where `db` holds a chain of another genesis.
    """

    def __init__(self, db: BaseDB, genesis: Genesis) -> None:
        super().__init__(db, genesis.chain_id)
        self._consensus = ConsensusContext(self._db)
        first = self._write_genesis(AtomicDB(), genesis)
        try:
            stored = self._chaindb.get_canonical_block_header_by_number(0)
        except HeaderNotFound:
            stored = self._write_genesis(self._db, genesis)
        if stored.hash != first.hash:
            raise ChainError("the stored chain began with another genesis", where="chain state")

    def execute(self, timestamp: int, raws: Sequence[bytes]) -> BlockResult:
        """Make the next block from signed transactions, in this order, and store it.

        `timestamp` is unix seconds; an earlier one than the parent's becomes the parent's, an equal one
        stays. Transactions that the block cannot contain are left out and named in `refused`.
        """
        header = self.next_header(timestamp)
        refused: dict[int, Refused] = {}
        while True:
            vm = CancunVM(header, self._chaindb, self._context, self._consensus)
            try:
                executed, receipts, filled = self._fill(vm, header, raws, refused)
                break
            except _Broken as broken:
                # A half-executed transaction leaves no usable state: the block is made again without it.
                refused[broken.position] = Refused(f"transaction cannot be executed ({broken.reason})")
        transaction_root, _ = make_trie_root_and_nodes([e.tx.signed for e in executed])
        receipt_root, _ = make_trie_root_and_nodes(receipts)
        vm.state.persist()
        final = filled.copy(
            transaction_root=transaction_root, receipt_root=receipt_root, state_root=vm.state.state_root
        )
        self._chaindb.persist_header(final)
        return BlockResult(final, tuple(executed), refused)

    def _write_genesis(self, db: AtomicDB, genesis: Genesis) -> BlockHeaderAPI:
        chain: Any = type("GenesisChain", (PyEvmChain,), {"vm_configuration": ((0, CancunVM),)})
        alloc = {
            bytes.fromhex(address[2:]): {"balance": wei, "nonce": 0, "code": b"", "storage": {}}
            for address, wei in genesis.alloc.items()
        }
        params = {
            "coinbase": COINBASE,
            "difficulty": 0,
            "extra_data": b"",
            "gas_limit": GAS_LIMIT,
            "base_fee_per_gas": BASE_FEE,
            "timestamp": genesis.timestamp,
        }
        return chain.from_genesis(db, params, alloc).get_canonical_block_header_by_number(0)

    def _fill(
        self, vm: CancunVM, header: BlockHeaderAPI, raws: Sequence[bytes], refused: dict[int, Refused]
    ) -> tuple[list[Executed], list[Any], BlockHeaderAPI]:
        executed: list[Executed] = []
        receipts: list[Any] = []
        for position, raw in enumerate(raws):
            if position in refused:
                continue
            try:
                tx = decode_transaction(raw, self.chain_id)
                nonce, balance = vm.state.get_nonce(tx.sender), vm.state.get_balance(tx.sender)
                check_transaction(tx, nonce, balance, header.base_fee_per_gas)
                if header.gas_used + tx.gas > header.gas_limit:
                    raise Refused("the block has no gas left for this transaction")
            except Refused as reason:
                refused[position] = reason
                continue
            try:
                receipt, computation = vm.apply_transaction(header, tx.signed)
            except Exception as error:
                raise _Broken(position, type(error).__name__) from error
            used = receipt.gas_used - header.gas_used
            header = vm.add_receipt_to_header(header, receipt)
            receipts.append(receipt)
            executed.append(_executed(tx, receipt, computation, used, header.base_fee_per_gas))
        return executed, receipts, header


class _Broken(Exception):
    """py-evm failed inside the transaction at `position`."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position
        self.reason = reason


def _executed(tx: Transaction, receipt: Any, computation: Any, used: int, base_fee: int) -> Executed:
    logs = tuple(
        LogEntry(bytes(log.address), tuple(topic.to_bytes(32, "big") for topic in log.topics), bytes(log.data))
        for log in receipt.logs
    )
    created = bytes(computation.msg.storage_address) if not tx.to else None
    return Executed(
        tx=tx,
        status=int(computation.is_success),
        gas_used=used,
        cumulative_gas=receipt.gas_used,
        price=tx.price(base_fee),
        contract=created,
        logs=logs,
        bloom=receipt.bloom,
    )
