"""Merkle trees as OpenZeppelin's StandardMerkleTree builds them, and the hashes that contract and members share.

The tree is a complete binary tree in an array: node i has children 2i+1 and 2i+2, the sorted leaves fill the end of
the array backwards, and a pair is hashed in ascending order, so a proof needs no left or right.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth_abi import encode
from eth_utils import keccak

_HASH = 32


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over 32-byte leaf hashes, in any order. ValueError without leaves or for another length."""
    return _tree(leaves)[0]


def proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the siblings from leaf `leaves[index]` up to the root. IndexError for an index out of range."""
    tree = _tree(leaves)
    if not 0 <= index < len(leaves):
        raise IndexError(f"leaf {index} of {len(leaves)}")
    # Equal leaves have equal proofs of equal worth, so the first place will do.
    node = len(tree) - 1 - sorted(leaves).index(leaves[index])
    path = []
    while node > 0:
        path.append(tree[node + 1 if node % 2 else node - 1])
        node = (node - 1) // 2
    return path


def verify(leaf: bytes, path: Sequence[bytes], expected: bytes) -> bool:
    """Return whether `path` leads from `leaf` to the root `expected`."""
    node = leaf
    for sibling in path:
        node = _pair(node, sibling)
    return node == expected


def verdict_leaf(round: int, client: int, digest: bytes, included: bool, reason: int, weight: int) -> bytes:
    """Leaf of one verdict: what became of a client's update in a round, why, and what it weighs (records)."""
    types = ["uint32", "uint16", "bytes32", "bool", "uint8", "uint32"]
    return keccak(keccak(encode(types, [round, client, digest, included, reason, weight])))


def record_leaf(salt: bytes, record: bytes) -> bytes:
    """Leaf of one data record under its owner's 32-byte salt, hashed twice so that no inner node is a leaf."""
    if len(salt) != _HASH:
        raise ValueError(f"a salt has {_HASH} bytes, not {len(salt)}")
    return keccak(keccak(salt + record))


def seal(
    chain_id: int,
    fl: str,
    federation_id: bytes,
    round: int,
    attempt: int,
    member: str,
    result_digest: bytes,
    verdicts_root: bytes,
) -> bytes:
    """Return what `member` attests to: equal to FLContract.sealOf of the contract `fl`."""
    types = ["uint256", "address", "bytes32", "uint32", "uint8", "address", "bytes32", "bytes32"]
    values = [chain_id, fl, federation_id, round, attempt, member, result_digest, verdicts_root]
    return keccak(encode(types, values))


def _pair(a: bytes, b: bytes) -> bytes:
    return keccak(a + b if a < b else b + a)


def _tree(leaves: Sequence[bytes]) -> list[bytes]:
    if not leaves:
        raise ValueError("a Merkle tree needs at least one leaf")
    if any(len(leaf) != _HASH for leaf in leaves):
        raise ValueError(f"a leaf has {_HASH} bytes")
    inner = len(leaves) - 1
    tree = [b""] * inner + sorted(leaves, reverse=True)
    for node in reversed(range(inner)):
        tree[node] = _pair(tree[2 * node + 1], tree[2 * node + 2])
    return tree
