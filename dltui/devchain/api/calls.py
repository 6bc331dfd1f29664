"""eth_call and eth_estimateGas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dltui.devchain import params
from dltui.devchain.api.finder import Finder
from dltui.devchain.bounded import Watch
from dltui.devchain.calls import Caller, CallResult, Message
from dltui.devchain.chain import StoredChain
from dltui.devchain.fair_queue import aside, is_stranger
from dltui.devchain.formats import data, quantity
from dltui.devchain.params import RpcFault, arguments

_ERROR_SELECTOR = bytes.fromhex("08c379a0")
Work = Callable[[Caller, Message, int, "int | None", Watch], CallResult]


class CallMethods:
    """Executes unsigned messages at the chain's desk, where no block has to wait for them."""

    def __init__(self, chain: StoredChain) -> None:
        self._chain = chain
        self._finder = Finder(chain)

    def eth_call(self, given: Any) -> str:
        return data(self._run(Caller.call, given, "latest").output)

    def eth_estimateGas(self, given: Any) -> str:
        return quantity(self._run(Caller.estimate, given, "pending").gas_used)

    def _run(self, work: Work, given: Any, default: str) -> CallResult:
        call, tag, overrides = arguments(given, 1, 3)
        if overrides:
            raise params.invalid("state overrides are not supported")
        message, which = params.message(call), params.block_tag(default if tag is None else tag)
        with self._chain.lock:
            number = self._finder.block(default if tag is None else tag)
            timestamp = self._chain.now if which == "pending" else None
        stranger = is_stranger()
        with aside():
            result = self._chain.desk.run(
                lambda caller, watch: work(caller, message, number, timestamp, watch), stranger
            )
        if result.reverted:
            raise RpcFault(params.REVERTED, result.error + _reason(result.output), data(result.output))
        if result.error:
            raise RpcFault(params.SERVER_ERROR, result.error)
        return result


def _reason(output: bytes) -> str:
    """The text of a Solidity `Error(string)`, as geth appends it to its message."""
    size = int.from_bytes(output[36:68], "big")
    if output[:4] != _ERROR_SELECTOR or len(output) < 68 or size > len(output) - 68:
        return ""
    return ": " + output[68 : 68 + size].decode("utf-8", "replace")
