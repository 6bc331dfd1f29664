"""A whole run: separate processes with their own keys, a chain that tells what happened, and sums that add up."""

from __future__ import annotations

import json
import stat

import pytest

from dltui.core import events as ev
from dltui.protocol.demo_keys import client_key
from dltui.protocol.facts import FACTS
from dltui.verify.report import Step
from dltui.verify.run import verify
from tests.kits.runs import Run, wait_gone

CLIENTS = {f"client-{i}" for i in range(5)}


def test_it_ends_well_and_leaves_nothing_running(finished: Run) -> None:
    assert finished.engine.returncode == 0
    last = finished.events[-1].data
    assert last == ev.RunFinished(status="done", exit_code=0, reason="")
    assert finished.of(ev.RunAlert) == []
    pids = [spawned.pid for spawned in finished.of(ev.ClientSpawned)]
    pids += [ready.pid for ready in finished.of(ev.ChainReady) if ready.pid]
    assert wait_gone(pids) == []
    assert not finished.session.alive()
    assert {exited.code for exited in finished.of(ev.ClientExited)} == {0}


def test_every_client_is_a_process_with_a_key_of_its_own(finished: Run) -> None:
    spawned = finished.of(ev.ClientSpawned)
    assert {s.id for s in spawned} == CLIENTS
    assert len({s.pid for s in spawned}) == 5
    assert finished.engine.pid not in {s.pid for s in spawned}
    assert {s.id: s.address for s in spawned} == {f"client-{i}": client_key(7, i).address for i in range(5)}
    for number in (1, 2, 3):
        hashes = {update.tx for update in finished.of(ev.UpdateSubmitted, round=number)}
        senders = {tx.address for tx in finished.of(ev.TxMined, function="submit") if tx.hash in hashes}
        assert senders == {client_key(7, i).address for i in range(5)}
    assert {tx.sender for tx in finished.of(ev.TxMined, function="submit")} == CLIENTS
    assert finished.of(ev.TxReverted) == []


def test_versions_and_rounds_follow_each_other(finished: Run) -> None:
    published = finished.of(ev.ModelPublished)
    assert [v.version for v in published] == [0, 1, 2, 3]
    assert [v.parent for v in published[1:]] == [0, 1, 2]
    assert len({v.digest for v in published}) == 4
    ended = finished.of(ev.RoundFinalised)
    assert [(r.round, r.version, r.attempt) for r in ended] == [(1, 1, 0), (2, 2, 0), (3, 3, 0)]
    for round_ended, version in zip(ended, published[1:], strict=True):
        assert round_ended.digest == version.digest
        opened = finished.of(ev.RoundOpened, round=round_ended.round)[0]
        assert set(opened.selected) == CLIENTS
        assert len(set(opened.committee)) == 3
        assert opened.base_digest == published[round_ended.version - 1].digest
        assert set(round_ended.agreeing) == set(opened.committee)
        verdicts = finished.of(ev.RoundIncluded, round=round_ended.round)[0].verdicts
        assert {v.client for v in verdicts if v.included} == CLIENTS
        assert {v.weight for v in verdicts} == {1440}
    assert all((finished.paths.blobs / v.digest[:2] / v.digest).is_file() for v in published)


def test_it_learns(finished: Run) -> None:
    measured = {m.version: m.accuracy_bp for m in finished.of(ev.ModelEvaluated)}
    assert set(measured) == {0, 1, 2, 3}
    assert measured[0] < 3_000
    assert measured[3] > 8_500
    assert finished.of(ev.ModelEvaluated)[-1].samples == 2_000


def test_verify_derives_every_fact_again(finished: Run) -> None:
    steps: list[Step] = []
    verify(finished.paths, steps.append)
    told = {step.name: step.text for step in steps}
    facts = [event for event in finished.events if type(event.data) in FACTS]
    assert told["facts"].startswith(f"{len(facts)} facts")
    blocks = finished.of(ev.ChainBlock)
    assert [b.number for b in blocks] == list(range(1, len(blocks) + 1))
    assert told["chain"].startswith(f"{len(blocks)} blocks")
    assert told["rounds"].startswith("3 rounds")
    assert told["versions"].startswith("4 versions")


def test_the_summary_adds_up(finished: Run) -> None:
    summary = json.loads(finished.paths.summary.read_bytes())
    mined = finished.of(ev.TxMined)
    gas = summary["gas"]
    total = {"txs": len(mined), "gas": sum(t.gas_used for t in mined), "fee": sum(t.fee for t in mined)}
    assert {key: gas[key] for key in total} == total
    assert sum(b.gas_used for b in finished.of(ev.ChainBlock)) == total["gas"]
    for table in ("by_function", "by_client", "by_round"):
        assert {key: sum(row[key] for row in gas[table].values()) for key in total} == total, table
    assert set(gas["by_client"]) == CLIENTS | {"operator"}
    assert {"1", "2", "3"} <= set(gas["by_round"])
    assert summary["rounds"] == {"target": 3, "finalised": 3, "aborted": 0}
    for row in summary["time"]:
        account = finished.of(ev.RoundTimed)[row["round"] - 1]
        assert account.phases is not None and account.total == row["total"]
        assert sum(getattr(account.phases, name) for name in ev.Phases.__struct_fields__) == pytest.approx(
            row["total"], abs=0.01
        )
        assert all(0 <= row[key] <= row["total"] for key in ("waiting", "queue", "training", "aggregation"))
        assert row["submitted"] == row["included"] == row["selected"] == 5


def test_every_process_has_its_log_in_one_folder(finished: Run) -> None:
    clients = [f"client-{part}.log" for part in range(5)]
    logs = sorted(path.name for path in finished.paths.logs.glob("*.log"))
    assert logs == [*clients, "engine.log", "evaluator.log", "forkserver.log", "node.log"]
    assert "stopped at block" in (finished.paths.logs / "node.log").read_text()
    assert not list(finished.paths.chain.glob("*.log"))


def test_keys_and_secrets_stay_with_the_owner(finished: Run) -> None:
    written = [finished.paths.root, *finished.paths.root.rglob("*")]
    assert {path.parent.name for path in written} >= {"journal", "chain", "logs", "keys"}
    assert {path: mode for path in written if (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077} == {}
    secrets = [client_key(7, i).secret.hex().encode() for i in range(5)]
    for path in finished.paths.root.rglob("*"):
        if path.is_file() and path.parent != finished.paths.keys:
            data = path.read_bytes()
            assert not any(secret in data for secret in secrets), path
