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

from eth.abc import BlockHeaderAPI, StateAPI
from eth.chains.base import Chain as PyEvmChain
from eth.consensus import ConsensusContext
from eth.db.atomic import AtomicDB
from eth.db.backends.base import BaseDB
from eth.db.chain import ChainDB
from eth.db.trie import make_trie_root_and_nodes
from eth.exceptions import HeaderNotFound, OutOfGas, Revert
from eth.vm.chain_context import ChainContext
from eth.vm.forks import CancunVM
from eth.vm.spoof import SpoofTransaction
from eth_utils import ValidationError

from dltui.chain.embedded.genesis import BASE_FEE, GAS_LIMIT, Genesis
from dltui.chain.embedded.transactions import Refused, Transaction, check_transaction, decode_transaction
from dltui.errors import ChainError

_COINBASE = b"\0" * 20
_CALL_STIPEND = 2_300
_ESTIMATE_SLACK = 0.015


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


@dataclass(frozen=True)
class Message:
    """An unsigned call: `value` in wei, `to` empty for a creation, `access_list` of (address, slots)."""

    sender: bytes = _COINBASE
    to: bytes = b""
    data: bytes = b""
    value: int = 0
    gas: int = GAS_LIMIT
    access_list: tuple[tuple[bytes, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class CallResult:
    """What a call gave: `output`, `error` (empty on success), `reverted` where the code itself refused."""

    output: bytes
    gas_used: int
    error: str = ""
    reverted: bool = False


class Machine:
    """A chain over `db` (py-evm's key-value interface); an empty one begins with `genesis`.

    Not thread-safe. Raises `ChainError` where `db` holds a chain of another genesis.
    """

    def __init__(self, db: BaseDB, genesis: Genesis) -> None:
        self.chain_id = genesis.chain_id
        self._db = AtomicDB(db)
        self._chaindb = ChainDB(self._db)
        self._context = ChainContext(genesis.chain_id)
        self._consensus = ConsensusContext(self._db)
        first = self._write_genesis(AtomicDB(), genesis)
        try:
            stored = self._chaindb.get_canonical_block_header_by_number(0)
        except HeaderNotFound:
            stored = self._write_genesis(self._db, genesis)
        if stored.hash != first.hash:
            raise ChainError("the stored chain began with another genesis", where="chain state")

    @property
    def head(self) -> BlockHeaderAPI:
        """Header of the newest block."""
        return self._chaindb.get_canonical_head()

    def header(self, number: int) -> BlockHeaderAPI:
        """Header of block `number`; raises `Refused` where the chain has none."""
        try:
            return self._chaindb.get_canonical_block_header_by_number(number)
        except HeaderNotFound as error:
            raise Refused("header not found") from error

    def next_header(self, timestamp: int) -> BlockHeaderAPI:
        """Header of the block after the head: not earlier than the head, base fee by EIP-1559."""
        parent = self.head
        return CancunVM.create_header_from_parent(
            parent, timestamp=max(timestamp, parent.timestamp), gas_limit=parent.gas_limit, coinbase=_COINBASE
        )

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

    def balance(self, address: bytes, number: int | None = None) -> int:
        """Balance of `address` in wei after block `number` (default: the head)."""
        return int(self._state(number).get_balance(address))

    def nonce(self, address: bytes, number: int | None = None) -> int:
        """Number of transactions that `address` has sent, after block `number` (default: the head)."""
        return int(self._state(number).get_nonce(address))

    def code(self, address: bytes, number: int | None = None) -> bytes:
        """Contract code at `address` after block `number` (default: the head)."""
        return bytes(self._state(number).get_code(address))

    def storage(self, address: bytes, slot: int, number: int | None = None) -> int:
        """Storage word `slot` of `address` after block `number` (default: the head)."""
        return int(self._state(number).get_storage(address, slot))

    def call(self, message: Message, number: int | None = None, timestamp: int | None = None) -> CallResult:
        """Execute on the state after block `number` (default: the head), free of charge and without a trace.

        The code sees that block's number and time; with `timestamp` it sees the block to come, at that time.
        """
        state = self._free_state(number, timestamp)
        floor = _unsigned(message, self.chain_id).intrinsic_gas
        if message.gas < floor:
            return CallResult(b"", 0, f"intrinsic gas too low: have {message.gas}, want {floor}")
        return self._run(state, message)

    def estimate(self, message: Message, number: int | None = None, timestamp: int | None = None) -> CallResult:
        """Find the gas limit that `message` needs, up to 1.5 % above the least: the result's `gas_used`.

        A message that fails even with `message.gas` gives the failed result.
        """
        first = self.call(message, number, timestamp)
        if first.error:
            return first
        low, high = first.gas_used - 1, message.gas
        guess = min(high, (first.gas_used + _CALL_STIPEND) * 64 // 63)
        if message.to and not message.data and not self.code(message.to, number):
            guess = first.gas_used
        while high > low + 1:
            trial = Message(message.sender, message.to, message.data, message.value, guess, message.access_list)
            if self.call(trial, number, timestamp).error:
                low = guess
            else:
                high = guess
            if high - low <= max(1, int(high * _ESTIMATE_SLACK)):
                break
            guess = (low + high) // 2
        return CallResult(first.output, high)

    def _write_genesis(self, db: AtomicDB, genesis: Genesis) -> BlockHeaderAPI:
        chain: Any = type("GenesisChain", (PyEvmChain,), {"vm_configuration": ((0, CancunVM),)})
        alloc = {
            bytes.fromhex(address[2:]): {"balance": wei, "nonce": 0, "code": b"", "storage": {}}
            for address, wei in genesis.alloc.items()
        }
        params = {
            "coinbase": _COINBASE,
            "difficulty": 0,
            "extra_data": b"",
            "gas_limit": GAS_LIMIT,
            "base_fee_per_gas": BASE_FEE,
            "timestamp": genesis.timestamp,
        }
        return chain.from_genesis(db, params, alloc).get_canonical_block_header_by_number(0)

    def _state(self, number: int | None) -> StateAPI:
        header = self.head if number is None else self.header(number)
        return CancunVM.build_state(self._db, header, self._context)

    def _free_state(self, number: int | None, timestamp: int | None) -> StateAPI:
        """State for calls: a base fee of zero lets accounts without money ask."""
        at = self.head if number is None else self.header(number)
        header = at if timestamp is None else self.next_header(timestamp).copy(state_root=at.state_root)
        hashes = CancunVM.get_prev_hashes(header.parent_hash, self._chaindb)
        return CancunVM.build_state(self._db, header.copy(base_fee_per_gas=0), self._context, hashes)

    def _run(self, state: StateAPI, message: Message) -> CallResult:
        cost = message.value
        if cost and state.get_balance(message.sender) < cost:
            return CallResult(b"", 0, f"insufficient funds for transfer: address 0x{message.sender.hex()}")
        transaction = SpoofTransaction(
            _unsigned(message, self.chain_id, state.get_nonce(message.sender)), from_=message.sender
        )
        try:
            computation = state.apply_transaction(transaction)
        except (ValidationError, RecursionError) as error:
            return CallResult(b"", 0, f"the call cannot be executed ({type(error).__name__})")
        used = message.gas - computation.get_gas_remaining()
        if computation.is_success:
            return CallResult(bytes(computation.output), used)
        if isinstance(computation.error, Revert):
            return CallResult(bytes(computation.output), used, "execution reverted", reverted=True)
        return CallResult(b"", used, _failure(computation.error))

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


def _unsigned(message: Message, chain_id: int, nonce: int = 0) -> Any:
    return CancunVM.get_transaction_builder().new_unsigned_access_list_transaction(
        chain_id=chain_id,
        nonce=nonce,
        gas_price=0,
        gas=message.gas,
        to=message.to,
        value=message.value,
        data=message.data,
        access_list=message.access_list,
    )


def _failure(error: Exception) -> str:
    if isinstance(error, OutOfGas):
        return "out of gas"
    name = type(error).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
