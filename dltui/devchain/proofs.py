"""Merkle proofs of accounts and storage against a block's state root (EIP-1186)."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass

import rlp
from eth_utils import keccak
from trie import HexaryTrie

_HASH = rlp.sedes.Binary.fixed_length(32)
_ACCOUNT = rlp.sedes.List([rlp.sedes.big_endian_int, rlp.sedes.big_endian_int, _HASH, _HASH])
_NO_STORAGE, _NO_CODE = keccak(rlp.encode(b"")), keccak(b"")


@dataclass(frozen=True)
class SlotProof:
    """A storage word and the trie nodes from the storage root to it, RLP-encoded."""

    value: int
    nodes: tuple[bytes, ...]


@dataclass(frozen=True)
class AccountProof:
    """An account (`balance` in wei) and the trie nodes from the state root to it; zeros if it does not exist."""

    nonce: int
    balance: int
    storage_root: bytes
    code_hash: bytes
    nodes: tuple[bytes, ...]


def prove_account(db: MutableMapping[bytes, bytes], state_root: bytes, address: bytes) -> AccountProof:
    """Prove the account `address` in the state `state_root`."""
    stored, nodes = _look_up(db, state_root, address)
    nonce, balance, storage_root, code_hash = rlp.decode(stored, _ACCOUNT) if stored else (0, 0, _NO_STORAGE, _NO_CODE)
    return AccountProof(nonce, balance, storage_root, code_hash, nodes)


def prove_slot(db: MutableMapping[bytes, bytes], storage_root: bytes, slot: int) -> SlotProof:
    """Prove one storage word of the account with `storage_root`."""
    word, nodes = _look_up(db, storage_root, slot.to_bytes(32, "big"))
    return SlotProof(rlp.decode(word, rlp.sedes.big_endian_int) if word else 0, nodes)


def _look_up(db: MutableMapping[bytes, bytes], root: bytes, key: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the value at the hash of `key` and the encoded nodes on the way to it."""
    trie, place = HexaryTrie(db, root), keccak(key)
    return bytes(trie.get(place)), tuple(rlp.encode(node) for node in trie.get_proof(place))
