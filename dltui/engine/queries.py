"""Questions that a face asks before and after the fact: what a command would cost, what a transaction did."""

from __future__ import annotations

from typing import Any

from dltui.chain.contracts.decode import decode_tx
from dltui.chain.contracts.reverts import explain
from dltui.chain.history.rawtx import raw_transaction
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import RpcError
from dltui.chain.types import Call
from dltui.core import answers
from dltui.core.commands import Command, new_command
from dltui.engine.calls import Calls
from dltui.engine.deployment import Federation
from dltui.errors import RunError
from dltui.protocol.facts import FactStream

NOTHING_SENT = "nothing was sent; --force sends it all the same, and pays for the refusal"


class Queries:
    """Answers queries from the node; nothing is signed, sent or journaled. `sender` is the operator's address."""

    def __init__(self, rpc: Rpc, federation: Federation, calls: Calls, facts: FactStream, sender: str) -> None:
        self._rpc = rpc
        self._federation = federation
        self._calls = calls
        self._facts = facts
        self._sender = sender

    def answer(self, command: Command) -> str:
        """The answer as a document of `core.answers`. Raises RunError if there is none."""
        if command.name == "tx.show":
            return self._transaction(command.args["hash"])
        return self._estimate(command.args["command"], command.args["args"])

    def check(self, name: str, args: dict[str, Any]) -> None:
        """Raise RunError if the contract would refuse a transaction of this command, which costs its gas."""
        for call in self._calls.of(name, args):
            self._gas(call)

    def registry(self) -> str:
        """Return the versions of the model as the chain has them now: asked through eth_call, not remembered."""
        models = self._federation.models
        released, rows = models.released(), []
        for number in range(models.count()):
            version = models.version_of(number)
            mark = " (released)" if number == released else ""
            rows.append(
                f"v{number} {version.state}{mark} {version.digest.hex()[:12]} {version.accuracy_bp / 100:.2f} %"
            )
        return "; ".join(rows)

    def _estimate(self, name: str, args: dict[str, Any]) -> str:
        new_command(name, "key", **args)
        calls = self._calls.of(name, args)
        gas = sum(self._gas(call) for call in calls)
        return answers.encode(
            answers.Estimate(
                calls=tuple(f"{call.contract}.{call.function}" for call in calls),
                gas=gas,
                fee=gas * self._price() if gas else 0,
                sender=self._sender,
            )
        )

    def _gas(self, call: Call) -> int:
        request = {"from": self._sender, "to": call.to, "data": "0x" + call.data.hex()}
        try:
            return int(self._rpc.call("eth_estimateGas", request), 16)
        except RpcError as error:
            why = explain(error.data).text if error.data else error.message
            raise RunError(f"the contract would refuse it: {why}", where=call.function, hint=NOTHING_SENT) from error

    def _price(self) -> int:
        """Wei per gas that a transaction would pay in the next block."""
        block = self._rpc.call("eth_getBlockByNumber", "latest", False)
        return int(block.get("baseFeePerGas", "0x0"), 16) + int(self._rpc.call("eth_maxPriorityFeePerGas"), 16)

    def _transaction(self, hash: str) -> str:
        found = self._rpc.call("eth_getTransactionByHash", hash)
        if found is None:
            raise RunError("the chain has no such transaction", where=hash)
        return answers.encode(decode_tx(raw_transaction(found), self._facts.contracts))
