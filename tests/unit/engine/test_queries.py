"""What a command would cost, what a transaction did, and what the registry has: asked of a node that is played."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from dltui.chain.rpc_errors import RpcError
from dltui.chain.types import Call
from dltui.core import answers
from dltui.core.answers import Estimate
from dltui.core.chain_states import VersionState
from dltui.core.commands import new_command
from dltui.engine.queries import NOTHING_SENT, Queries
from dltui.errors import RunError

SENDER, HASH = "0x" + "aa" * 20, "0x" + "cd" * 32
CALLS = [Call("FLContract", name, "0x" + "bb" * 20, b"\x01", 90_000) for name in ("approveData", "approveClient")]


class Node:
    """Answers what a node would, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.refuses: str | None = None

    def call(self, method: str, *params: Any) -> Any:
        self.asked.append((method, params[0] if params else None))
        if method == "eth_estimateGas":
            if self.refuses is not None:
                raise RpcError("eth_estimateGas", 3, self.refuses)
            return hex(40_000)
        if method == "eth_getBlockByNumber":
            return {"baseFeePerGas": hex(7)}
        return hex(2) if method == "eth_maxPriorityFeePerGas" else None


@pytest.fixture
def node() -> Node:
    return Node()


@pytest.fixture
def queries(node: Node) -> Queries:
    versions = [
        SimpleNamespace(state=VersionState.VERIFIED, digest=b"\xab" * 32, accuracy_bp=9_012),
        SimpleNamespace(state=VersionState.REJECTED, digest=b"\xcd" * 32, accuracy_bp=50),
    ]
    models = SimpleNamespace(released=lambda: 0, count=lambda: 2, version_of=versions.__getitem__)
    calls = SimpleNamespace(of=lambda name, args: CALLS if name == "client.approve" else [])
    roles = (node, SimpleNamespace(models=models), calls, SimpleNamespace(contracts={}))
    return Queries(*cast(Any, roles), SENDER)


def estimate(queries: Queries, command: str, **args: Any) -> Estimate:
    return answers.decode(queries.answer(new_command("estimate", "key", command=command, args=args)), Estimate)


def test_an_estimate_adds_all_transactions_and_their_fee_at_the_present_price(node: Node, queries: Queries) -> None:
    assert estimate(queries, "client.approve", client="a") == Estimate(
        calls=("FLContract.approveData", "FLContract.approveClient"), gas=80_000, fee=80_000 * 9, sender=SENDER
    )
    asked = [params for method, params in node.asked if method == "eth_estimateGas"]
    assert asked == [{"from": SENDER, "to": "0x" + "bb" * 20, "data": "0x01"}] * 2


def test_a_command_without_a_transaction_costs_nothing_and_asks_nothing(node: Node, queries: Queries) -> None:
    assert estimate(queries, "run.pause") == Estimate(calls=(), gas=0, fee=0, sender=SENDER)
    assert node.asked == []


def test_an_estimate_of_what_is_no_command_is_refused(queries: Queries) -> None:
    with pytest.raises(RunError, match="unknown command"):
        estimate(queries, "client.explode")


def test_what_the_contract_would_refuse_is_found_before_it_is_sent(node: Node, queries: Queries) -> None:
    queries.check("client.approve", {"client": "a"})
    node.refuses = "execution reverted"
    with pytest.raises(RunError, match="the contract would refuse it: execution reverted") as refused:
        queries.check("client.approve", {"client": "a"})
    assert (refused.value.where, refused.value.hint) == ("approveData", NOTHING_SENT)
    queries.check("run.pause", {})


def test_a_transaction_that_the_chain_has_not_is_refused(node: Node, queries: Queries) -> None:
    with pytest.raises(RunError, match="the chain has no such transaction"):
        queries.answer(new_command("tx.show", "key", hash=HASH))
    assert node.asked == [("eth_getTransactionByHash", HASH)]


def test_the_registry_is_told_row_by_row(queries: Queries) -> None:
    assert queries.registry() == "v0 verified (released) abababababab 90.12 %; v1 rejected cdcdcdcdcdcd 0.50 %"
