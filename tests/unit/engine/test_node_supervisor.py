"""Chains of runs: what a keystore signed in one of them is worth nothing in another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from dltui.chain.accounts import address_of
from dltui.chain.contracts.bound import deploy_call
from dltui.chain.history.txlog import TxLog
from dltui.chain.rpc_errors import RpcError
from dltui.chain.wallet import Wallet
from dltui.config.sections import load
from dltui.engine.node_supervisor import NodeSupervisor
from dltui.engine.reactor import Stopped
from dltui.errors import ConfigError
from dltui.rundir.paths import RunPaths
from tests.kits.chain import ADDRESSES, local_node

OPERATOR = b"\x31" * 32
"""A keystore's key, which the operator uses in run after run."""


@contextmanager
def supervisor(folder: Path, federation_id: bytes, **flags: object) -> Iterator[NodeSupervisor]:
    """The started chain of a run of the operator's."""
    config = load(flags={"chain.engine": "embedded", "chain.keystore": "op.json", **flags})
    made = NodeSupervisor(
        config, RunPaths(folder).create(), address_of(OPERATOR), lambda payload: None, lambda: None, lambda: None
    )
    made.start(federation_id)
    try:
        yield made
    finally:
        made.stop()


def test_a_transaction_of_one_run_is_refused_in_another_run_of_the_same_keystore(tmp_path: Path) -> None:
    with ExitStack() as stack:
        one = stack.enter_context(supervisor(tmp_path / "one", b"\x01" * 32))
        two = stack.enter_context(supervisor(tmp_path / "two", b"\x02" * 32))
        assert (one.chain_id, two.chain_id) == (0x1_0101_0101, 0x1_0202_0202)
        wallet = Wallet(one.rpc, OPERATOR, one.chain_id)
        made = wallet.send(deploy_call("ModelRegistry", wallet.address))
        (block,) = one.blocks.fresh(0)
        assert block.number == made.block
        (record,) = one.log.read()
        raw = "0x" + record.txs[0].hex()
        for method in ("eth_sendRawTransaction", "eth_sendRawTransactionSync"):
            with pytest.raises(RpcError, match=f"invalid chain id for signer: have {one.chain_id} want {two.chain_id}"):
                two.rpc.call(method, raw)
        assert two.rpc.call("eth_getTransactionCount", wallet.address, "latest") == "0x0"


def test_a_resumed_chain_keeps_its_id(tmp_path: Path) -> None:
    with supervisor(tmp_path, b"\x01" * 32) as first:
        assert first.chain_id == 0x1_0101_0101
    with supervisor(tmp_path, b"\x01" * 32) as again:
        assert again.chain_id == 0x1_0101_0101


@pytest.mark.parametrize(("gwei", "bound"), [(0.0, 500), (30.0, 30)])
def test_on_somebody_elses_chain_fees_have_a_bound(tmp_path: Path, gwei: float, bound: int) -> None:
    with local_node(tmp_path) as (node, _):
        config = load(flags={"chain.engine": node.url, "chain.max_fee_gwei": gwei, "chain.funding": 0.01})
        foreign = NodeSupervisor(
            config, RunPaths(tmp_path / "run").create(), ADDRESSES[0], lambda payload: None, lambda: None, lambda: None
        )
        foreign.start(b"\x01" * 32)
        assert (foreign.endpoint.max_fee, foreign.chain_id) == (bound * 10**9, 31_337)
        foreign.stop()


def test_a_stop_is_heard_while_the_node_comes_up(tmp_path: Path) -> None:
    def stop() -> None:
        raise Stopped("stopped by SIGTERM")

    address = address_of(OPERATOR)
    config = load(flags={"chain.engine": "embedded"})
    made = NodeSupervisor(config, RunPaths(tmp_path).create(), address, lambda payload: None, lambda: None, stop)
    with pytest.raises(Stopped):
        made.start(b"\x01" * 32)
    assert made.node.pid is None


def test_anvil_is_refused_before_it_is_looked_for(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match="a keystore protects nothing there"),
        supervisor(tmp_path, b"\x01" * 32, **{"chain.engine": "anvil", "chain.anvil": "/nowhere"}),
    ):
        pass
    assert not (tmp_path / "chain" / "genesis.json").exists()


def test_a_run_of_a_keystore_that_was_begun_on_anvil_is_told_what_is_left_to_do(tmp_path: Path) -> None:
    """An earlier version's `auto` began it there."""
    TxLog.create(RunPaths(tmp_path).create().txs, "ab" * 32, "anvil")
    with (
        pytest.raises(ConfigError, match="was begun on anvil with a keystore, and does not go on") as refused,
        supervisor(tmp_path, b"\x01" * 32, **{"chain.engine": "auto"}),
    ):
        pass
    assert refused.value.hint.startswith("start a new run with --chain embedded")
