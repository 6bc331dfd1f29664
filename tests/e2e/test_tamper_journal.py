"""What the journal alone tells, rewritten together with every hash and the summary: what can be recomputed is named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dltui.rundir.paths import RunPaths
from tests.kits.runs import Verifier
from tests.kits.tamper import Caught, Line, derived, first, forge

Edit = Callable[[list[Line]], None]


def changed(kind: str, field: str, value: object, **fields: Any) -> Edit:
    """The first event of a kind tells something else."""
    return lambda lines: first(lines, kind, **fields)["data"].update({field: value})


def at(kind: str, ts: str) -> Edit:
    """The first event of a kind is told at another time."""
    return lambda lines: first(lines, kind).update(ts=ts)


def _all_later(lines: list[Line]) -> None:
    for line in lines:
        line["ts"] = line["ts"].replace("202", "212", 1)


def _all_earlier(lines: list[Line]) -> None:
    for line in lines:
        line["ts"] = line["ts"].replace("202", "192", 1)


def _after_the_end(lines: list[Line]) -> None:
    lines.append({**copy.deepcopy(first(lines, "client.progress")), "ts": lines[-1]["ts"]})


def _begun_twice(lines: list[Line]) -> None:
    lines.insert(5, copy.deepcopy(lines[0]) | {"ts": lines[5]["ts"]})


def _unknown_kind(lines: list[Line]) -> None:
    lines.insert(9, {**lines[9], "kind": "model.praised", "data": {"version": 3}})


def _measured_twice(lines: list[Line]) -> None:
    lines.insert(-2, {**copy.deepcopy(first(lines, "model.evaluated", version=2)), "ts": lines[-2]["ts"]})


def _node_comes_late(lines: list[Line]) -> None:
    lines.remove(ready := first(lines, "chain.ready"))
    opened = lines.index(first(lines, "round.opened"))
    lines.insert(opened, {**ready, "ts": lines[opened]["ts"]})


def _nested(lines: list[Line]) -> None:
    first(lines, "round.included", round=2)["data"]["verdicts"][0]["bonus"] = 5


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (at("round.reporting", "2020-01-01T00:00:00.000Z"), "the time goes back"),
        (at("round.reporting", "2026-02-31T00:00:00.000Z"), "is no time"),
        (_all_later, "after its first block"),
        (_all_earlier, "before its first block"),
        (_after_the_end, "follows run.finished"),
        (_begun_twice, "begins with run.started"),
        (_unknown_kind, "unknown kind model.praised"),
        (changed("model.evaluated", "stars", 5), "unknown field stars"),
        (_nested, "unknown field bonus"),
        (changed("run.started", "version", "newest"), "no version"),
        (changed("chain.ready", "engine", "anvil"), "engine"),
        (changed("chain.starting", "engine", "url"), "engine"),
        (lambda lines: lines.remove(first(lines, "chain.ready")), "no chain.ready"),
        (changed("chain.ready", "url", "http://203.0.113.7:8545"), "the node's address"),
        (_node_comes_late, "before its node was ready"),
        (_measured_twice, "a second time"),
        (changed("client.ready", "train", 9_999), "committed to"),
        (changed("client.spawned", "address", "0x" + "12" * 20), "the address of client-"),
    ],
    ids=[
        "back",
        "no-time",
        "later",
        "earlier",
        "after-the-end",
        "twice",
        "kind",
        "field",
        "nested",
        "version",
        "engine",
        "starting",
        "no-node",
        "address",
        "late-node",
        "measured-twice",
        "records",
        "spawned",
    ],
)
def test_what_the_journal_tells_of_itself(copied: RunPaths, caught: Caught, edit: Edit, named: str) -> None:
    forge(copied, edit, derived(copied, edit))
    caught(named)


@pytest.mark.parametrize(
    ("edit", "named"),
    [
        (changed("model.evaluated", "accuracy_bp", 9_990, version=3), "the test accuracy of version 3 is told 9990"),
        (changed("data.described", "sha256", "ab" * 32), "its SHA-256"),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in (
                (changed("model.evaluated", "loss", 0.0001, version=2), "the test loss of version 2"),
                (changed("model.evaluated", "loss", None, version=2), "the test loss of version 2"),
                (changed("model.evaluated", "samples", 60_000, version=1), "the number of test records"),
                (changed("model.evaluated", "version", 7, version=1), "of version 7 before that was published"),
                (changed("data.described", "records", 70_000), "its records"),
                (changed("model.described", "parameters", 10**9), "its parameters"),
                (changed("client.ready", "held_out", 9_999), "the records of client-"),
            )
        ),
    ],
)
def test_what_was_measured(copied: RunPaths, caught: Caught, edit: Edit, named: str) -> None:
    forge(copied, edit, derived(copied, edit))
    caught(named)


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        ("model.evaluated", {"version": 2}, "the test accuracy of version 2"),
        ("data.described", {}, "does not tell the data"),
        ("model.described", {}, "does not tell the model"),
        ("chain.stopped", {}, "does not tell the end of its node"),
    ],
)
def test_what_is_taken_out_is_not_told_as_checked(
    copied: RunPaths, verifier: Verifier, kind: str, fields: dict[str, Any], named: str
) -> None:
    def edit(lines: list[Line]) -> None:
        lines.remove(first(lines, kind, **fields))

    forge(copied, edit, derived(copied, edit))
    done = verifier("verify", str(copied.root), folder=copied.root.parent)
    assert done.returncode == 5 and "NOT CHECKED: untold; no mismatch" in done.stdout, done.stderr
    assert named in done.stdout


def test_events_of_a_newer_version_are_not_checked(copied: RunPaths, verifier: Verifier) -> None:
    def edit(lines: list[Line]) -> None:
        lines[0]["data"]["version"] = "99.1.0"
        _unknown_kind(lines)

    forge(copied, edit, derived(copied, edit))
    done = verifier("verify", str(copied.root), folder=copied.root.parent)
    assert done.returncode == 5 and "NOT CHECKED: newer events; no mismatch" in done.stdout, done.stderr


def test_what_is_not_measured_again_is_said(copied: RunPaths, verifier: Verifier, tmp_path: Path) -> None:
    done = verifier("verify", str(copied.root), "--no-measure", folder=tmp_path)
    assert done.returncode == 5 and "NOT CHECKED: accuracy; no mismatch" in done.stdout, done.stderr


@pytest.mark.parametrize("document", ["summary", "run_json"])
def test_a_key_that_is_there_twice(copied: RunPaths, caught: Caught, document: str) -> None:
    path = getattr(copied, document)
    text = path.read_text()
    path.write_text(text.replace("{", '{"run": "abcdef",', 1))
    caught(path.name)


def test_a_run_that_was_stopped_and_resumed_goes_on_after_its_end(copied: RunPaths, verifier: Verifier) -> None:
    def edit(lines: list[Line]) -> None:
        end = copy.deepcopy(lines[-1])
        resumed = {**end, "kind": "run.resumed", "data": {"by": "engine"}}
        lines[-1]["data"].update(status="stopped")
        lines += [resumed, end]

    forge(copied, edit, derived(copied, edit))
    done = verifier("verify", str(copied.root), "--no-measure", folder=copied.root.parent)
    assert "no mismatch in the rest" in done.stdout, done.stderr
