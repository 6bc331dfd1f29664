"""Merkle trees and the hashes that both sides compute."""

from __future__ import annotations

import pytest
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from dltui.chain import merkle
from tests.kits.contract_world import World, result

LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)

# Roots by @openzeppelin/merkle-tree's algorithm, written out for up to three leaves.
A, B, C = sorted(keccak(bytes([i])) for i in range(3))


def pair(left: bytes, right: bytes) -> bytes:
    return keccak(min(left, right) + max(left, right))


def test_small_trees_have_the_library_s_shape() -> None:
    assert merkle.root([A]) == A
    assert merkle.root([B, A]) == pair(A, B)
    # The array is [root, inner, C, B, A] with the leaves sorted backwards: the inner node is over B and A.
    assert merkle.root([C, A, B]) == pair(pair(A, B), C)
    assert merkle.proof([A], 0) == []
    assert merkle.proof([C, A, B], 0) == [pair(A, B)]
    assert merkle.proof([C, A, B], 1) == [B, C]


def test_the_openzeppelin_readme_tree() -> None:
    """The root that OpenZeppelin's documentation shows for its two example values (address, uint256)."""
    from eth_abi import encode

    values = [
        ("0x1111111111111111111111111111111111111111", 5_000_000_000_000_000_000),
        ("0x2222222222222222222222222222222222222222", 2_500_000_000_000_000_000),
    ]
    leaves = [keccak(keccak(encode(["address", "uint256"], value))) for value in values]
    assert merkle.root(leaves).hex() == "d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77"


@given(LEAVES, st.randoms(use_true_random=False))
def test_every_leaf_is_proven_and_order_does_not_matter(leaves: list[bytes], random: object) -> None:
    root = merkle.root(leaves)
    shuffled = list(leaves)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert merkle.root(shuffled) == root
    for index, leaf in enumerate(leaves):
        path = merkle.proof(leaves, index)
        assert merkle.verify(leaf, path, root)
        assert len(path) <= (2 * len(leaves) - 1).bit_length()


@given(LEAVES, st.data())
def test_a_changed_proof_proves_nothing(leaves: list[bytes], data: st.DataObject) -> None:
    root = merkle.root(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    path = merkle.proof(leaves, index)
    stranger = keccak(b"".join(leaves))
    assert not merkle.verify(stranger, path, root)
    assert not merkle.verify(leaves[index], [*path, stranger], root)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        flipped = bytes([path[at][0] ^ 1]) + path[at][1:]
        assert not merkle.verify(leaves[index], [*path[:at], flipped, *path[at + 1 :]], root)


def test_wrong_leaves_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        merkle.root([])
    for wrong in (b"", bytes(31), bytes(33), bytes(64)):
        with pytest.raises(ValueError, match="32 bytes"):
            merkle.root([A, wrong])
    for index in (-1, 2):
        with pytest.raises(IndexError):
            merkle.proof([A, B], index)


def test_a_record_leaf_depends_on_salt_and_record() -> None:
    salt = bytes(32)
    assert merkle.record_leaf(salt, b"record") == keccak(keccak(salt + b"record"))
    assert merkle.record_leaf(salt, b"record") != merkle.record_leaf(b"\x01" * 32, b"record")
    for wrong in (b"", bytes(31), bytes(33)):
        with pytest.raises(ValueError, match="salt has 32 bytes"):
            merkle.record_leaf(wrong, b"record")


def test_every_field_of_a_verdict_is_in_its_leaf() -> None:
    fields = [1, 2, A, True, 0, 100]
    leaf = merkle.verdict_leaf(*fields)
    for at, other in enumerate([2, 3, B, False, 1, 101]):
        assert merkle.verdict_leaf(*[*fields[:at], other, *fields[at + 1 :]]) != leaf


@pytest.mark.parametrize("clients", [1, 2, 3, 5, 8])
def test_the_contract_accepts_proofs_from_here(world: World, clients: int) -> None:
    """Trees of several shapes, proven by recordMiss on chain."""
    update = bytes([0xD0, 2]) * 16
    leaves = [merkle.verdict_leaf(1, 2, update, False, 1, 102), *(keccak(bytes([i])) for i in range(clients - 1))]
    world.play(result(1), verdicts=merkle.root(leaves))
    call = world.fl.record_miss(1, 2, update, 102, merkle.proof(leaves, 0))
    assert world.send(world.stranger, call).args("MissRecorded")["index"] == 2
