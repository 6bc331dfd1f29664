"""What a signed transaction asks for, read back from its bytes: the function, its arguments, its terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import rlp
from eth_abi.exceptions import DecodingError
from eth_utils import keccak, to_checksum_address

from dltui.chain.contracts import abi
from dltui.chain.contracts.describe import deployment
from dltui.chain.history.txlog import TxLog
from dltui.core.answers import DecodedTx, short
from dltui.core.client_set import ClientSet
from dltui.errors import ChainError

_PLACES = {0: (0, 1, 1, 2, 3, 4, 5), 1: (1, 2, 2, 3, 4, 5, 6), 2: (1, 3, 2, 4, 5, 6, 7)}
"""By type: where nonce, highest fee, tip, gas limit, recipient, value and data stand in the list."""
_BITMAPS = frozenset({"available"})
"""Arguments that are bitmaps of client indices."""


def decode_tx(raw: bytes, contracts: Mapping[str, str]) -> DecodedTx:
    """Return the call in a signed transaction of type 0, 1 or 2; `contracts` maps addresses to our contracts' names.

    Raises ChainError if the bytes are no transaction. A call that cannot be decoded is given with its raw data.
    """
    try:
        kind = raw[0] if raw[0] < 0x80 else 0
        fields = rlp.decode(raw[1:] if raw[0] < 0x80 else raw)
        nonce, fee, tip, gas, to, value, data = (bytes(fields[place]) for place in _PLACES[kind])
    except (KeyError, IndexError, TypeError, ValueError, rlp.exceptions.RLPException) as error:
        raise ChainError("the bytes are no transaction that is known here") from error
    recipient = to_checksum_address(to) if to else ""
    contract, function, arguments = _call(recipient, data, contracts)
    return DecodedTx(
        contract=contract,
        function=function,
        arguments=tuple((name, short(_text(name, item))) for name, item in _flat(arguments)),
        to=recipient,
        nonce=int.from_bytes(nonce, "big"),
        gas_limit=int.from_bytes(gas, "big"),
        max_fee=int.from_bytes(fee, "big"),
        max_tip=int.from_bytes(tip, "big"),
        value=int.from_bytes(value, "big"),
    )


def logged_tx(log: TxLog, hash: str) -> bytes:
    """Return the signed bytes of a transaction from a run's log, by its hash. Raises ChainError if it is not there."""
    wanted = bytes.fromhex(hash[2:])
    for record in log.read():
        for raw in record.txs:
            if keccak(raw) == wanted:
                return raw
    raise ChainError("no such transaction in the log", where=f"{log.path}: {hash}")


def _call(to: str, data: bytes, contracts: Mapping[str, str]) -> tuple[str, str, dict[str, Any]]:
    if not to:
        return _deployment(data)
    if not data:
        return "", "transfer", {}
    contract = contracts.get(to, "")
    try:
        for entry in abi.entries(contract, "function").values() if contract else ():
            if entry.selector == data[:4]:
                return contract, entry.name, entry.decode_inputs(data[4:])
    except (DecodingError, ValueError, OverflowError):
        pass
    return contract, "call", {"data": data}


def _deployment(data: bytes) -> tuple[str, str, dict[str, Any]]:
    found = deployment(data)
    if found is None:
        return "", "deploy", {"code": data}
    name, given = found
    params = [abi.Param(f"argument {n}", kind) for n, kind in enumerate(abi.constructor(name), start=1)]
    try:
        return name, "constructor", abi.named(params, given)
    except (DecodingError, ValueError, OverflowError):
        return name, "constructor", {"data": given}


def _flat(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Return arguments by name, the parts of a struct under their own names."""
    for name, value in arguments.items():
        if isinstance(value, dict):
            yield from value.items()
        else:
            yield name, value


def _text(name: str, value: Any) -> str:
    if name in _BITMAPS and isinstance(value, int):
        return "clients " + (", ".join(map(str, ClientSet(value))) or "none")
    if isinstance(value, (bytes, bytearray)):
        return "0x" + bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return ", ".join(_text(name, item) for item in value) or "none"
    return str(value)
