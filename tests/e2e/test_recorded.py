"""Runs that earlier releases recorded (tests/fixtures/recorded): whatever changed since, they stay readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from dltui.core.state.state import State
from dltui.rundir.journal import read
from tests.kits.recorded import HONEST, unpack
from tests.kits.runs import Verifier


@pytest.mark.parametrize("name", HONEST)
def test_a_recorded_run_is_verified(name: str, tmp_path: Path, verifier: Verifier) -> None:
    paths = unpack(name, tmp_path / "runs")
    done = verifier("verify", str(paths.root), folder=tmp_path, runs=paths.root.parent)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{HONEST[name]} rounds recomputed to the same digests and verdicts" in done.stdout


def test_a_version_that_no_round_decided_is_found(tmp_path: Path, verifier: Verifier) -> None:
    """The code of release 0.1.0 let its admin register versions; a run in which it did so was verified."""
    paths = unpack("0.1.0/forged", tmp_path / "runs")
    done = verifier("verify", str(paths.root), folder=tmp_path, runs=paths.root.parent)
    assert done.returncode == 4, done.stdout
    assert "version 3 is registered without a round that a quorum decided" in done.stderr
    assert "verified" not in done.stdout


@pytest.mark.parametrize("words", [("replay", "--no-ui"), ("attach", "--read-only", "--no-ui")])
@pytest.mark.parametrize("name", HONEST)
def test_a_recorded_run_is_told_again(name: str, words: tuple[str, ...], tmp_path: Path, verifier: Verifier) -> None:
    paths = unpack(name, tmp_path / "runs")
    before = {path: path.read_bytes() for path in paths.root.rglob("*") if path.is_file()}
    done = verifier(words[0], str(paths.root), *words[1:], folder=tmp_path, runs=paths.root.parent)
    assert done.returncode == 0, done.stderr
    assert f"run {paths.id} finished {HONEST[name]}/{HONEST[name]} rounds" in done.stdout
    assert {path: path.read_bytes() for path in paths.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", HONEST)
def test_a_recorded_run_is_folded(name: str, tmp_path: Path) -> None:
    paths = unpack(name, tmp_path)
    state = State()
    for event in read(paths.journal):
        state.apply(event)
    assert [found.state for found in state.rounds.values()] == ["finalised"] * HONEST[name]
    assert sorted(state.versions) == list(range(HONEST[name] + 1))
