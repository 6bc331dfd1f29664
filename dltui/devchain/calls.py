"""Unsigned calls: what eth_call and eth_estimateGas execute on a past or the coming block."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from eth.exceptions import OutOfGas, Revert
from eth.vm.forks import CancunVM
from eth.vm.spoof import SpoofTransaction
from eth_utils import ValidationError

from dltui.chain.nodes.genesis import GAS_LIMIT
from dltui.devchain.bounded import BoundedVM, Watch
from dltui.devchain.states import COINBASE, States

CALL_SECONDS = 5.0
"""How long one call, or all trials of one estimate, may take: as in geth."""
_CALL_STIPEND = 2_300
_ESTIMATE_SLACK = 0.015


@dataclass(frozen=True)
class Message:
    """An unsigned call: `value` in wei, `to` empty for a creation, `access_list` of (address, slots)."""

    sender: bytes = COINBASE
    to: bytes = b""
    data: bytes = b""
    value: int = 0
    gas: int = GAS_LIMIT
    access_list: tuple[tuple[bytes, tuple[int, ...]], ...] = ()


@dataclass(frozen=True)
class CallResult:
    """What a call gave: `output`, `error` (empty on success), `reverted` where the code itself refused."""

    output: bytes
    gas_used: int
    error: str = ""
    reverted: bool = False


class Caller(States):
    """Executes messages on stored states, free of charge and without a trace."""

    def call(
        self, message: Message, number: int | None = None, timestamp: int | None = None, watch: Watch | None = None
    ) -> CallResult:
        """Execute on the state after block `number` (default: the head).

        The code sees that block's number and time; with `timestamp` it sees the block to come, at that time.
        Raises `OutOfTime` where `watch` (default: `CALL_SECONDS`) ends it.
        """
        floor = _unsigned(message, self.chain_id).intrinsic_gas
        if message.gas < floor:
            return CallResult(b"", 0, f"intrinsic gas too low: have {message.gas}, want {floor}")
        return self._run(message, number, timestamp, watch or Watch(CALL_SECONDS))

    def estimate(
        self, message: Message, number: int | None = None, timestamp: int | None = None, watch: Watch | None = None
    ) -> CallResult:
        """Find the gas limit that `message` needs, up to 1.5 % above the least: the result's `gas_used`.

        A message that fails even with `message.gas` gives the failed result. Raises `OutOfTime`.
        """
        watch = watch or Watch(CALL_SECONDS)
        first = self.call(message, number, timestamp, watch)
        if first.error:
            return first
        low, high = first.gas_used - 1, message.gas
        guess = min(high, (first.gas_used + _CALL_STIPEND) * 64 // 63)
        if message.to and not message.data and not self.code(message.to, number):
            guess = first.gas_used
        while high > low + 1:
            trial = self.call(replace(message, gas=guess), number, timestamp, watch)
            low, high = (guess, high) if trial.error else (low, guess)
            if high - low <= max(1, int(high * _ESTIMATE_SLACK)):
                break
            guess = (low + high) // 2
        return CallResult(first.output, high)

    def _free_state(self, number: int | None, timestamp: int | None, watch: Watch) -> Any:
        """State for calls: a base fee of zero lets accounts without money ask."""
        at = self.head if number is None else self.header(number)
        header = at if timestamp is None else self.next_header(timestamp).copy(state_root=at.state_root)
        hashes = BoundedVM.get_prev_hashes(header.parent_hash, self._chaindb)
        state: Any = BoundedVM.build_state(self._db, header.copy(base_fee_per_gas=0), self._context, hashes)
        state.watch = watch
        return state

    def _run(self, message: Message, number: int | None, timestamp: int | None, watch: Watch) -> CallResult:
        state = self._free_state(number, timestamp, watch)
        if message.value and state.get_balance(message.sender) < message.value:
            return CallResult(b"", 0, f"insufficient funds for transfer: address 0x{message.sender.hex()}")
        unsigned = _unsigned(message, self.chain_id, state.get_nonce(message.sender))
        try:
            computation = state.apply_transaction(SpoofTransaction(unsigned, from_=message.sender))
        except (ValidationError, RecursionError) as error:
            return CallResult(b"", 0, f"the call cannot be executed ({type(error).__name__})")
        used = message.gas - computation.get_gas_remaining()
        if computation.is_success:
            return CallResult(bytes(computation.output), used)
        if isinstance(computation.error, Revert):
            return CallResult(bytes(computation.output), used, "execution reverted", reverted=True)
        return CallResult(b"", used, _failure(computation.error))


def _unsigned(message: Message, chain_id: int, nonce: int = 0) -> Any:
    return CancunVM.get_transaction_builder().new_unsigned_access_list_transaction(
        chain_id=chain_id,
        nonce=nonce,
        gas_price=0,
        gas=message.gas,
        to=message.to,
        value=message.value,
        data=message.data,
        access_list=message.access_list,
    )


def _failure(error: Exception) -> str:
    if isinstance(error, OutOfGas):
        return "out of gas"
    name = type(error).__name__
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()
