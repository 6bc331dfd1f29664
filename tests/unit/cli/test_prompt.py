"""`dltui console` as a program: where code comes from, and what its errors say. The chain is not asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dltui.cli import namespace, prompt
from dltui.cli.main import app
from dltui.errors import RunError
from dltui.rundir.paths import RunPaths


def refuse() -> None:
    raise RunError("has finished", where="7f3a91", hint="replay it")


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run whose prompt knows `x` and `refuse`."""

    @contextmanager
    def opened(paths: RunPaths, signing: bool, progress: object) -> Iterator[tuple[dict[str, Any], str]]:
        yield {"x": 1, "refuse": refuse, "signing": signing}, ""

    monkeypatch.setattr(namespace, "opened", opened)
    monkeypatch.setenv("DLTUI_RUNS", str(tmp_path))
    RunPaths(tmp_path / "7f3a91").create()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["-c", "x = 1\nx.y"], 1, "error: -c, line 2: AttributeError: 'int' object has no attribute 'y'\n"),
        (["-c", "x ="], 1, "error: -c, line 1: SyntaxError: invalid syntax (-c, line 1)\n"),
        (["-c", "refuse()"], 1, "error: 7f3a91: has finished\n  try: replay it\n"),
        (["-c", "raise SystemExit(7)"], 7, ""),
        (["-c", "raise SystemExit('no')"], 1, "no\n"),
        (["--as", "admin"], 2, "error: --as: nobody signs as 'admin'\n  try: --as operator\n"),
        (["nope", "-c", ""], 1, "no run 'nope'"),
    ],
)
def test_errors_are_one_line_and_have_a_code(words: list[str], code: int, said: str) -> None:
    done = CliRunner().invoke(app, ["console", *words])
    assert done.exit_code == code and done.stdout == "" and said in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [[], ["-c", "-"]])
def test_a_script_comes_through_a_pipe(words: list[str]) -> None:
    done = CliRunner().invoke(app, ["console", *words], input="for n in range(2):\n    print(x + n)\nprint(signing)\n")
    assert (done.exit_code, done.stdout) == (0, "1\n2\nFalse\n")
    failed = CliRunner().invoke(app, ["console", *words], input="\n\n1 / 0")
    assert failed.stderr == "error: stdin, line 3: ZeroDivisionError: division by zero\n"


def test_the_prompt_tells_our_errors_in_a_line_and_others_as_python_does(capsys: pytest.CaptureFixture[str]) -> None:
    shell = prompt.interpreter({"x": 1, "refuse": refuse})
    assert not shell.push("print(x + 1)") and not shell.push("refuse()")
    told = capsys.readouterr()
    assert (told.out, told.err) == ("2\n", "error: 7f3a91: has finished\n  try: replay it\n")
    shell.push("1 / 0")
    assert "Traceback" in capsys.readouterr().err
