"""One key's transactions: signed locally, one in flight, with prefilled fees and a nonce counted here."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from eth_account import Account
from eth_keys.constants import SECPK1_N
from eth_utils import keccak, to_checksum_address

from dltui.chain.backoff import Backoff
from dltui.chain.history.receipts import parse_receipt
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import METHOD_NOT_FOUND, NodeUnreachable, RpcError, in_words
from dltui.chain.types import Call, Receipt, Revert, Reverted
from dltui.errors import ChainError

TRANSFER_GAS = 21_000
"""Gas of a plain transfer of wei."""
_FEE_HEADROOM = 10
_HIGHEST_TIP = 1_000_000_000
_POLL_SECONDS = 0.05
_NOT_YET_MINED = 4
_REVERTED = 3
_STALE = ("nonce too low", "nonce too high", "less than block base fee", "underpriced")


def demo_key(seed: int, role: str, index: int) -> bytes:
    """Return the private key (32 bytes) of a demo's account: made from the run's seed, so it protects nothing."""
    for attempt in range(256):
        key = keccak(f"dltui demo key v1|{seed}|{len(role)}:{role}|{index}|{attempt}".encode())
        if 0 < int.from_bytes(key, "big") < SECPK1_N:
            return bytes(key)
    raise ChainError("no key for this seed", where=f"{role} {index}")


def unexplained(data: bytes) -> Revert:
    """Return the revert for data that no contract of ours explains."""
    if not data:
        return Revert("Reverted", "the call reverted without a reason")
    return Revert("Reverted", f"the call reverted with data 0x{data[:36].hex()}", {"data": data})


class Wallet:
    """Signs and sends with the private key `key` (32 bytes) on chain `chain_id`.

    For one thread of one process: nothing else may send with this key, so the nonce is read once and then
    counted, and each transaction is mined before the next. `patience` is the time in seconds that a
    transaction may take, a restart of the node included. `explain` turns revert data into words. `max_fee` is
    the most that a unit of gas may cost, in wei (0: no bound); a transaction counts when `confirmations` blocks
    are on top of it.
    """

    def __init__(
        self,
        rpc: Rpc,
        key: bytes,
        chain_id: int,
        explain: Callable[[bytes], Revert] = unexplained,
        patience: float = 60.0,
        max_fee: int = 0,
        confirmations: int = 0,
    ) -> None:
        self._rpc = rpc
        self._account = Account.from_key(key)
        self._chain_id = chain_id
        self._explain = explain
        self._patience = patience
        self._max_fee = max_fee
        self._confirmations = confirmations
        self._nonce: int | None = None
        self._fees: tuple[int, int] | None = None
        self._sync = True

    @property
    def address(self) -> str:
        """The account's checksummed address."""
        return str(self._account.address)

    def forget(self) -> None:
        """Read nonce and fees again: the chain may have lost the last transactions."""
        self._nonce = self._fees = None

    def send(self, call: Call, value: int | None = None) -> Receipt:
        """Sign, send and wait until mined; `value` in wei overrides the call's.

        Raises `Reverted` (with the receipt) if it was mined with status 0, `RpcError` if the node
        refuses it, `NodeUnreachable` if the node stayed away for `patience` seconds, `ChainError` if
        another process uses the key.
        """
        receipt = self._mine(call, call.value if value is None else value)
        if receipt.status == 0:
            raise Reverted(call.function, self._why(call, receipt, value), receipt)
        return receipt

    def simulate(self, call: Call) -> None:
        """Ask whether `call` would succeed in the next block, now; raises `Reverted` if it would not."""
        try:
            self._rpc.call("eth_call", self._message(call, call.value), "pending")
        except RpcError as error:
            data = _revert_data(error)
            if data is None:
                raise
            raise Reverted(call.function, self._explain(data)) from error

    def transfer(self, to: str, wei: int) -> Receipt:
        """Send `wei` to an account without code."""
        return self.send(Call("", "transfer", to, b"", TRANSFER_GAS, wei))

    def _mine(self, call: Call, value: int) -> Receipt:
        deadline = time.monotonic() + self._patience
        for last in (False, True):
            raw, tx_hash = self._sign(call, value)
            # The next nonce is unknown until the outcome is.
            nonce, self._nonce = self._nonce, None
            try:
                answer = self._deliver(raw, tx_hash, deadline)
            except RpcError as error:
                self._fees = None
                if last or not _says(error, *_STALE):
                    raise in_words(error, self.address) from error
                continue
            receipt = parse_receipt(self._buried(answer, tx_hash, deadline))
            if receipt.hash != tx_hash:
                raise ChainError("the node answered with another transaction's receipt", where=call.function)
            self._nonce = (nonce or 0) + 1
            return receipt
        raise AssertionError("the loop returns or raises")

    def _sign(self, call: Call, value: int) -> tuple[str, str]:
        if self._nonce is None:
            self._nonce = int(self._rpc.call("eth_getTransactionCount", self.address, "latest"), 16)
        if self._fees is None:
            self._fees = self._read_fees()
        max_fee, tip = self._fees
        fields: dict[str, Any] = {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": self._nonce,
            "maxFeePerGas": max_fee,
            "maxPriorityFeePerGas": tip,
            "gas": call.gas,
            "value": value,
            "data": call.data,
        }
        if call.to is not None:
            fields["to"] = to_checksum_address(call.to)
        signed = self._account.sign_transaction(fields)
        return "0x" + signed.raw_transaction.hex(), "0x" + signed.hash.hex()

    def _read_fees(self) -> tuple[int, int]:
        """Highest fee and tip in wei per gas; the base fee grows by up to an eighth a block."""
        base = int(self._rpc.call("eth_getBlockByNumber", "latest", False).get("baseFeePerGas", "0x0"), 16)
        tip = min(int(self._rpc.call("eth_maxPriorityFeePerGas"), 16), _HIGHEST_TIP)
        if self._max_fee and base + tip > self._max_fee:
            tip = max(0, self._max_fee - base)
            if base > self._max_fee:
                raise ChainError(
                    f"the base fee is {base / 1e9:g} gwei, more than [chain] max_fee_gwei = {self._max_fee / 1e9:g}",
                    where=self.address,
                    hint="raise it, or wait until the base fee falls, then resume",
                )
        highest = _FEE_HEADROOM * (base + tip)
        return min(highest, self._max_fee) if self._max_fee else highest, tip

    def _deliver(self, raw: str, tx_hash: str, deadline: float) -> Any:
        """Bring one signed transaction into a block and return its receipt.

        After a lost answer the same bytes are sent again only when the node has no receipt for them; the
        nonce inside lets them be mined once at most.
        """
        may_be_mined = waiting = False
        refusal: RpcError | None = None
        backoff = Backoff()
        while True:
            pause = _POLL_SECONDS
            try:
                if may_be_mined:
                    answer = self._rpc.call("eth_getTransactionReceipt", tx_hash)
                    if answer is not None:
                        return answer
                if not waiting and refusal is None:
                    answer = self._submit(raw)
                    if isinstance(answer, dict):
                        return answer
                    may_be_mined = waiting = True
                    continue
            except NodeUnreachable:
                may_be_mined, waiting = True, False
                if time.monotonic() > deadline:
                    raise
                pause = min(backoff.failed(), max(0.0, deadline - time.monotonic()))
            except RpcError as error:
                if _says(error, "already known", "already imported") or error.code == _NOT_YET_MINED:
                    may_be_mined = waiting = True
                elif _says(error, "nonce too low") and refusal is None:
                    may_be_mined, refusal = True, error
                    continue
                else:
                    raise
            if refusal is not None:
                raise refusal
            if time.monotonic() > deadline:
                raise NodeUnreachable(f"not mined within {self._patience:.0f} s", where=f"transaction {tx_hash}")
            time.sleep(pause)

    def _buried(self, answer: Any, tx_hash: str, deadline: float) -> Any:
        """Return the receipt once `confirmations` blocks are on top of it; `answer` is what the node said first."""
        while self._confirmations:
            head = int(self._rpc.call("eth_blockNumber"), 16)
            answer = self._rpc.call("eth_getTransactionReceipt", tx_hash)
            if answer is not None and head >= parse_receipt(answer).block + self._confirmations:
                break
            if time.monotonic() > deadline:
                text = f"not {self._confirmations} blocks deep within {self._patience:.0f} s"
                raise NodeUnreachable(text, where=f"transaction {tx_hash}")
            time.sleep(_POLL_SECONDS)
        return answer

    def _submit(self, raw: str) -> Any:
        if self._sync:
            try:
                return self._rpc.call("eth_sendRawTransactionSync", raw)
            except RpcError as error:
                if error.code not in METHOD_NOT_FOUND:
                    raise
                self._sync = False
        return self._rpc.call("eth_sendRawTransaction", raw)

    def _why(self, call: Call, receipt: Receipt, value: int | None) -> Revert:
        """Repeat a mined failure as a call on the state after its block and, where that succeeds, before."""
        message = self._message(call, call.value if value is None else value)
        for block in (receipt.block, receipt.block - 1):
            try:
                self._rpc.call("eth_call", message, hex(block))
            except RpcError as error:
                data = _revert_data(error)
                if data is not None:
                    return self._explain(data)
        if receipt.gas_used >= call.gas:
            return Revert("OutOfGas", f"the gas limit of {call.gas} was used up", {"gas": call.gas})
        return self._explain(b"")

    def _message(self, call: Call, value: int) -> dict[str, Any]:
        message = {
            "from": self.address,
            "gas": hex(call.gas),
            "value": hex(value),
            "data": "0x" + call.data.hex(),
        }
        return message if call.to is None else message | {"to": call.to}


def _revert_data(error: RpcError) -> bytes | None:
    """Return the revert data of an eth_call error; None if the call did not revert but failed otherwise."""
    text = error.data if isinstance(error.data, str) else ""
    try:
        data = bytes.fromhex(text.removeprefix("0x")) if text.startswith("0x") else b""
    except ValueError:
        data = b""
    return data if error.code == _REVERTED or "revert" in error.message.lower() else None


def _says(error: RpcError, *texts: str) -> bool:
    message = error.message.lower()
    return any(text in message for text in texts)
