"""Every contract fits on a chain, and what the page says of their sizes is so."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from dltui import exits
from dltui.chain.contracts import sizes
from dltui.cli.contracts import app
from dltui.errors import ChainError
from dltui.resources import top


def test_every_contract_fits_and_none_has_reached_the_alarm() -> None:
    found = sizes.sizes()
    assert sorted(found) == ["DataRegistry", "FLContract", "ModelRegistry"]
    assert sizes.warnings(found) == []


def test_a_contract_is_called_large_and_then_too_large() -> None:
    assert sizes.warnings({"A": sizes.ALARM - 1, "B": sizes.ALARM}) == [
        "B has 23,500 bytes of code: only 1,076 are left"
    ]
    assert sizes.warnings({"A": sizes.LIMIT}) == ["A has 24,576 bytes of code: only 0 are left"]
    with pytest.raises(ChainError, match="A has 24,577 bytes of code, and a chain takes at most 24,576"):
        sizes.warnings({"A": sizes.LIMIT + 1})


def test_the_command_prints_the_table_of_the_page() -> None:
    done = CliRunner().invoke(app, ["sizes"])
    assert (done.exit_code, done.stderr) == (exits.OK, "")
    assert done.stdout == sizes.table(sizes.sizes()) + "\n"
    assert done.stdout in (top("contracts").parent / "docs" / "chain.md").read_text()


def test_the_command_fails_for_a_contract_that_no_chain_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizes, "sizes", lambda: {"FLContract": 24_577, "DataRegistry": 23_501})
    done = CliRunner().invoke(app, ["sizes"])
    assert done.exit_code == ChainError("").exit_code != exits.OK
    assert "| `FLContract` | 24,577 | 100.0% |" in done.stdout
    assert "error: FLContract has 24,577 bytes" in done.stderr
    monkeypatch.setattr(sizes, "sizes", lambda: {"FLContract": 23_501})
    done = CliRunner().invoke(app, ["sizes"])
    assert (done.exit_code, done.stderr) == (
        exits.OK,
        "warning: FLContract has 23,501 bytes of code: only 1,075 are left\n",
    )
