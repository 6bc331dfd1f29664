"""Signed transactions at the door: decoding, and every rule of validity, with the messages of geth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import rlp
from eth.constants import SECPK1_N
from eth.vm.forks.cancun.transactions import CancunTransactionBuilder
from eth_utils import ValidationError, keccak

from dltui.chain.nodes.genesis import GAS_LIMIT

MAX_BYTES = 128 * 1024
"""Largest signed transaction in bytes."""
MAX_INITCODE = 49_152
"""Largest creation code in bytes (EIP-3860)."""
_LEGACY_FIRST_BYTE = 0xC0
_TYPES = (1, 2)
_LOWEST_EIP155_V = 35


class Refused(Exception):
    """A transaction that no block may contain; `message` says why, in geth's words."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Transaction:
    """A decoded signed transaction. Fees in wei per gas, `value` in wei, `to` empty for a contract creation."""

    raw: bytes
    hash: bytes
    sender: bytes
    kind: int
    signed: Any
    nonce: int
    to: bytes
    value: int
    gas: int
    data: bytes
    max_fee: int
    max_priority_fee: int

    @property
    def highest_cost(self) -> int:
        """What the sender must own, in wei: value and the whole gas limit at the highest fee."""
        return self.value + self.gas * self.max_fee

    def price(self, base_fee: int) -> int:
        """The effective gas price (EIP-1559) in wei under `base_fee`."""
        return min(self.max_fee, base_fee + self.max_priority_fee)


def decode_transaction(raw: bytes, chain_id: int) -> Transaction:
    """Decode a legacy (EIP-155), EIP-2930 or EIP-1559 transaction and check all that needs no state.

    Raises `Refused` for anything that is not the canonical encoding of a valid transaction signed for
    `chain_id`.
    """
    if len(raw) > MAX_BYTES:
        raise Refused(f"oversized data: transaction size {len(raw)}, limit {MAX_BYTES}")
    signed = _decode(raw)
    kind = 0 if raw[0] >= _LEGACY_FIRST_BYTE else raw[0]
    _check_ranges(signed, kind, chain_id)
    try:
        signed.check_signature_validity()
        sender = bytes(signed.sender)
    except (ValidationError, ValueError, TypeError) as error:
        raise Refused("invalid sender: invalid transaction v, r, s values") from error
    if not signed.to and len(signed.data) > MAX_INITCODE:
        raise Refused(f"max initcode size exceeded: code size {len(signed.data)}, limit {MAX_INITCODE}")
    if signed.gas > GAS_LIMIT:
        raise Refused("exceeds block gas limit")
    if signed.gas < signed.intrinsic_gas:
        raise Refused(f"intrinsic gas too low: gas {signed.gas}, minimum needed {signed.intrinsic_gas}")
    return Transaction(
        raw=raw,
        hash=bytes(keccak(raw)),
        sender=sender,
        kind=kind,
        signed=signed,
        nonce=signed.nonce,
        to=bytes(signed.to),
        value=signed.value,
        gas=signed.gas,
        data=bytes(signed.data),
        max_fee=signed.max_fee_per_gas,
        max_priority_fee=signed.max_priority_fee_per_gas,
    )


def check_transaction(tx: Transaction, nonce: int, balance: int, base_fee: int) -> None:
    """Raise `Refused` unless `tx` is the sender's next one and affordable: `balance` in wei, `base_fee` per gas."""
    address = "0x" + tx.sender.hex()
    if tx.nonce < nonce:
        raise Refused(f"nonce too low: address {address}, tx: {tx.nonce} state: {nonce}")
    if tx.nonce > nonce:
        raise Refused(f"nonce too high: address {address}, tx: {tx.nonce} state: {nonce}")
    if tx.max_fee < base_fee:
        raise Refused(
            f"max fee per gas less than block base fee: address {address}, "
            f"maxFeePerGas: {tx.max_fee}, baseFee: {base_fee}"
        )
    if balance < tx.highest_cost:
        raise Refused(
            f"insufficient funds for gas * price + value: address {address} have {balance} want {tx.highest_cost}"
        )


def _decode(raw: bytes) -> Any:
    if not raw:
        raise Refused("typed transaction too short")
    if raw[0] < _LEGACY_FIRST_BYTE and raw[0] not in _TYPES:
        raise Refused("transaction type not supported")
    try:
        signed = CancunTransactionBuilder.decode(raw)
        canonical = signed.encode()
    except (
        rlp.exceptions.RLPException,
        ValidationError,
        ValueError,
        TypeError,
        IndexError,
        RecursionError,
    ) as error:
        raise Refused("rlp: the bytes are not a transaction") from error
    if canonical != raw:
        raise Refused("rlp: the bytes are not the canonical encoding of a transaction")
    return signed


def _check_ranges(signed: Any, kind: int, chain_id: int) -> None:
    fees = (signed.max_fee_per_gas, signed.max_priority_fee_per_gas)
    if max(signed.value, *fees, signed.r, signed.s) >= 2**256 or max(signed.gas, signed.nonce) >= 2**64 - 1:
        raise Refused("rlp: a number of the transaction is out of range")
    if kind == 0:
        if signed.v < _LOWEST_EIP155_V:
            raise Refused("only replay-protected (EIP-155) transactions allowed over RPC")
        signed_for = (signed.v - _LOWEST_EIP155_V) // 2
    else:
        signed_for = signed.chain_id
        if signed.y_parity not in (0, 1):
            raise Refused("invalid sender: invalid transaction v, r, s values")
    if signed_for != chain_id:
        raise Refused(f"invalid sender: invalid chain id for signer: have {signed_for} want {chain_id}")
    if not 0 < signed.s <= SECPK1_N // 2 or not 0 < signed.r < SECPK1_N:
        raise Refused("invalid sender: invalid transaction v, r, s values")
    if signed.max_priority_fee_per_gas > signed.max_fee_per_gas:
        raise Refused(
            "max priority fee per gas higher than max fee per gas: "
            f"maxPriorityFeePerGas: {signed.max_priority_fee_per_gas}, maxFeePerGas: {signed.max_fee_per_gas}"
        )
