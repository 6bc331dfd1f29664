"""A finished run told as one on somebody else's node: what is left out of its log or changed in it is a mismatch."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dltui.chain.contracts import abi
from dltui.chain.history.blocks import MinedBlock
from dltui.chain.history.remote_blocks import RemoteBlocks, block_of
from dltui.chain.history.txlog import TxLog
from dltui.chain.nodes.embedded_node import EmbeddedNode
from dltui.chain.nodes.url_node import UrlNode
from dltui.chain.rpc import Rpc
from dltui.errors import ChainError, MismatchError
from dltui.protocol.demo_keys import operator_key
from dltui.protocol.facts import FACTS, FactStream
from dltui.rundir.paths import RunPaths
from dltui.store import cid
from dltui.verify.run import verify
from tests.kits.runs import Run, Verifier
from tests.kits.tamper import Caught, Line, derived, first, forge, journal_lines

OWN_CHAIN = ("genesis.json", "state.sqlite", "state.lock")
"""The files of a run's own chain, which one on somebody else's node does not have."""
TOLD = {kind.KIND for kind in FACTS}


class Abroad:
    """The run as it lies in a folder, and the node that still answers for its chain."""

    def __init__(self, paths: RunPaths, node: Any) -> None:
        self.paths = paths
        self.node = node

    def silent(self) -> None:
        """The node's address does not answer any more."""
        self.redirect("http://127.0.0.1:1")

    def redirect(self, url: str) -> None:
        """Have the run's node at another address, in its configuration and in its journal."""
        self.paths.config.write_text(
            "\n".join(
                f'engine = "{url}"' if line.startswith("engine = ") else line
                for line in self.paths.config.read_text().splitlines()
            )
        )

        def edit(lines: list[Line]) -> None:
            lines[0]["data"]["config"]["chain"]["engine"] = url
            for line in lines:
                if line["kind"] in ("chain.starting", "chain.ready"):
                    line["data"]["engine"] = "url"

        forge(self.paths, edit)

    def records(self, edit: Callable[[list[Any]], None]) -> None:
        """Change the transaction log's blocks."""
        head, *rows = map(json.loads, self.paths.txs.read_text().splitlines())
        edit(rows)
        self.paths.txs.write_text("".join(json.dumps(row) + "\n" for row in [head, *rows]))

    def drop(self, blocks: set[int]) -> None:
        """Leave blocks out, of the log and of the journal."""
        self.records(lambda rows: rows.__setitem__(slice(None), [row for row in rows if row["block"] not in blocks]))

        def edit(lines: list[Line]) -> None:
            number, kept = 0, []
            for line in lines:
                number = line["data"]["number"] if line["kind"] == "chain.block" else number
                if line["kind"] not in TOLD or number not in blocks:
                    kept.append(line)
            lines[:] = kept

        forge(self.paths, edit)

    def block_of(self, function: str) -> int:
        """The block of the first transaction that calls a function."""
        return int(first(journal_lines(self.paths), "tx.mined", function=function)["data"]["block"])

    def steps(self) -> dict[str, str]:
        """What `verify` says of it; `said` has it too where it ends in an error."""
        self.said: dict[str, str] = {}
        verify(self.paths, lambda step: self.said.update({step.name: step.text}))
        return self.said


@pytest.fixture(scope="module")
def emigrated(finished: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Abroad]:
    """The finished run with its chain behind an address; never changed."""
    home = tmp_path_factory.mktemp("abroad")
    shutil.copytree(finished.paths.root, home / finished.paths.id)
    paths = RunPaths(home / finished.paths.id)
    shutil.copytree(paths.chain, home / "chain")
    node = EmbeddedNode(home / "chain")
    node.start()
    try:
        there = UrlNode(node.url, 0)
        there.start()
        paths.txs.unlink()
        log = TxLog.create(paths.txs, there.fingerprint(), "url")
        with Rpc(node.url) as rpc:
            chain_id = int(rpc.call("eth_chainId"), 16)
            list(RemoteBlocks(rpc, log, chain_id, operator_key(7).address, 0, 0.0).fresh(0))
        for name in OWN_CHAIN:
            (paths.chain / name).unlink()
        abroad = Abroad(paths, node)
        abroad.redirect(node.url)
        yield abroad
    finally:
        node.stop()


@pytest.fixture
def abroad(emigrated: Abroad, tmp_path: Path) -> Abroad:
    """A copy of it that a test may change."""
    paths = emigrated.paths
    shutil.copytree(paths.root, tmp_path / paths.id)
    return Abroad(RunPaths(tmp_path / paths.id), emigrated.node)


def test_what_was_not_checked_is_the_headline_and_has_its_own_exit_code(abroad: Abroad, verifier: Verifier) -> None:
    def verified(*more: str) -> subprocess.CompletedProcess[str]:
        return verifier("verify", str(abroad.paths.root), *more, folder=abroad.paths.root.parent)

    done = verified()
    assert (done.returncode, done.stderr) == (5, "")
    assert done.stdout.splitlines()[-1].endswith(": NOT CHECKED: re-execution; no mismatch in the rest")
    assert f"{abroad.node.url} says the same now of " in done.stdout and "has no other logs" in done.stdout
    abroad.silent()
    done = verified()
    assert done.returncode == 5 and "NOT CHECKED: re-execution, receipts; no mismatch" in done.stdout
    assert f"{abroad.node.url} says the same now of " in verified("--node", abroad.node.url).stdout
    told = json.loads(verified("--json").stdout)
    assert (told["outcome"], told["exit_code"]) == ("partly checked", 5)
    unchecked = [step["name"] for step in told["steps"] if step["status"] == "not checked"]
    assert unchecked == ["re-execution", "receipts"]
    assert told["headline"].endswith("NOT CHECKED: re-execution, receipts; no mismatch in the rest")


def test_forged_gas_of_a_run_that_nobody_can_execute_is_never_verified(abroad: Abroad, verifier: Verifier) -> None:
    """Log and journal agree on it, the node is away: nothing contradicts, and that is what is said."""
    abroad.silent()
    number, forged = abroad.block_of("submit"), hex(21_000)

    def in_log(rows: list[Any]) -> None:
        next(row for row in rows if row["block"] == number)["receipts"][0]["gasUsed"] = forged

    def in_journal(lines: list[Line]) -> None:
        told = first(lines, "tx.mined", block=number)["data"]
        first(lines, "chain.block", number=number)["data"]["gas_used"] += 21_000 - told["gas_used"]
        told.update(gas_used=21_000, fee=21_000 * (told["fee"] // told["gas_used"]))

    abroad.records(in_log)
    forge(abroad.paths, in_journal, derived(abroad.paths, in_journal))
    done = verifier("verify", str(abroad.paths.root), folder=abroad.paths.root.parent)
    assert done.returncode == 5, done.stderr
    assert "NOT CHECKED: re-execution, receipts" in done.stdout.splitlines()[-1]


def test_a_chain_of_the_runs_own_does_not_pass_as_somebody_elses(copied: RunPaths, caught: Caught) -> None:
    abroad = Abroad(copied, None)
    abroad.silent()
    caught("config.toml", "engine is told url", "embedded")
    head = json.loads(copied.txs.read_text().splitlines()[0])
    copied.txs.write_text(json.dumps(head | {"engine": "url", "after": 0}) + "\n")
    caught("genesis.json", "a chain of the run's own")
    copied.genesis.unlink()
    caught("state.sqlite", "a chain of the run's own")


def test_the_environment_is_not_sent_to_where_a_run_says(abroad: Abroad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "s3cret")
    abroad.redirect(abroad.node.url + "/${SECRET}")
    monkeypatch.setattr("dltui.verify.remote.UrlNode", None)
    assert "only --node gets" in abroad.steps()["receipts"]


LEADS_SOMEWHERE = ("setPlan", "genesis", "join", "approveClient", "openRound", "submit", "finalise")


@pytest.mark.parametrize("function", LEADS_SOMEWHERE)
def test_what_the_rest_follows_from_is_left_out(abroad: Abroad, function: str) -> None:
    abroad.silent()
    abroad.drop({abroad.block_of(function)})
    with pytest.raises(MismatchError):
        abroad.steps()


def test_a_log_without_its_cause_is_named_with_its_block(abroad: Abroad) -> None:
    """Each kind of log left out once: what followed from it is refused in words, and nothing ends in a traceback."""
    log = TxLog(abroad.paths.txs)
    blocks = [
        block_of(record, first(journal_lines(abroad.paths), "chain.ready")["data"]["chain_id"]) for record in log.read()
    ]
    refused = set()
    for event in abi.by_digest("event").values():
        stream = FactStream(operator_key(7).address, lambda tx, block: "", cid)
        try:
            for block in _without_first(event, blocks):
                list(stream.of_block(block))
        except ChainError as error:
            assert "does not follow" in error.message and error.where.startswith("block ")
            refused.add(event.name)
    assert {"ClientJoined", "ClientApproved", "PlanSet", "RoundOpened", "VersionRegistered", "DataCommitted"} <= refused


def _without_first(event: abi.Entry, blocks: list[MinedBlock]) -> Iterator[MinedBlock]:
    left_out = False
    for block in blocks:
        txs = []
        for tx in block.txs:
            place = next((i for i, log in enumerate(tx.logs) if log["topics"][0] == "0x" + event.digest.hex()), None)
            if place is not None and not left_out:
                tx, left_out = replace(tx, logs=tx.logs[:place] + tx.logs[place + 1 :]), True
            txs.append(tx)
        yield replace(block, txs=tuple(txs))


@pytest.mark.parametrize("function", ["setFederation", "transfer", "approveData"])
def test_a_transaction_of_the_operator_is_left_out(abroad: Abroad, function: str) -> None:
    abroad.silent()
    abroad.drop({abroad.block_of(function)})
    with pytest.raises(MismatchError, match=r"the operator's transaction number \d+ is missing"):
        abroad.steps()


@pytest.mark.parametrize("function", ["report", "attest"])
def test_what_the_node_has_is_left_out(abroad: Abroad, function: str) -> None:
    abroad.drop({abroad.block_of(function)})
    with pytest.raises(MismatchError):
        abroad.steps()


def cut(abroad: Abroad) -> None:
    """The last round is left out whole, as if the run had been stopped before it."""
    lines = journal_lines(abroad.paths)
    begin = lines.index(first(lines, "round.opened", round=3))
    opened = max(line["data"]["number"] for line in lines[:begin] if line["kind"] == "chain.block")
    blocks = {line["data"]["number"] for line in lines if line["kind"] == "chain.block"}
    abroad.drop({number for number in blocks if number >= opened})

    def edit(lines: list[Line]) -> None:
        lines[:] = [
            line
            for line in lines
            if line["data"].get("round") != 3
            and not (line["kind"] == "model.evaluated" and line["data"]["version"] == 3)
        ]
        first(lines, "run.finished")["data"]["status"] = "stopped"
        last = max(line["data"]["number"] for line in lines if line["kind"] == "chain.block")
        first(lines, "chain.stopped")["data"]["blocks"] = last

    forge(abroad.paths, edit)


def test_a_whole_round_is_left_out(abroad: Abroad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dltui.verify.remote.LAG", 0.0)
    cut(abroad)
    with pytest.raises(MismatchError, match=r"lacks transaction .* \(RoundOpened\), which the node has"):
        abroad.steps()


def test_a_federation_may_go_on_after_the_run(abroad: Abroad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dltui.verify.remote.LAG", 1e9)
    cut(abroad)
    with pytest.raises(MismatchError) as caught:
        abroad.steps()
    assert "txs.jsonl" not in str(caught.value)
    assert abroad.said["receipts"].endswith("the federation went on after the run")


@pytest.mark.parametrize(("key", "value"), [("timestamp", 1_600_000_000), ("state_root", "0x" + "ab" * 32)])
def test_a_block_is_told_as_another_in_log_and_journal(abroad: Abroad, key: str, value: object) -> None:
    number = abroad.block_of("submit")

    def in_log(rows: list[Any]) -> None:
        next(row for row in rows if row["block"] == number)[key] = value

    def in_journal(lines: list[Line]) -> None:
        first(lines, "chain.block", number=number)["data"][key] = value

    abroad.records(in_log)
    with pytest.raises(MismatchError):
        abroad.steps()
    forge(abroad.paths, in_journal)
    with pytest.raises(MismatchError, match="another timestamp or state root"):
        abroad.steps()


def test_a_changed_state_root_is_seen_without_the_node(abroad: Abroad) -> None:
    abroad.silent()
    abroad.records(lambda rows: rows[3].update(state_root="0x" + "ab" * 32))
    with pytest.raises(MismatchError, match=r"tells chain\.block"):
        abroad.steps()
