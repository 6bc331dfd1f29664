"""A small in-process EVM for contract tests: Cancun rules, a clock that the test sets, state roots as snapshots.

Transactions are not signed and cost no fee; gas is counted as on a chain, without refunds (what a limit must cover).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import rlp
from eth.chains.base import Chain
from eth.db.atomic import AtomicDB
from eth.vm.chain_context import ChainContext
from eth.vm.forks import CancunVM
from eth.vm.spoof import SpoofTransaction
from eth_utils import keccak, to_checksum_address
from trie import HexaryTrie

from dltui.chain.contracts.bound import decode_log, explain
from dltui.chain.rpc_errors import RpcError
from dltui.chain.types import Call, Log, Reverted

CHAIN_ID = 7357
START = 1_800_000_000


def address(name: str) -> str:
    """A test account's address, from a name."""
    return to_checksum_address(keccak(text=name)[12:])


@dataclass(frozen=True)
class Sent:
    """A transaction that went through: its events in order, and the gas that it took without refunds."""

    gas: int
    events: tuple[Log, ...]
    created: str

    def names(self) -> list[str]:
        """The events' names, in order."""
        return [log.event for log in self.events]

    def args(self, event: str) -> dict[str, Any]:
        """Arguments of the only event of that name."""
        (found,) = [log.args for log in self.events if log.event == event]
        return found


class Evm:
    """State, clock and the JSON-RPC reads that the wrappers need (`call`)."""

    def __init__(self, chain_id: int = CHAIN_ID) -> None:
        self._db = AtomicDB()
        chain = type("TestChain", (Chain,), {"vm_configuration": ((0, CancunVM),), "chain_id": chain_id})
        params = {"difficulty": 0, "gas_limit": 30_000_000, "base_fee_per_gas": 0, "timestamp": START}
        self._header = chain.from_genesis(self._db, params, {}).get_canonical_head()
        self._context = ChainContext(chain_id)
        self.root: bytes = self._header.state_root
        self.now = START
        self.names: dict[str, str] = {}
        """Contract names by address, for decoding events."""
        self.most_gas: dict[tuple[str, str], int] = {}
        """The most gas that each function took."""

    def send(self, sender: str, call: Call, *, gas: int | None = None) -> Sent:
        """Sends as `sender` with the call's own gas limit; raises Reverted, and then nothing has changed."""
        limit = call.gas if gas is None else gas
        computation = self.execute(sender, call.to, call.data, limit)
        if computation.is_error:
            raise Reverted(call.function, explain(computation.output))
        used = limit - computation.get_gas_remaining()
        key = (call.contract, call.function)
        self.most_gas[key] = max(used, self.most_gas.get(key, 0))
        created = to_checksum_address(computation.msg.storage_address)
        if call.to is None:
            self.names[created] = call.contract
        return Sent(used, self._events(computation), created)

    def execute(self, sender: str, to: str | None, data: bytes, gas: int) -> Any:
        """Py-evm's computation of a transaction; nothing has changed if it reverted."""
        state, computation = self._execute(sender, to, data, gas)
        if not computation.is_error:
            state.persist()
            self.root = state.state_root
        return computation

    def storage_root(self, address: str) -> bytes:
        """Root of the storage of a contract."""
        account = HexaryTrie(self._db, self.root)[keccak(hexstr=address)]
        return bytes(rlp.decode(account)[2])

    def slot(self, address: str, number: int) -> int:
        """One word of a contract's storage."""
        return int(self._state().get_storage(bytes.fromhex(address[2:]), number))

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What happens inside is undone afterwards, clock included."""
        before = self.root, self.now
        yield
        self.root, self.now = before

    @contextmanager
    def refused(self, name: str, **args: Any) -> Iterator[None]:
        """Expects a revert with this error and these arguments, and that nothing has changed."""
        before = self.root
        with pytest.raises(Reverted) as caught:
            yield
        assert caught.value.revert.name == name, caught.value.revert
        assert {key: caught.value.revert.args[key] for key in args} == args
        assert self.root == before

    def call(self, method: str, *params: Any) -> Any:
        """The reads of a node: eth_call and eth_getCode at the newest state."""
        if method == "eth_getCode":
            return "0x" + self._state().get_code(bytes.fromhex(params[0][2:])).hex()
        assert method == "eth_call"
        request = params[0]
        _, computation = self._execute(address("reader"), request["to"], bytes.fromhex(request["data"][2:]), 10**7)
        if computation.is_error:
            raise RpcError("eth_call", 3, "execution reverted", "0x" + computation.output.hex())
        return "0x" + computation.output.hex()

    def _state(self) -> Any:
        header = self._header.copy(state_root=self.root, timestamp=self.now)
        return CancunVM.build_state(self._db, header, self._context)

    def _execute(self, sender: str, to: str | None, data: bytes, gas: int) -> tuple[Any, Any]:
        state = self._state()
        source = bytes.fromhex(sender[2:])
        unsigned = CancunVM.create_unsigned_transaction(
            nonce=state.get_nonce(source),
            gas_price=0,
            gas=gas,
            to=bytes.fromhex(to[2:]) if to else b"",
            value=0,
            data=data,
        )
        return state, state.apply_transaction(SpoofTransaction(unsigned, from_=source))

    def _events(self, computation: Any) -> tuple[Log, ...]:
        events = []
        for index, (origin, topics, data) in enumerate(computation.get_log_entries()):
            raw = {
                "address": "0x" + origin.hex(),
                "topics": [f"0x{topic:064x}" for topic in topics],
                "data": "0x" + data.hex(),
                "blockNumber": "0x1",
                "transactionHash": "0x" + "00" * 32,
                "logIndex": hex(index),
            }
            log = decode_log(raw, self.names)
            assert log is not None, raw
            events.append(log)
        return tuple(events)
