"""Rows as files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from dltui.core.export import exported
from dltui.errors import RunError
from dltui.rundir.documents import save

ROWS = [
    {"id": "client-0", "loss": 0.5, "data": {"a": [1]}, "gas": -7},
    {"id": "=HYPERLINK(1)", "loss": None, "data": {}, "gas": 2},
]


def test_both_files_hold_the_rows(tmp_path: Path) -> None:
    table, document = save(exported(ROWS), tmp_path / "exports", "clients-1")
    assert (table.name, document.name) == ("clients-1.csv", "clients-1.json")
    assert json.loads(document.read_text()) == ROWS
    with table.open(newline="") as file:
        read = list(csv.DictReader(file))
    assert read[0] == {"id": "client-0", "loss": "0.5", "data": '{"a": [1]}', "gas": "-7"}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_name_that_is_a_formula_is_text_in_a_spreadsheet(tmp_path: Path, name: str) -> None:
    table, document = save(exported([{"id": name}]), tmp_path, "x")
    with table.open(newline="") as file:
        assert next(csv.DictReader(file))["id"] == f"'{name}"
    assert json.loads(document.read_text()) == [{"id": name}]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    first, _ = save(exported(ROWS), tmp_path, "x")
    before = first.read_bytes()
    second, document = save(exported(ROWS[:1]), tmp_path, "x")
    assert (second.name, document.name) == ("x-2.csv", "x-2.json") and first.read_bytes() == before


def test_text_that_is_no_unicode_is_written_all_the_same(tmp_path: Path) -> None:
    (file,) = save({".csv": "a\ud800b"}, tmp_path, "x")
    assert file.read_text() == "a?b"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="could not be written"):
        save(exported(ROWS), tmp_path / "file", "x")
