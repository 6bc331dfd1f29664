"""Signed transactions read back: what we sent is what is told, and strangers' bytes harm nobody."""

from __future__ import annotations

import contextlib

import pytest
from eth_account import Account
from eth_utils import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from dltui.chain.contracts.bound import DataRegistry, FLContract, deploy_call
from dltui.chain.contracts.decode import decode_tx
from dltui.core.answers import MOST_CHARACTERS
from dltui.errors import ChainError

KEY = "0x" + "11" * 32
FL, DATA = "0x" + "aa" * 20, "0x" + "bb" * 20
CONTRACTS = {FLContract(None, FL).address: "FLContract", DataRegistry(None, DATA).address: "DataRegistry"}  # type: ignore[arg-type]


def signed(to: str | None, data: bytes, **fields: object) -> bytes:
    terms = {"type": 2, "chainId": 31337, "nonce": 7, "maxFeePerGas": 20, "maxPriorityFeePerGas": 3, "gas": 90_000,
             "value": 5, "data": data} | fields  # fmt: skip
    return bytes(
        Account.from_key(KEY)
        .sign_transaction(terms if to is None else {**terms, "to": to_checksum_address(to)})
        .raw_transaction
    )


def test_a_call_of_ours_comes_back_by_name() -> None:
    call = FLContract(None, FL).report(3, 1, 0b1011, b"")  # type: ignore[arg-type]
    told = decode_tx(signed(call.to, call.data), CONTRACTS)
    assert (told.contract, told.function) == ("FLContract", "report")
    assert told.arguments == (
        ("round", "3"),
        ("attempt", "1"),
        ("available", "clients 0, 1, 3"),
        ("scores", "0x"),
    )
    assert (told.nonce, told.gas_limit, told.max_fee, told.max_tip, told.value) == (7, 90_000, 20, 3, 5)


def test_old_kinds_of_transactions_transfers_and_deployments() -> None:
    call = DataRegistry(None, DATA).grant()  # type: ignore[arg-type]
    fields = {
        "nonce": 1,
        "gasPrice": 9,
        "gas": 50_000,
        "value": 0,
        "data": call.data,
        "to": to_checksum_address(DATA),
        "chainId": 31337,
    }
    raw = bytes(Account.from_key(KEY).sign_transaction(fields).raw_transaction)
    assert raw[0] >= 0xC0
    told = decode_tx(raw, CONTRACTS)
    assert (told.contract, told.function, told.max_fee, told.max_tip) == ("DataRegistry", "grant", 9, 9)
    assert decode_tx(signed(FL, b""), CONTRACTS).function == "transfer"
    made = decode_tx(signed(None, deploy_call("DataRegistry", FL).data), CONTRACTS)
    assert (made.contract, made.function, made.to) == ("DataRegistry", "constructor", "")
    assert made.arguments == (("argument 1", CONTRACTS_FL),)


CONTRACTS_FL = next(iter(CONTRACTS))


def test_what_is_not_ours_is_told_with_its_bytes() -> None:
    stranger = decode_tx(signed("0x" + "cc" * 20, b"\x12\x34\x56\x78" * 200), CONTRACTS)
    assert (stranger.contract, stranger.function) == ("", "call")
    assert stranger.arguments[0][1].startswith("0x12345678") and len(stranger.arguments[0][1]) == MOST_CHARACTERS
    broken = decode_tx(signed(FL, FLContract(None, FL).join("x").data[:-20]), CONTRACTS)  # type: ignore[arg-type]
    assert broken.function == "call"


def test_a_name_from_the_chain_is_made_harmless() -> None:
    told = decode_tx(signed(FL, FLContract(None, FL).join("\x1b[2J[/x]").data), CONTRACTS)  # type: ignore[arg-type]
    assert told.arguments == (("name", "[/x]"),)


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_refused(raw: bytes) -> None:
    with contextlib.suppress(ChainError):
        decode_tx(raw, CONTRACTS)


@given(st.binary(max_size=300))
def test_any_calldata_is_told(data: bytes) -> None:
    assert decode_tx(signed(FL, data), CONTRACTS).to == CONTRACTS_FL


@pytest.mark.parametrize("raw", [b"", b"\x02", b"\x05" + b"\xc0", b"\xc0", b"\x02\xc0"])
def test_what_is_no_transaction_is_refused(raw: bytes) -> None:
    with pytest.raises(ChainError, match="no transaction"):
        decode_tx(raw, CONTRACTS)
