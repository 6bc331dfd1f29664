"""Merkle proofs of accounts and storage against a block's state root (EIP-1186)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import rlp
from eth.abc import DatabaseAPI
from eth.rlp.accounts import Account
from eth_utils import keccak
from trie import HexaryTrie


@dataclass(frozen=True)
class SlotProof:
    """A storage word and the trie nodes from the storage root to it, RLP-encoded."""

    value: int
    nodes: tuple[bytes, ...]


@dataclass(frozen=True)
class AccountProof:
    """An account (`balance` in wei) and the trie nodes from the state root to it; zeros where it does not exist."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes
    nodes: tuple[bytes, ...]
    slots: tuple[SlotProof, ...]


def prove(db: DatabaseAPI, state_root: bytes, address: bytes, slots: Sequence[int]) -> AccountProof:
    """Prove the account `address` and its storage `slots` in the state `state_root`."""
    stored, nodes = _look_up(db, state_root, address)
    account = rlp.decode(stored, Account) if stored else Account()
    found = []
    for slot in slots:
        word, path = _look_up(db, account.storage_root, slot.to_bytes(32, "big"))
        found.append(SlotProof(rlp.decode(word, rlp.sedes.big_endian_int) if word else 0, path))
    return AccountProof(
        account.nonce, account.balance, bytes(account.storage_root), bytes(account.code_hash), nodes, tuple(found)
    )


def _look_up(db: DatabaseAPI, root: bytes, key: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """The value at the hash of `key` and the encoded nodes on the way to it."""
    trie, place = HexaryTrie(db, root), keccak(key)
    return bytes(trie.get(place)), tuple(rlp.encode(node) for node in trie.get_proof(place))
