"""The closing state of a chain as accounts in canonical JSON, and its root by the rules of Ethereum.

anvil's own state roots count slots that hold zero, so they are not those of any other node. Its accounts are, and
their root is computed here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import rlp
from eth_utils import keccak
from trie import HexaryTrie

from dltui.core.safe_json import decode_json
from dltui.errors import ChainError

STATE_FILE = "state.json"
"""Its name in the chain's directory."""
MAX_BYTES = 256 * 1024 * 1024
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_WORD = re.compile(r"0x[0-9a-f]{64}")
_CODE = re.compile(r"0x([0-9a-f]{2})*")


@dataclass(frozen=True)
class Account:
    """One account: `balance` in wei; `storage` holds the slots that are not zero."""

    nonce: int
    balance: int
    code: bytes
    storage: dict[int, int]

    @property
    def empty(self) -> bool:
        """Whether the state holds no such account (EIP-161)."""
        return not (self.nonce or self.balance or self.code)


def from_dump(dump: bytes) -> bytes:
    """Return the canonical file for what `anvil_dumpState` gave, unpacked."""
    accounts = {}
    for address, raw in decode_json(dump)["accounts"].items():
        storage = {_number(slot): _number(value) for slot, value in raw["storage"].items()}
        account = Account(
            nonce=_number(raw["nonce"]),
            balance=_number(raw["balance"]),
            code=bytes.fromhex(raw["code"].removeprefix("0x")),
            storage={slot: value for slot, value in storage.items() if value},
        )
        if not account.empty:
            accounts[address.lower()] = account
    return encode(accounts)


def encode(accounts: dict[str, Account]) -> bytes:
    """Return accounts as the bytes of the file: one way to write one state."""
    document = {
        address: {
            "balance": hex(account.balance),
            "code": "0x" + account.code.hex(),
            "nonce": account.nonce,
            "storage": {f"0x{slot:064x}": f"0x{value:064x}" for slot, value in account.storage.items()},
        }
        for address, account in accounts.items()
    }
    return json.dumps(document, sort_keys=True, indent=1).encode() + b"\n"


def decode(data: bytes, where: str) -> dict[str, Account]:
    """Return the accounts in a file; raises `ChainError` for anything but the canonical bytes."""
    try:
        accounts = {address: _account(address, raw) for address, raw in decode_json(data).items()}
        if encode(accounts) != data:
            raise ValueError("canonical")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ChainError(f"is not a state file ({type(error).__name__})", where=where) from error
    return accounts


def root_of(accounts: dict[str, Account]) -> str:
    """Return the state root (hex) of these accounts."""
    state = HexaryTrie({})
    for address, account in accounts.items():
        slots = HexaryTrie({})
        for slot, value in account.storage.items():
            slots[keccak(slot.to_bytes(32, "big"))] = rlp.encode(value)
        row = [account.nonce, account.balance, slots.root_hash, keccak(account.code)]
        state[keccak(bytes.fromhex(address[2:]))] = rlp.encode(row)
    return "0x" + bytes(state.root_hash).hex()


def _account(address: str, raw: Any) -> Account:
    if not _ADDRESS.fullmatch(address) or not _CODE.fullmatch(raw["code"]) or type(raw["nonce"]) is not int:
        raise ValueError("account")
    for slot, value in raw["storage"].items():
        if not _WORD.fullmatch(slot) or not _WORD.fullmatch(value) or not int(value, 16):
            raise ValueError("storage")
    storage = {int(slot, 16): int(value, 16) for slot, value in raw["storage"].items()}
    return Account(raw["nonce"], int(raw["balance"], 16), bytes.fromhex(raw["code"][2:]), storage)


def _number(value: Any) -> int:
    return int(value, 16) if isinstance(value, str) else int(value)
