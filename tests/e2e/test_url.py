"""Runs on a node that is not theirs: keystore, an existing federation, verification without re-execution, bad days."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from eth_account import Account

from dltui.chain.nodes.embedded_node import EmbeddedNode
from dltui.chain.nodes.genesis import Genesis
from dltui.core import events as ev
from dltui.protocol.demo_keys import operator_key
from dltui.rundir.paths import RunPaths
from dltui.verify.run import verify
from tests.kits.runs import Run, dltui, make

Start = Callable[..., Run]
SEED = 3
PASSWORD = "correct horse battery"
OWN_KEY = b"\x21" * 32
FLAGS = {"run__seed": SEED, "run__rounds": 1, "clients__count": 2, "chain__funding": 1.5}


def alloc() -> dict[str, int]:
    return {operator_key(SEED).address: 10**22, Account.from_key(OWN_KEY).address: 10**22}


@pytest.fixture
def node(tmp_path: Path) -> Iterator[EmbeddedNode]:
    """Somebody's node: an embedded one that the run does not know as such."""
    foreign = EmbeddedNode(tmp_path / "foreign", Genesis(4_242, 1_700_000_000, alloc()), batch_ms=1)
    foreign.start()
    yield foreign
    foreign.stop()


def steps_of(paths: RunPaths) -> dict[str, str]:
    steps: dict[str, str] = {}
    verify(paths, lambda step: steps.update({step.name: step.text}))
    return steps


def with_password(folder: Path, password: str, **flags: object) -> Run:
    """A run whose engine gets the keystore's password as the program gives it."""
    keystore = folder / "operator.json"
    keystore.write_text(json.dumps(Account.encrypt(OWN_KEY, PASSWORD, kdf="pbkdf2", iterations=10)))
    keystore.chmod(0o600)
    return Run(make(folder / "runs", chain__keystore=str(keystore), **FLAGS, **flags), password=password)


def test_a_run_with_a_keystore_is_verified_with_and_without_the_node(node: EmbeddedNode, tmp_path: Path) -> None:
    run = with_password(tmp_path, PASSWORD, chain__engine=node.url, chain__chain_id=0, chain__max_fee_gwei=50.0)
    assert run.finish(60) == 0, run.story()
    ready = run.of(ev.ChainReady)[0]
    assert (ready.engine, ready.pid, ready.chain_id, ready.url) == ("url", None, 4_242, node.url)
    assert {tx.address for tx in run.of(ev.TxMined) if tx.sender == "operator"} == {Account.from_key(OWN_KEY).address}
    assert {tx.fee // tx.gas_used <= 50 * 10**9 for tx in run.of(ev.TxMined)} == {True}
    for path in run.paths.root.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert PASSWORD.encode() not in data and OWN_KEY.hex().encode() not in data, path
    steps = steps_of(run.paths)
    assert "a node's word" in steps["re-execution"] and f"{node.url} says the same now" in steps["receipts"]
    assert "state" not in steps and "summary" in steps
    node.stop()
    steps = steps_of(run.paths)
    assert "as the run recorded them" in steps["receipts"] and "does not answer" in steps["receipts"]
    tampered(run.paths, "gasUsed", "the journal|event")


def tampered(paths: RunPaths, key: str, words: str) -> None:
    """A receipt of the log with another value no longer fits the journal."""
    lines = paths.txs.read_text().splitlines(keepends=True)
    row = json.loads(lines[-1])
    row["receipts"][0][key] = "0x5209"
    paths.txs.write_text("".join(lines[:-1]) + json.dumps(row) + "\n")
    checked = dltui("verify", str(paths.root), runs=paths.root.parent)
    assert checked.returncode == 4 and any(word in checked.stderr for word in words.split("|")), checked.stderr


@pytest.mark.slow
def test_a_receipt_that_the_node_does_not_know_is_a_mismatch(node: EmbeddedNode, start: Start) -> None:
    run = start(chain__engine=node.url, chain__chain_id=4_242, **FLAGS)
    assert run.finish(60) == 0, run.story()
    tampered(run.paths, "effectiveGasPrice", "the node has another receipt")


@pytest.mark.slow
def test_a_wrong_password_starts_nothing(node: EmbeddedNode, tmp_path: Path) -> None:
    run = with_password(tmp_path, "wrong", chain__engine=node.url, chain__chain_id=0)
    assert run.refused().message == "wrong password"
    chain = {"DLTUI_CHAIN_ENGINE": node.url, "DLTUI_CHAIN_KEYSTORE": str(tmp_path / "operator.json")}
    asked = dltui("--no-ui", runs=tmp_path / "runs", **chain)
    assert asked.returncode == 2 and "nobody to ask for the keystore's password" in asked.stderr
    told = dltui("--no-ui", runs=tmp_path / "runs", DLTUI_PASSWORD="wrong", **chain)
    assert told.returncode == 2 and "wrong password" in told.stderr
    assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.slow
def test_an_operator_without_ether_is_told_how_much_and_where(node: EmbeddedNode, start: Start) -> None:
    run = start(chain__engine=node.url, chain__chain_id=0, **{**FLAGS, "run__seed": 99})
    reason = str(run.refused())
    assert operator_key(99).address in reason and "has 0.0000 ether; this run needs about 3." in reason
    assert "2 clients get 1.5 each" in reason and f"cast send --rpc-url {node.url}" in reason


@pytest.mark.slow
def test_a_federation_that_is_there_goes_on_in_another_run(node: EmbeddedNode, start: Start) -> None:
    first = start(chain__engine=node.url, chain__chain_id=0, **FLAGS)
    assert first.finish(60) == 0, first.story()
    deployed = {contract.name: contract.address for contract in first.of(ev.ContractDeployed)}
    flags = {**FLAGS, "run__rounds": 2, "chain__federation": deployed["FLContract"], "aggregation__scale_bits": 20}
    second = start(chain__engine=node.url, chain__chain_id=0, **flags)
    shutil.copytree(first.paths.blobs, second.paths.blobs, dirs_exist_ok=True)
    assert second.finish(60) == 0, second.story()
    assert {contract.tx for contract in second.of(ev.ContractDeployed)} == {
        contract.tx for contract in first.of(ev.ContractDeployed)
    }
    assert [version.version for version in second.of(ev.ModelPublished)] == [0, 1, 2]
    assert [v.digest for v in second.of(ev.ModelPublished)[:2]] == [v.digest for v in first.of(ev.ModelPublished)]
    said = steps_of(second.paths)
    assert "1 rounds recomputed" in said["rounds"] and said["older rounds"].startswith("1 rounds under other plans")
    assert "went on after the run" in steps_of(first.paths)["receipts"]
    stranger = start(chain__engine=node.url, chain__chain_id=0, **{**flags, "run__seed": 4, "chain__funding": 0.001})
    assert operator_key(4).address in str(stranger.refused())
    late = start(chain__engine=node.url, chain__chain_id=0, **{**flags, "chain__first_block": 9_999})
    assert "is 9999, the chain stands at block" in late.refused().message


@pytest.mark.slow
def test_a_node_that_goes_away_is_waited_for_and_comes_back(node: EmbeddedNode, start: Start) -> None:
    windows = {"rounds__train_seconds": 30, "rounds__train_seconds_max": 60}
    run = start(chain__engine=node.url, chain__chain_id=0, **{**FLAGS, "run__rounds": 3}, **windows)
    run.until(ev.RoundFinalised, round=1)
    node.stop()
    run.until(ev.ChainLost)
    node.start()
    assert run.finish(90) == 0, run.story()
    assert [ended.round for ended in run.of(ev.RoundFinalised)] == [1, 2, 3]
    assert "a node's word" in steps_of(run.paths)["re-execution"]


@pytest.mark.slow
def test_another_chain_at_the_same_address_ends_the_run(node: EmbeddedNode, start: Start, tmp_path: Path) -> None:
    run = start(chain__engine=node.url, chain__chain_id=0, **{**FLAGS, "run__rounds": 30})
    run.until(ev.RoundOpened)
    port = int(node.url.rpartition(":")[2])
    node.stop()
    other = EmbeddedNode(tmp_path / "other", Genesis(4_242, 1_700_000_001, alloc()), port=port)
    other.start()
    try:
        assert run.finish(60) == 3
        assert "on another chain now" in run.of(ev.RunFinished)[0].reason
    finally:
        other.stop()
