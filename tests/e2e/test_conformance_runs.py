"""Whole runs on each engine: equal versions, and equal execution gas of every function."""

from __future__ import annotations

import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dltui.chain.history.txlog import TxLog
from dltui.chain.nodes.ports import free_port
from dltui.chain.rpc import Rpc
from dltui.chain.rpc_errors import NodeUnreachable
from dltui.chain.transactions import decode_transaction
from dltui.core import events as ev
from dltui.protocol.demo_keys import operator_key
from dltui.verify.run import verify
from tests.kits.anvil import ANVIL, needs_anvil
from tests.kits.runs import Run, make

pytestmark = [needs_anvil, pytest.mark.xdist_group("e2e")]

SMALL = {"model__name": "linear", "data__size": 4, "training__steps": 2}
"""A model's size changes no gas: the chain sees digests."""
FLAGS: dict[str, Any] = {"run__rounds": 2, "run__seed": 5, "clients__count": 2, **SMALL}


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A development node that somebody runs, on which the demo's operator has ether."""
    assert ANVIL is not None
    port = free_port()
    command = [str(ANVIL.path), "--port", str(port), "--hardfork", "cancun", "--quiet", "--prune-history", "64"]
    home = tmp_path_factory.mktemp("foreign")
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=home) as node:
        try:
            url = f"http://127.0.0.1:{port}"
            with Rpc(url) as rpc:
                while True:
                    try:
                        rpc.call("anvil_setBalance", operator_key(5).address, hex(10**24))
                        break
                    except NodeUnreachable:
                        assert node.poll() is None
            yield url
        finally:
            node.terminate()


def execution_gas(run: Run) -> Counter[str]:
    """Gas by function without what calldata costs, because seals hold the federation's random name."""
    costs = {}
    for record in TxLog(run.paths.txs).read():
        for raw in record.txs:
            name, data = decoded(raw)
            costs[name] = sum(4 if byte == 0 else 16 for byte in data)
    total: Counter[str] = Counter()
    for mined in run.of(ev.TxMined):
        total[mined.function] += mined.gas_used - costs[mined.hash]
    return total


def decoded(raw: bytes) -> tuple[str, bytes]:
    tx = decode_transaction(raw, 31_337)
    return "0x" + tx.hash.hex(), tx.data


Outcome = tuple[list[str], list[tuple[int, int]], Counter[str], Counter[str]]


def outcome(folder: Path, engine: str) -> Outcome:
    """A verified run on an engine: its versions, accuracies, execution gas and transactions by function."""
    run = Run(make(folder, chain__engine=engine, **FLAGS))
    try:
        assert run.finish(90) == 0, run.story()
    finally:
        run.stop()
    steps: set[str] = set()
    verify(run.paths, lambda step: steps.add(step.name))
    is_url = engine.startswith("http")
    assert ("re-execution" in steps, "chain" in steps) == (is_url, not is_url)
    late = run.of(ev.TxReverted)  # two members may close the same round: the second finds it closed
    assert [tx for tx in late if tx.function != "finalise" or not tx.reason.endswith("FINALISED")] == []
    return (
        [version.digest for version in run.of(ev.ModelPublished)],
        [(r.round, r.accuracy_bp) for r in run.of(ev.RoundFinalised)],
        execution_gas(run),
        Counter(mined.function for mined in run.of(ev.TxMined)),
    )


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    return outcome(tmp_path_factory.mktemp("embedded"), "embedded")


def test_anvil_gives_the_same_versions_for_the_same_gas(tmp_path: Path, embedded: Outcome) -> None:
    assert outcome(tmp_path, "anvil") == embedded


@pytest.mark.slow
def test_a_node_by_its_address_gives_the_same_versions_for_the_same_gas(
    tmp_path: Path, embedded: Outcome, foreign: str
) -> None:
    assert outcome(tmp_path, foreign) == embedded


def test_a_node_elsewhere_that_is_not_there_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    run = Run(make(tmp_path, chain__engine=f"http://127.0.0.1:{port}", **FLAGS))
    try:
        refused = run.refused()
        assert refused.exit_code == 3
        assert f"http://127.0.0.1:{port}" in str(refused) and "start the node" in str(refused)
    finally:
        run.stop()
