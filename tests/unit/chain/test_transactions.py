"""Decoding signed transactions, compared with py-evm's own decoder."""

from __future__ import annotations

from typing import Any

import pytest
import rlp
from eth.vm.forks.cancun.transactions import CancunTransactionBuilder
from eth_account import Account
from eth_utils import ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from dltui.chain.transactions import Refused, Transaction, decode_transaction, intrinsic_gas
from tests.kits.chain import CHAIN_ID, KEYS, STRANGER, legacy, sign

_ADDRESS = st.binary(min_size=20, max_size=20)
_access = st.lists(st.tuples(_ADDRESS, st.lists(st.integers(0, 2**256 - 1), max_size=3)), max_size=3)
_fields = st.fixed_dictionaries(
    {
        "nonce": st.integers(0, 2**64 - 3),
        "gas": st.integers(100_000, 30_000_000),
        "value": st.integers(0, 2**256 - 1),
        "data": st.binary(max_size=200),
    }
)


def signed(kind: int, to: bytes | None, fields: dict[str, Any], access: Any) -> bytes:
    """A transaction of type `kind`, signed by eth-account."""
    tx = fields | ({} if to is None else {"to": to})
    listed = [{"address": address, "storageKeys": slots} for address, slots in access]
    if kind == 2:
        tx |= {"maxFeePerGas": 7, "maxPriorityFeePerGas": 3, "accessList": listed}
    else:
        tx |= {"gasPrice": 7} | ({"accessList": listed} if kind else {})
    typed = {"type": kind} if kind else {}
    return bytes(Account.sign_transaction(tx | {"chainId": CHAIN_ID} | typed, KEYS[0]).raw_transaction)


def accepted_by_py_evm(raw: bytes) -> Any:
    """The transaction as py-evm decodes it; None if it does not, or if it would encode it otherwise."""
    try:
        found = CancunTransactionBuilder.decode(raw)
        found.check_signature_validity()
        return found if found.copy(nonce=found.nonce).encode() == raw else None
    except (rlp.exceptions.RLPException, ValidationError, ValueError, TypeError, IndexError):
        return None


def assert_same(tx: Transaction, other: Any) -> None:
    pairs = {name: getattr(other, name) for name in ("nonce", "to", "value", "gas", "data", "sender", "hash", "r", "s")}
    assert {name: getattr(tx, name) for name in pairs} == pairs
    assert (tx.max_fee, tx.max_priority_fee) == (other.max_fee_per_gas, other.max_priority_fee_per_gas)
    listed = other.access_list if tx.kind else ()
    assert [(a, list(slots)) for a, slots in tx.access_list] == [(a, list(slots)) for a, slots in listed]
    assert tx.v == (other.y_parity if tx.kind else other.v)
    assert intrinsic_gas(tx.to, tx.data, tx.access_list) == other.intrinsic_gas


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([0, 1, 2]), st.none() | _ADDRESS, _fields, _access)
def test_what_a_wallet_signs_is_read_as_py_evm_reads_it(
    kind: int, to: bytes | None, fields: dict[str, Any], access: Any
) -> None:
    raw = signed(kind, to, fields, access)
    tx = decode_transaction(raw, CHAIN_ID)
    assert (tx.kind, tx.chain_id, tx.raw) == (kind, CHAIN_ID, raw)
    assert_same(tx, accepted_by_py_evm(raw))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_of_changed_bytes_nothing_passes_that_py_evm_would_not_execute(data: st.DataObject) -> None:
    raw = data.draw(
        st.sampled_from(
            [
                sign(0, 0, value=5),
                legacy(0, 0),
                signed(1, bytes(20), {"gas": 99_999} | {"nonce": 1, "value": 2, "data": b"x"}, [(bytes(20), [1])]),
            ]
        )
    )
    place = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:place] + data.draw(st.binary(max_size=2)) + raw[place + data.draw(st.integers(0, 2)) :]
    try:
        tx = decode_transaction(changed, CHAIN_ID)
    except Refused as refused:
        if refused.message.startswith("rlp: the bytes"):
            assert accepted_by_py_evm(changed) is None
    else:
        assert_same(tx, accepted_by_py_evm(changed))


@pytest.mark.parametrize("field", [0, 4, 5], ids=["nonce", "value", "data"])
def test_an_empty_list_is_no_second_way_to_write_nothing(field: int) -> None:
    values: list[Any] = rlp.decode(legacy(0, 0, value=0))
    assert values[field] == b""
    values[field] = []
    with pytest.raises(Refused, match="rlp: the bytes are not"):
        decode_transaction(rlp.encode(values), CHAIN_ID)


@pytest.mark.parametrize(
    ("to", "data", "access", "gas"),
    [
        (bytes.fromhex(STRANGER[2:]), b"", (), 21_000),
        (bytes.fromhex(STRANGER[2:]), b"\0\1", (), 21_020),
        (b"", b"", (), 53_000),
        (bytes(20), b"", ((bytes(20), (1, 2)), (bytes(20), ())), 21_000 + 4_800 + 3_800),
    ],
)
def test_the_gas_before_the_code_runs(to: bytes, data: bytes, access: Any, gas: int) -> None:
    assert intrinsic_gas(to, data, access) == gas
