"""Reading a stored chain: headers, and accounts as they were after any block."""

from __future__ import annotations

from eth.abc import BlockHeaderAPI, StateAPI
from eth.db.atomic import AtomicDB
from eth.db.backends.base import BaseDB
from eth.db.chain import ChainDB
from eth.exceptions import HeaderNotFound
from eth.vm.chain_context import ChainContext
from eth.vm.forks import CancunVM

from dltui.chain.transactions import Refused
from dltui.devchain.proofs import AccountProof, SlotProof, prove_account, prove_slot

COINBASE = b"\0" * 20
"""The fee recipient of every block."""


class States:
    """The chain `chain_id` in `db` (py-evm's key-value interface). Not thread-safe."""

    def __init__(self, db: BaseDB, chain_id: int) -> None:
        self.db = db
        self.chain_id = chain_id
        self._db = AtomicDB(db)
        self._chaindb = ChainDB(self._db)
        self._context = ChainContext(chain_id)

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
            parent, timestamp=max(timestamp, parent.timestamp), gas_limit=parent.gas_limit, coinbase=COINBASE
        )

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

    def proof(self, address: bytes, number: int) -> AccountProof:
        """Merkle proof of `address` after block `number`."""
        return prove_account(self._db, self.header(number).state_root, address)

    def slot_proof(self, account: AccountProof, slot: int) -> SlotProof:
        """Merkle proof of a storage word of `account`."""
        return prove_slot(self._db, account.storage_root, slot)

    def _state(self, number: int | None) -> StateAPI:
        header = self.head if number is None else self.header(number)
        return CancunVM.build_state(self._db, header, self._context)
