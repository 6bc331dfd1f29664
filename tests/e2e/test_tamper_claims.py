"""What configuration, journal, `run.json` and summary claim beside the facts of the chain: a change of it is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from dltui.rundir.paths import RunPaths
from tests.kits.runs import Verifier
from tests.kits.tamper import Caught, Line, derived, first, forge, replace

TRAIN_LEARNING_RATE = rb"learning_rate = 0\.05\b"


def test_a_training_value(copied: RunPaths, caught: Caught) -> None:
    replace(copied.config, TRAIN_LEARNING_RATE, b"learning_rate = 0.06")
    caught("config.toml")


def test_a_training_value_in_the_journal_as_well(copied: RunPaths, caught: Caught) -> None:
    replace(copied.config, TRAIN_LEARNING_RATE, b"learning_rate = 0.06")

    def edit(lines: list[Line]) -> None:
        first(lines, "run.started")["data"]["config"]["training"]["learning_rate"] = 0.06

    forge(copied, edit)
    caught("config.toml", "plan")


@pytest.mark.parametrize(
    ("kind", "field", "value", "named"),
    [
        ("run.started", "seed", 8, "seed"),
        ("run.started", "rounds", 4, "rounds"),
        ("run.started", "run", "abcdef", "run.json"),
        ("chain.ready", "chain_id", 1, "chain id"),
        ("chain.stopped", "blocks", 3, "last block"),
        ("run.finished", "exit_code", 1, "exit code"),
        ("run.finished", "status", "failed", "exit code"),
    ],
)
def test_a_claim_beside_the_facts(
    copied: RunPaths, caught: Caught, kind: str, field: str, value: object, named: str
) -> None:
    def edit(lines: list[Line]) -> None:
        first(lines, kind)["data"][field] = value

    forge(copied, edit, derived(copied, edit))
    caught(named)


def test_a_run_that_is_told_done_has_its_rounds(copied: RunPaths, caught: Caught) -> None:
    replace(copied.config, rb"rounds = 3\b", b"rounds = 4")

    def edit(lines: list[Line]) -> None:
        began = lines[0]["data"]
        began["rounds"] = began["config"]["run"]["rounds"] = 4

    forge(copied, edit, derived(copied, edit))
    caught("3 of 4 rounds")


@pytest.mark.parametrize(
    "edit",
    [
        lambda told: told["addresses"].update(FLContract=told["addresses"]["DataRegistry"]),
        lambda told: told["addresses"].clear(),
        lambda told: told.update(federation_id="ab" * 32),
        lambda told: told.update(operator="0x" + "12" * 20),
        lambda told: told.update(run="abcdef"),
    ],
    ids=["swapped", "none", "federation", "operator", "run"],
)
def test_what_run_json_says(copied: RunPaths, caught: Caught, edit: Callable[[dict[str, Any]], None]) -> None:
    told = json.loads(copied.run_json.read_bytes())
    edit(told)
    copied.run_json.write_text(json.dumps(told))
    caught("run.json")


def test_a_field_that_run_json_never_had(copied: RunPaths, verifier: Verifier) -> None:
    told = json.loads(copied.run_json.read_bytes())
    copied.run_json.write_text(json.dumps({**told, "approved_by": "everybody"}))
    done = verifier("verify", str(copied.root), "--json", folder=copied.root.parent)
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (4, "")
    assert (document["outcome"], document["exit_code"]) == ("mismatch", 4)
    last = document["steps"][-1]
    assert (last["status"], last["name"]) == ("mismatch", str(copied.run_json))
    assert last["text"] == "has the unknown field approved_by"


def test_run_json_is_gone(copied: RunPaths, caught: Caught) -> None:
    copied.run_json.unlink()
    caught("run.json")


@pytest.mark.parametrize("pointer", ["versions.3.test_accuracy_bp", "gas.gas", "status", "time.1.training", "seed"])
def test_a_figure_of_the_summary(copied: RunPaths, caught: Caught, pointer: str) -> None:
    told = json.loads(copied.summary.read_bytes())
    at: Any = told
    *way, last = pointer.split(".")
    for step in way:
        at = at[int(step) if step.isdigit() else step]
    at[last] = "failed" if isinstance(at[last], str) else 9_876
    copied.summary.write_text(json.dumps(told))
    caught("summary.json")


def test_a_figure_that_the_summary_never_had(copied: RunPaths, caught: Caught) -> None:
    told = json.loads(copied.summary.read_bytes())
    copied.summary.write_text(json.dumps({**told, "best_accuracy_bp": 10_000}))
    caught("summary.json", "best_accuracy_bp")


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000, b'{"journal": 1}', b"\xff"])
def test_the_summary_is_rubbish(copied: RunPaths, caught: Caught, content: bytes) -> None:
    copied.summary.write_bytes(content)
    caught("summary.json")
