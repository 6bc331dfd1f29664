"""Lists of a run that has no engine: rows of its journal, for people and for programs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dltui.cli.main import app

RUNS = Path(__file__).parents[2] / "fixtures" / "runs"


def dltui(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200", "TERM": "dumb"})


def rows(kind: str, run: str = "story") -> list[dict[str, object]]:
    done = dltui(kind, "list", "--json", "--run", str(RUNS / run))
    assert done.exit_code == 0, done.output
    found: list[dict[str, object]] = json.loads(done.stdout)
    return found


def test_lists_agree_with_each_other() -> None:
    clients, rounds, txs = rows("client"), rows("round"), rows("tx")
    assert {row["sender"] for row in txs} == {"operator", *(row["id"] for row in clients if row["txs"])}
    assert sum(int(str(row["gas_used"])) for row in txs if row["round"] == 1) == rounds[0]["gas"]
    assert [row["round"] for row in rounds] == list(range(1, len(rounds) + 1))
    finalised = [row["version"] for row in rounds if row["state"] == "finalised"]
    assert finalised == [row["version"] for row in rows("model")][1:]


@pytest.mark.parametrize("kind", ["client", "round", "tx"])
def test_tables_have_a_line_a_row(kind: str) -> None:
    done = dltui(kind, "list", "--run", str(RUNS / "story"))
    assert done.exit_code == 0, done.output
    assert len(done.stdout.splitlines()) == 1 + len(rows(kind))


def test_a_process_that_is_gone_has_a_dash_and_an_accuracy_says_who_measured_it() -> None:
    assert rows("client", "tour")[0]["pid"] is None
    clients, rounds = (dltui(kind, "list", "--run", str(RUNS / "tour")).stdout for kind in ("client", "round"))
    assert "None" not in clients
    assert "committee" in rounds.splitlines()[0] and "accuracy" not in rounds


def test_a_run_without_an_end_shows_what_it_has_come_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(RUNS / "story", tmp_path / "abc123")
    (tmp_path / "abc123" / "summary.json").unlink(missing_ok=True)
    (tmp_path / "abc123" / "config.toml").touch()
    monkeypatch.setenv("DLTUI_RUNS", str(tmp_path))
    line = dltui("runs").stdout.splitlines()[1]
    finalised = sum(row["state"] == "finalised" for row in rows("round"))
    assert line.startswith("abc123") and "unfinished: dltui resume abc123" in line
    assert f" {finalised}/" in line and " - " not in line
    segment = tmp_path / "abc123" / "journal" / "000001.jsonl"
    segment.write_bytes(segment.read_bytes().replace(b"run.started", b"run.startet", 1))
    assert "its journal is damaged" in dltui("runs").stdout
