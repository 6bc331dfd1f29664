"""Signed transactions at the door: decoding, and every rule of validity, with the messages of geth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import rlp
from eth_keys import keys
from eth_keys.constants import SECPK1_N
from eth_keys.exceptions import BadSignature
from eth_utils import ValidationError, keccak
from rlp.sedes import BigEndianInt, Binary, CountableList, List, big_endian_int, binary

from dltui.chain.nodes.genesis import GAS_LIMIT

MAX_BYTES = 128 * 1024
"""Largest signed transaction in bytes."""
MAX_INITCODE = 49_152
"""Largest creation code in bytes (EIP-3860)."""
_LEGACY_FIRST_BYTE = 0xC0
_LOWEST_EIP155_V = 35

_NUMBER = big_endian_int
_TO = Binary.fixed_length(20, allow_empty=True)
_ACCESS_LIST = CountableList(List([Binary.fixed_length(20), CountableList(BigEndianInt(32))]))
_CALL = {"gas": _NUMBER, "to": _TO, "value": _NUMBER, "data": binary}
_SIGNATURE = {"v": _NUMBER, "r": _NUMBER, "s": _NUMBER}
_TYPED = _CALL | {"access_list": _ACCESS_LIST} | _SIGNATURE
_FIELDS: dict[int, dict[str, Any]] = {
    0: {"nonce": _NUMBER, "gas_price": _NUMBER} | _CALL | _SIGNATURE,
    1: {"chain_id": _NUMBER, "nonce": _NUMBER, "gas_price": _NUMBER} | _TYPED,
    2: {"chain_id": _NUMBER, "nonce": _NUMBER, "max_priority_fee": _NUMBER, "max_fee": _NUMBER} | _TYPED,
}
"""The fields of a transaction by its type (legacy, EIP-2930, EIP-1559), in the order of its encoding."""
_LAYOUT = {kind: List(fields.values()) for kind, fields in _FIELDS.items()}

AccessList = Sequence[tuple[bytes, Sequence[int]]]
"""Addresses with the storage slots that a transaction names in advance."""


class Refused(Exception):
    """A transaction that no block may contain; `message` says why, in geth's words."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True)
class Transaction:
    """A decoded signed transaction. Fees in wei per gas, `value` in wei, `to` empty for a contract creation.

    `kind` is its type: 0 (legacy), 1 or 2. `v` is the parity of the signature for types 1 and 2.
    """

    raw: bytes
    hash: bytes
    sender: bytes
    kind: int
    chain_id: int
    nonce: int
    to: bytes
    value: int
    gas: int
    data: bytes
    max_fee: int
    max_priority_fee: int
    access_list: AccessList
    v: int
    r: int
    s: int

    @property
    def highest_cost(self) -> int:
        """What the sender must own, in wei: value and the whole gas limit at the highest fee."""
        return self.value + self.gas * self.max_fee

    def price(self, base_fee: int) -> int:
        """Return the effective gas price (EIP-1559) in wei under `base_fee`."""
        return min(self.max_fee, base_fee + self.max_priority_fee)


def intrinsic_gas(to: bytes, data: bytes, access_list: AccessList) -> int:
    """Return the gas that a transaction costs before its code runs; creation code is charged by the word later."""
    zeros = data.count(0)
    gas = 21_000 + 4 * zeros + 16 * (len(data) - zeros) + (0 if to else 32_000)
    return gas + 2_400 * len(access_list) + 1_900 * sum(len(slots) for _, slots in access_list)


def decode_transaction(raw: bytes, chain_id: int) -> Transaction:
    """Decode a legacy (EIP-155), EIP-2930 or EIP-1559 transaction and check all that needs no state.

    Raises `Refused` for anything that is not the canonical encoding of a valid transaction signed for
    `chain_id`.
    """
    if len(raw) > MAX_BYTES:
        raise Refused(f"oversized data: transaction size {len(raw)}, limit {MAX_BYTES}")
    kind, values = _decode(raw)
    fields: dict[str, Any] = dict(zip(_FIELDS[kind], values, strict=True))
    if "gas_price" in fields:
        fields["max_fee"] = fields["max_priority_fee"] = fields.pop("gas_price")
    _check_ranges(fields, kind, chain_id)
    sender = _sender(kind, values, fields, chain_id)
    if not fields["to"] and len(fields["data"]) > MAX_INITCODE:
        raise Refused(f"max initcode size exceeded: code size {len(fields['data'])}, limit {MAX_INITCODE}")
    if fields["gas"] > GAS_LIMIT:
        raise Refused("exceeds block gas limit")
    given: dict[str, Any] = {"chain_id": chain_id, "access_list": ()} | fields
    needed = intrinsic_gas(given["to"], given["data"], given["access_list"])
    if given["gas"] < needed:
        raise Refused(f"intrinsic gas too low: gas {given['gas']}, minimum needed {needed}")
    return Transaction(raw=raw, hash=bytes(keccak(raw)), sender=sender, kind=kind, **given)


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


def _decode(raw: bytes) -> tuple[int, Sequence[Any]]:
    """Return the type and the values of `_FIELDS`."""
    if not raw:
        raise Refused("typed transaction too short")
    kind = 0 if raw[0] >= _LEGACY_FIRST_BYTE else raw[0]
    if raw[0] < _LEGACY_FIRST_BYTE and kind not in (1, 2):
        raise Refused("transaction type not supported")
    encoded = raw[1:] if kind else raw
    try:
        values: Sequence[Any] = rlp.decode(encoded, _LAYOUT[kind])
        canonical = rlp.encode(values, _LAYOUT[kind])
    except (rlp.exceptions.RLPException, ValueError, TypeError, IndexError, RecursionError) as error:
        raise Refused("rlp: the bytes are not a transaction") from error
    if canonical != encoded:
        raise Refused("rlp: the bytes are not the canonical encoding of a transaction")
    return kind, values


def _sender(kind: int, values: Sequence[Any], fields: dict[str, Any], chain_id: int) -> bytes:
    """Return the address whose key signed these values."""
    unsigned, layout = list(values[:-3]), list(_FIELDS[kind].values())[:-3]
    if kind == 0:
        unsigned, layout = [*unsigned, chain_id, 0, 0], [*layout, _NUMBER, _NUMBER, _NUMBER]
    message = (bytes([kind]) if kind else b"") + rlp.encode(unsigned, List(layout))
    parity = fields["v"] if kind else (fields["v"] - _LOWEST_EIP155_V) % 2
    try:
        signature = keys.Signature(vrs=(parity, fields["r"], fields["s"]))
        return bytes(signature.recover_public_key_from_msg(message).to_canonical_address())
    except (BadSignature, ValidationError, ValueError, TypeError) as error:
        raise Refused("invalid sender: invalid transaction v, r, s values") from error


def _check_ranges(fields: dict[str, Any], kind: int, chain_id: int) -> None:
    wide = ("value", "max_fee", "max_priority_fee", "r", "s")
    if max(fields[name] for name in wide) >= 2**256 or max(fields["gas"], fields["nonce"]) >= 2**64 - 1:
        raise Refused("rlp: a number of the transaction is out of range")
    if kind == 0:
        if fields["v"] < _LOWEST_EIP155_V:
            raise Refused("only replay-protected (EIP-155) transactions allowed over RPC")
        signed_for = (fields["v"] - _LOWEST_EIP155_V) // 2
    else:
        signed_for = fields["chain_id"]
        if fields["v"] not in (0, 1):
            raise Refused("invalid sender: invalid transaction v, r, s values")
    if signed_for != chain_id:
        raise Refused(f"invalid sender: invalid chain id for signer: have {signed_for} want {chain_id}")
    if not 0 < fields["s"] <= SECPK1_N // 2 or not 0 < fields["r"] < SECPK1_N:
        raise Refused("invalid sender: invalid transaction v, r, s values")
    if fields["max_priority_fee"] > fields["max_fee"]:
        raise Refused(
            "max priority fee per gas higher than max fee per gas: "
            f"maxPriorityFeePerGas: {fields['max_priority_fee']}, maxFeePerGas: {fields['max_fee']}"
        )
