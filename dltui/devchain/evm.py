"""py-evm behind one door: no other module imports it, since it is a pinned pre-release.

It gives stored states, a block in the making, and unsigned calls. The rest of the node sees headers, the
key-value store below a chain, and the records of this module.

The same genesis and the same (timestamp, raw transactions) give the same block hashes and state roots on every machine,
which is what lets a run be restored and verified from its transaction log. The fee recipient is the zero address and
mix hash, beacon root and extra data are empty, so nothing in a block depends on who made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from eth.abc import BlockHeaderAPI as Header
from eth.abc import StateAPI
from eth.chains.base import Chain
from eth.consensus import ConsensusContext
from eth.db.atomic import AtomicDB
from eth.db.backends.base import BaseDB as Database
from eth.db.chain import ChainDB
from eth.db.trie import make_trie_root_and_nodes
from eth.exceptions import HeaderNotFound, OutOfGas
from eth.exceptions import Revert as RevertError
from eth.vm.chain_context import ChainContext
from eth.vm.forks import CancunVM
from eth.vm.forks.cancun.computation import CancunComputation
from eth.vm.forks.cancun.state import CancunState
from eth.vm.spoof import SpoofTransaction
from eth_utils import ValidationError

from dltui.chain.nodes.genesis import BASE_FEE, GAS_LIMIT, Genesis
from dltui.chain.transactions import Refused, Transaction
from dltui.devchain.deadline import OutOfTime, Watch
from dltui.devchain.proofs import AccountProof, SlotProof, prove_account, prove_slot

__all__ = ["COINBASE", "CallResult", "Database", "Executed", "Header", "LogEntry", "Message", "OpenBlock", "States"]

COINBASE = b"\0" * 20
"""The fee recipient of every block."""
_MODEXP, _PAIRING, _BLAKE2 = (number.to_bytes(20, "big") for number in (5, 8, 9))
_MOST_GAS = {_MODEXP: 2_000_000, _PAIRING: 45_000 + 8 * 34_000, _BLAKE2: 20_000}
"""Gas that one use of a precompile may cost in a call. These three are Python without a pause: for 30 million gas they
would run for minutes (a pairing takes 0.6 s a pair, BLAKE2 18 µs a round)."""


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
class Message:
    """An unsigned call: `value` in wei, `to` empty for a creation, `access_list` of (address, slots)."""

    sender: bytes = COINBASE
    to: bytes = b""
    data: bytes = b""
    value: int = 0
    gas: int = GAS_LIMIT
    access_list: tuple[tuple[bytes, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class CallResult:
    """What a call gave: `output`, `error` (empty on success), `reverted` if the code itself refused."""

    output: bytes
    gas_used: int
    error: str = ""
    reverted: bool = False


class States:
    """The chain `chain_id` in `db`: headers, accounts as they were after any block, and calls on these states.

    Not thread-safe.
    """

    def __init__(self, db: Database, chain_id: int) -> None:
        self.db = db
        self.chain_id = chain_id
        self._db = AtomicDB(db)
        self._chaindb = ChainDB(self._db)
        self._context = ChainContext(chain_id)

    def begin(self, genesis: Genesis) -> Header:
        """Make the first block if the chain has none, and return the one that `genesis` gives, stored or not."""
        first = _first_block(AtomicDB(), genesis)
        try:
            self.header(0)
        except Refused:
            _first_block(self._db, genesis)
        return first

    @property
    def head(self) -> Header:
        """Header of the newest block."""
        return self._chaindb.get_canonical_head()

    def header(self, number: int) -> Header:
        """Return the header of block `number`; raises `Refused` if the chain has none."""
        try:
            return self._chaindb.get_canonical_block_header_by_number(number)
        except HeaderNotFound as error:
            raise Refused("header not found") from error

    def next_header(self, timestamp: int) -> Header:
        """Return the header of the block after the head: not earlier than the head, base fee by EIP-1559."""
        parent = self.head
        return CancunVM.create_header_from_parent(
            parent, timestamp=max(timestamp, parent.timestamp), gas_limit=parent.gas_limit, coinbase=COINBASE
        )

    def open_block(self, timestamp: int) -> OpenBlock:
        """Begin the block after the head."""
        header = self.next_header(timestamp)
        return OpenBlock(CancunVM(header, self._chaindb, self._context, ConsensusContext(self._db)), self._chaindb)

    def balance(self, address: bytes, number: int | None = None) -> int:
        """Return the balance of `address` in wei after block `number` (default: the head)."""
        return int(self._state(number).get_balance(address))

    def nonce(self, address: bytes, number: int | None = None) -> int:
        """Return the number of transactions that `address` has sent, after block `number` (default: the head)."""
        return int(self._state(number).get_nonce(address))

    def code(self, address: bytes, number: int | None = None) -> bytes:
        """Return the contract code at `address` after block `number` (default: the head)."""
        return bytes(self._state(number).get_code(address))

    def storage(self, address: bytes, slot: int, number: int | None = None) -> int:
        """Return storage word `slot` of `address` after block `number` (default: the head)."""
        return int(self._state(number).get_storage(address, slot))

    def proof(self, address: bytes, number: int) -> AccountProof:
        """Return the Merkle proof of `address` after block `number`."""
        return prove_account(self._db, self.header(number).state_root, address)

    def slot_proof(self, account: AccountProof, slot: int) -> SlotProof:
        """Return the Merkle proof of a storage word of `account`."""
        return prove_slot(self._db, account.storage_root, slot)

    def execute_unsigned(self, message: Message, at: Header, watch: Watch) -> CallResult:
        """Execute `message` as in block `at`, on the state that this header names, free of charge and without a trace.

        Raises `OutOfTime` if `watch` ends it.
        """
        # A base fee of zero lets accounts without money ask.
        free, hashes = at.copy(base_fee_per_gas=0), _BoundedVM.get_prev_hashes(at.parent_hash, self._chaindb)
        state: Any = _BoundedVM.build_state(self._db, free, self._context, hashes)
        state.watch = watch
        if message.value and state.get_balance(message.sender) < message.value:
            return CallResult(b"", 0, f"insufficient funds for transfer: address 0x{message.sender.hex()}")
        unsigned = _BoundedVM.get_transaction_builder().new_unsigned_access_list_transaction(
            chain_id=self.chain_id,
            nonce=state.get_nonce(message.sender),
            gas_price=0,
            gas=message.gas,
            to=message.to,
            value=message.value,
            data=message.data,
            access_list=message.access_list,
        )
        try:
            computation = state.apply_transaction(SpoofTransaction(unsigned, from_=message.sender))
        except (ValidationError, RecursionError) as error:
            return CallResult(b"", 0, f"the call cannot be executed ({type(error).__name__})")
        used = message.gas - computation.get_gas_remaining()
        if computation.is_success:
            return CallResult(bytes(computation.output), used)
        if isinstance(computation.error, RevertError):
            return CallResult(bytes(computation.output), used, "execution reverted", reverted=True)
        return CallResult(b"", used, _words(computation.error))

    def _state(self, number: int | None) -> StateAPI:
        header = self.head if number is None else self.header(number)
        return CancunVM.build_state(self._db, header, self._context)


class OpenBlock:
    """A block in the making: transactions are applied one after the other, then it is closed.

    If py-evm fails inside a transaction, `apply` raises what it raised, and the block is of no use any more.
    """

    def __init__(self, vm: CancunVM, chaindb: ChainDB) -> None:
        self._vm = vm
        self._chaindb = chaindb
        self._signed: list[Any] = []
        self._receipts: list[Any] = []
        self.header: Header = vm.get_header()

    def nonce(self, address: bytes) -> int:
        """Return the number of transactions that `address` has sent by now."""
        return int(self._vm.state.get_nonce(address))

    def balance(self, address: bytes) -> int:
        """Return what `address` owns by now, in wei."""
        return int(self._vm.state.get_balance(address))

    def apply(self, tx: Transaction) -> Executed:
        """Execute `tx` as the block's next transaction."""
        signed = self._vm.get_transaction_builder().decode(tx.raw)
        receipt, computation = self._vm.apply_transaction(self.header, signed)
        before = self.header.gas_used
        self.header = self._vm.add_receipt_to_header(self.header, receipt)
        self._signed.append(signed)
        self._receipts.append(receipt)
        return Executed(
            tx=tx,
            status=int(computation.is_success),
            gas_used=receipt.gas_used - before,
            cumulative_gas=receipt.gas_used,
            price=tx.price(self.header.base_fee_per_gas),
            contract=bytes(computation.msg.storage_address) if not tx.to else None,
            logs=tuple(
                LogEntry(bytes(log.address), tuple(topic.to_bytes(32, "big") for topic in log.topics), bytes(log.data))
                for log in receipt.logs
            ),
            bloom=receipt.bloom,
        )

    def close(self) -> Header:
        """Store the block as the chain's head and return its header."""
        transaction_root, _ = make_trie_root_and_nodes(self._signed)
        receipt_root, _ = make_trie_root_and_nodes(self._receipts)
        state = self._vm.state
        state.persist()
        self.header = self.header.copy(
            transaction_root=transaction_root, receipt_root=receipt_root, state_root=state.state_root
        )
        self._chaindb.persist_header(self.header)
        return self.header


def _first_block(db: AtomicDB, genesis: Genesis) -> Header:
    chain: Any = type("GenesisChain", (Chain,), {"vm_configuration": ((0, CancunVM),)})
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
    header: Header = chain.from_genesis(db, params, alloc).get_canonical_block_header_by_number(0)
    return header


class _BoundedComputation(CancunComputation):
    """Every opcode and precompile charges gas before it works; here the charge is where a call can be ended."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._watch = cast(_BoundedState, self.state).watch
        self._most = _MOST_GAS.get(self.msg.code_address, GAS_LIMIT)

    def consume_gas(self, amount: int, reason: str) -> None:
        self._watch.step()
        if amount > self._most and amount <= self.get_gas_remaining():
            raise OutOfTime("execution aborted (this precompile call takes too long for a call without a transaction)")
        super().consume_gas(amount, reason)


class _BoundedState(CancunState):
    computation_class = _BoundedComputation
    watch: Watch


class _BoundedVM(CancunVM):
    """Cancun whose states need a `watch` before they execute anything."""

    _state_class = _BoundedState


def _words(error: Exception) -> str:
    """Return the name of py-evm's error as words."""
    if isinstance(error, OutOfGas):
        return "out of gas"
    name = type(error).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
