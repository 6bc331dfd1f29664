"""Whatever is changed in a finished run, `dltui verify` says so: exit 4, one line that names the place."""

from __future__ import annotations

import copy
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dltui.aggregation.blobs.manifest import decode_manifest
from dltui.config.sections import load
from dltui.core import events as ev
from dltui.errors import MismatchError
from dltui.learning.plan import LearningPlan
from dltui.protocol.demo_keys import operator_key
from dltui.protocol.facts import FactStream
from dltui.rundir.journal import read
from dltui.rundir.paths import RunPaths
from dltui.store import Store, cid
from dltui.verify.reexecution import Reexecution
from dltui.verify.results import recompute
from tests.kits.runs import Run, Verifier, dltui
from tests.kits.tamper import Caught, Line, derived, first, flip, forge, journal_lines, refused, replace

PAGE = 4096


def digest_of(paths: RunPaths, kind: str, field: str, **fields: Any) -> str:
    return str(first(journal_lines(paths), kind, **fields)["data"][field])


def blob(paths: RunPaths, digest: str) -> Path:
    return paths.blobs / digest[:2] / digest


def test_an_untouched_copy_is_verified(copied: RunPaths) -> None:
    before = {path: path.read_bytes() for path in copied.root.rglob("*") if path.is_file()}
    done = dltui("verify", str(copied.root), runs=copied.root.parent)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == f"run {copied.id}: verified, no mismatch"
    assert before == {path: path.read_bytes() for path in copied.root.rglob("*") if path.is_file()}


# --- blobs ---


@pytest.mark.parametrize("offset", [0, 8, 5_000, -1])
def test_a_byte_of_an_update(copied: RunPaths, caught: Caught, offset: int) -> None:
    digest = digest_of(copied, "update.submitted", "digest", round=2)
    flip(blob(copied, digest), offset)
    caught(digest)


def test_a_byte_of_a_model(copied: RunPaths, caught: Caught) -> None:
    manifest = digest_of(copied, "model.published", "digest", version=2)
    model = decode_manifest(blob(copied, manifest).read_bytes()).model
    flip(blob(copied, model), -3)
    caught(model)


def test_a_byte_of_a_manifest(copied: RunPaths, caught: Caught) -> None:
    digest = digest_of(copied, "model.published", "digest", version=1)
    flip(blob(copied, digest), 20)
    caught(digest)


def test_an_update_is_gone(copied: RunPaths, caught: Caught) -> None:
    digest = digest_of(copied, "update.submitted", "digest", round=3)
    blob(copied, digest).unlink()
    caught("round 3", digest)


def test_a_model_is_gone(copied: RunPaths, caught: Caught) -> None:
    manifest = digest_of(copied, "model.published", "digest", version=3)
    model = decode_manifest(blob(copied, manifest).read_bytes()).model
    blob(copied, model).unlink()
    caught("version 3", model)


def test_the_verdicts_are_gone(copied: RunPaths, caught: Caught) -> None:
    """They can be recomputed, but whoever asks for a verdict's proof needs the leaves themselves."""
    manifest = digest_of(copied, "model.published", "digest", version=2)
    verdicts = decode_manifest(blob(copied, manifest).read_bytes()).verdicts
    blob(copied, verdicts).unlink()
    caught("version 2", verdicts)


def test_a_blob_is_a_folder(copied: RunPaths, caught: Caught) -> None:
    digest = digest_of(copied, "update.submitted", "digest", round=1)
    blob(copied, digest).unlink()
    blob(copied, digest).mkdir()
    caught(digest)


# --- the journal ---


@pytest.mark.parametrize("part", [0.1, 0.5, 1.0])
def test_a_byte_of_the_journal(copied: RunPaths, caught: Caught, part: float) -> None:
    path = copied.journal / "000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    number = max(1, round(len(lines) * part))
    flip(path, sum(len(line) for line in lines[: number - 1]) + len(lines[number - 1]) // 2)
    # The hash of the last line is on record in the summary only.
    caught("000001.jsonl")


def test_a_line_is_nested_deeper_than_any_stack(copied: RunPaths, caught: Caught) -> None:
    path = copied.journal / "000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[5] = lines[5].replace(b'"data":{', b'"data":{"a":' + b"[" * 400_000 + b"]" * 400_000 + b",", 1)
    path.write_bytes(b"".join(lines))
    caught("000001.jsonl:6")


def test_the_last_line_is_torn(copied: RunPaths, caught: Caught) -> None:
    path = copied.journal / "000001.jsonl"
    path.write_bytes(path.read_bytes()[:-7])
    caught("000001.jsonl")


def test_the_last_line_is_cut(copied: RunPaths, caught: Caught) -> None:
    path = copied.journal / "000001.jsonl"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    caught("000001.jsonl")


def test_the_tail_is_cut_and_the_summary_removed(copied: RunPaths, caught: Caught) -> None:
    """The chain still tells what the journal no longer does, unless all of it is cut back as well."""
    path = copied.journal / "000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: len(lines) * 2 // 3]))
    copied.summary.unlink()
    caught("journal")


def test_the_summary_is_removed(copied: RunPaths, caught: Caught) -> None:
    copied.summary.unlink()
    caught("summary.json")


def test_a_segment_is_removed(copied: RunPaths, caught: Caught) -> None:
    path = copied.journal / "000001.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    half = len(lines) // 2
    (copied.journal / "000002.jsonl").write_bytes(b"".join(lines[half:]))
    path.unlink()
    caught("000001")


def test_every_fact_of_the_chain_is_bound(copied: RunPaths, caught: Caught) -> None:
    """One fact of each kind changed by a forger who makes all hashes fit: the chain says otherwise."""
    original = journal_lines(copied)

    def gas(lines: list[Line]) -> None:
        first(lines, "tx.mined", function="submit")["data"]["gas_used"] -= 1

    forge(copied, gas)
    number = next(
        i for i, line in enumerate(original, start=1) if line == first(original, "tx.mined", function="submit")
    )
    caught(f"event {number} tells tx.mined", "gas_used")


def test_a_journal_from_before_state_roots_were_told(copied: RunPaths, verifier: Verifier) -> None:
    def edit(lines: list[Line]) -> None:
        for line in lines:
            if line["kind"] == "chain.block":
                del line["data"]["state_root"]

    forge(copied, edit)
    done = verifier("verify", str(copied.root), folder=copied.root.parent)
    assert done.returncode == 0, done.stderr


def _verdict(lines: list[Line]) -> None:
    row = first(lines, "round.included", round=2)["data"]["verdicts"][1]
    row.update(included=False, reason="MALFORMED", weight=0)


def _accuracy(lines: list[Line]) -> None:
    first(lines, "round.attested", round=1)["data"]["accuracy_bp"] = 9_999


def _version(lines: list[Line]) -> None:
    first(lines, "model.published", version=2)["data"]["digest"] = "ab" * 32


def _winner(lines: list[Line]) -> None:
    agreeing = first(lines, "round.finalised", round=3)["data"]["agreeing"]
    agreeing.pop()


def _without(kind: str, **fields: Any) -> Callable[[list[Line]], None]:
    return lambda lines: lines.remove(first(lines, kind, **fields))


def _twice(kind: str, **fields: Any) -> Callable[[list[Line]], None]:
    def edit(lines: list[Line]) -> None:
        line = first(lines, kind, **fields)
        lines.insert(lines.index(line), copy.deepcopy(line))

    return edit


def _swapped(lines: list[Line]) -> None:
    a, _b = (
        (i for i, line in enumerate(lines) if line["kind"] == "update.submitted" and line["data"]["round"] == 1),
        None,
    )
    one, two = next(a), next(a)
    lines[one], lines[two] = lines[two], lines[one]


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (_verdict, "round 2"),
        (_accuracy, "round.attested"),
        (_version, "model.published"),
        (_winner, "round.finalised"),
        (_without("update.submitted", round=2), "update.submitted"),
        (_without("round.included", round=2), "round 2"),
        (_without("client.registered"), "client.registered"),
        (_twice("update.submitted", round=3), "update.submitted"),
        (_swapped, "update.submitted"),
    ],
    ids=["verdict", "attested", "version", "agreeing", "no-update", "no-verdicts", "no-client", "twice", "swapped"],
)
def test_a_forged_fact(copied: RunPaths, caught: Caught, edit: Callable[[list[Line]], None], named: str) -> None:
    forge(copied, edit)
    caught(named)


def _false_verdicts(lines: list[Line], number: int) -> Line:
    line = copy.deepcopy(first(lines, "round.included", round=2))
    line["data"]["round"] = number
    line["data"]["verdicts"][0].update(included=False, reason="MALFORMED", weight=0)
    return line


def test_false_verdicts_before_the_true_ones(copied: RunPaths, caught: Caught) -> None:
    def edit(lines: list[Line]) -> None:
        true = first(lines, "round.included", round=2)
        lines.insert(lines.index(true), _false_verdicts(lines, 2))

    forge(copied, edit, derived(copied, edit))
    caught("round 2")


def test_verdicts_of_a_round_that_never_was(copied: RunPaths, caught: Caught) -> None:
    def edit(lines: list[Line]) -> None:
        lines.insert(-2, _false_verdicts(lines, 9))

    forge(copied, edit, derived(copied, edit))
    caught("round 9")


def test_a_better_accuracy_on_the_test_split(copied: RunPaths, caught: Caught) -> None:
    """The examiner's figure is no fact of the chain: the summary and the journal tell it, and both must agree."""

    def edit(lines: list[Line]) -> None:
        first(lines, "model.evaluated", version=3)["data"]["accuracy_bp"] = 9_990

    forge(copied, edit)
    caught("summary.json")


def test_rounds_under_another_plan_are_compared_by_their_verdicts(copied: RunPaths, tmp_path: Path) -> None:
    """As in a federation that is older than the run: its terms are unknown, but the verdicts' root is on chain."""
    (tmp_path / "scratch").mkdir()
    again = Reexecution(copied, tmp_path / "scratch")
    stream = FactStream(operator_key(7).address, lambda tx, block: "", cid)
    for block in again.blocks():
        list(stream.of_block(block))
    again.close()
    told = [event.data for event in read(copied.journal) if isinstance(event.data, ev.RoundIncluded)]
    store, plan = Store(str(copied.blobs)), LearningPlan.of(load(copied.config))
    other = msgspec.structs.replace(plan, seed=plan.seed + 1)
    assert recompute(stream, other, store, told) == (0, 3)
    assert recompute(stream, plan, store, told) == (3, 0)
    with pytest.raises(MismatchError, match="other verdicts"):
        recompute(stream, other, store, told[:2])
    stream.ledger.rounds[2].verdicts_root = b"\x01" * 32
    with pytest.raises(MismatchError, match="its verdicts have root"):
        recompute(stream, other, store, told)


# --- the chain ---


def test_a_byte_of_a_raw_transaction(copied: RunPaths, caught: Caught) -> None:
    replace(copied.txs, rb'("block":20,.*?"txs":\["0x02f8)(\w{80})(\w)', lambda m: m[1] + m[2] + _other(m[3]))
    caught("txs.jsonl, block 20")


def test_a_signature(copied: RunPaths, caught: Caught) -> None:
    replace(copied.txs, rb'(?<=\w)(\w)"\]\}\n\{"block":31,', lambda m: _other(m[1]) + m[0][1:])
    caught("txs.jsonl, block 30")


@pytest.mark.parametrize("key", [b"hash", b"state_root"])
def test_a_recorded_hash(copied: RunPaths, caught: Caught, key: bytes) -> None:
    replace(copied.txs, rb'("block":12,.*?"%s":"0x)(\w)' % key, lambda m: m[1] + _other(m[2]))
    caught("txs.jsonl, block 12")


def test_a_block_time(copied: RunPaths, caught: Caught) -> None:
    replace(copied.txs, rb'("block":12,"timestamp":\d+)(\d)', lambda m: m[1] + (b"9" if m[2] != b"9" else b"8"))
    caught("txs.jsonl, block")


def test_the_last_blocks_are_gone(copied: RunPaths, caught: Caught) -> None:
    copied.txs.write_bytes(b"".join(copied.txs.read_bytes().splitlines(keepends=True)[:-3]))
    caught("which is not on the chain")


def test_a_block_is_gone(copied: RunPaths, caught: Caught) -> None:
    lines = copied.txs.read_bytes().splitlines(keepends=True)
    copied.txs.write_bytes(b"".join(lines[:9] + lines[10:]))
    caught("txs.jsonl", "line 10")


@pytest.mark.parametrize("content", [b"", b"\n", b"[" * 100_000, b"\xff\xfe{}\n", b'{"block":1}\n'])
def test_the_log_is_rubbish(copied: RunPaths, caught: Caught, content: bytes) -> None:
    copied.txs.write_bytes(content)
    caught("txs.jsonl")


@pytest.mark.parametrize("place", [0, 100, 0.25, 0.5, 0.75, -1, -2_000])
def test_a_byte_of_the_state_file(copied: RunPaths, caught: Caught, place: float) -> None:
    path = copied.chain / "state.sqlite"
    flip(path, int(path.stat().st_size * place) if 0 < place < 1 else int(place))
    caught("state.sqlite")


def test_a_row_of_the_state_file(copied: RunPaths, caught: Caught) -> None:
    """A registry row changed through SQL, by a forger who also clears the recorded hash of the file."""
    path = copied.chain / "state.sqlite"
    with sqlite3.connect(path) as state:
        key, value = state.execute("SELECT k, v FROM kv ORDER BY k LIMIT 1 OFFSET 7").fetchone()
        state.execute("UPDATE kv SET v = ? WHERE k = ?", (bytes([value[0] ^ 1]) + value[1:], key))
    state.close()

    def edit(lines: list[Line]) -> None:
        first(lines, "chain.stopped")["data"]["state_sha256"] = ""

    forge(copied, edit)
    caught("state.sqlite", "table kv")


def test_a_table_of_the_state_file(copied: RunPaths, caught: Caught) -> None:
    path = copied.chain / "state.sqlite"
    with sqlite3.connect(path) as state:
        state.execute("DROP TABLE logs")
    state.close()

    def edit(lines: list[Line]) -> None:
        first(lines, "chain.stopped")["data"]["state_sha256"] = ""

    forge(copied, edit)
    caught("state.sqlite")


def test_the_genesis(copied: RunPaths, caught: Caught) -> None:
    genesis = json.loads(copied.genesis.read_bytes())
    account = next(iter(genesis["alloc"]))
    genesis["alloc"][account]["balance"] = hex(10**25)
    copied.genesis.write_text(json.dumps(genesis))
    caught("genesis.json")


def _other(digit: bytes) -> bytes:
    return b"0" if digit != b"0" else b"1"


def test_the_journal_events_are_those_of_the_copy(finished: Run, copied: RunPaths) -> None:
    assert [event.data for event in read(copied.journal)] == [event.data for event in finished.events]
    assert isinstance(finished.events[0].data, ev.RunStarted)


# --- a run whose engine died between the node's block and the log ---


@pytest.fixture
def behind(copied: RunPaths) -> RunPaths:
    """The copy as its engine would have left it, killed before it logged the node's last block."""
    lines = journal_lines(copied)
    last = max(place for place, line in enumerate(lines) if line["kind"] == "chain.block")
    journal = b"".join((copied.journal / "000001.jsonl").read_bytes().splitlines(keepends=True)[:last])
    (copied.journal / "000001.jsonl").write_bytes(journal)
    records = copied.txs.read_bytes().splitlines(keepends=True)
    copied.txs.write_bytes(b"".join(records[:-1]))
    copied.summary.unlink()
    return copied


def test_the_node_may_be_ahead_of_an_unfinished_run(behind: RunPaths, verifier: Verifier) -> None:
    done = verifier("verify", str(behind.root), folder=behind.root.parent)
    assert done.returncode == 0, done.stderr
    head = len(behind.txs.read_bytes().splitlines())
    assert f"the node stands at block {head}, the log at {head - 1}" in done.stdout


def test_what_the_node_has_below_is_compared_all_the_same(behind: RunPaths, verifier: Verifier) -> None:
    with sqlite3.connect(behind.chain / "state.sqlite") as state:
        state.execute("UPDATE txs SET receipt = replace(receipt, '0x1', '0x0') WHERE block = 4")
    refused(verifier, behind, "state.sqlite", "table txs")
