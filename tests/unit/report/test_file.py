from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from dltui.errors import RunError
from dltui.report import verification
from dltui.report.file import write_report
from dltui.report.verification import verify
from dltui.rundir.paths import RunPaths
from tests.kits.report import Page

STORY = Path(__file__).parents[2] / "fixtures" / "runs" / "story"


def answer(monkeypatch: pytest.MonkeyPatch, folder: Path, code: int, out: str = "", err: str = "") -> None:
    """What `dltui verify` says and returns: a program in its place prints it if it is called as such."""
    (folder / "out").write_text(out)
    (folder / "err").write_text(err)
    program = folder / "program"
    ending = f"kill -{-code} $$" if code < 0 else f"exit {code}"
    program.write_text(
        f'#!/bin/sh\n[ "$1 $2 $3" = "-m dltui verify" ] || exit 99\ncat {folder}/out; cat {folder}/err >&2; {ending}\n'
    )
    program.chmod(0o700)
    monkeypatch.setattr(verification.sys, "executable", str(program))


@pytest.mark.parametrize(
    ("code", "out", "err", "outcome", "lines"),
    [
        (0, "  chain     61 blocks\nrun x: verified\n", "", "verified", ("chain 61 blocks", "run x: verified")),
        (5, "  chain 61\nrun x: NOT CHECKED: a\n", "", "partly checked", ("run x: NOT CHECKED: a", "chain 61")),
        (4, "  journal   9\n", "error: \x1b[2Jblob: differs\n", "mismatch", ("error: blob: differs", "journal 9")),
        (1, "", "error: x: an engine still runs it\n", "not run", ("error: x: an engine still runs it",)),
        (-9, "", "", "not run", ("it ended with code -9",)),
    ],
)  # fmt: skip
def test_what_the_verification_came_to(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    code: int,
    out: str,
    err: str,
    outcome: str,
    lines: tuple[str, ...],
) -> None:
    answer(monkeypatch, tmp_path, code, out, err)
    heard: list[str] = []
    checked = verify(STORY, heard.append)
    assert (checked.outcome, checked.lines) == (outcome, lines)
    assert heard == [" ".join(line.split()) for line in out.splitlines()]


def test_a_verification_that_does_not_end_counts_as_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    answer(monkeypatch, tmp_path, 0, "  chain\n")
    (tmp_path / "program").write_text("#!/bin/sh\necho '  chain'\nexec sleep 600\n")
    monkeypatch.setattr(verification, "SECONDS", 0.2)
    checked = verify(STORY)
    assert (checked.outcome, checked.lines) == ("not run", ("it ended with code -9",))


def test_a_run_that_has_only_a_journal_is_a_mismatch_by_the_real_program(tmp_path: Path) -> None:
    shutil.copytree(STORY, tmp_path / "story")
    said: list[str] = []
    outcome = write_report(RunPaths(tmp_path / "story"), tmp_path / "r.html", with_verification=True, say=said.append)
    assert outcome == "mismatch" and said[-1].endswith("r.html: ✖ mismatch")
    assert "summary is missing" in Page((tmp_path / "r.html").read_text(encoding="utf-8")).text


def test_the_file_is_where_it_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    paths = RunPaths(STORY)
    assert write_report(paths, None, with_verification=False, say=lambda text: None) == "not run"
    page = (tmp_path / "report-story.html").read_text(encoding="utf-8")
    write_report(paths, Path("-"), with_verification=False, say=lambda text: None)
    assert capsys.readouterr().out == page
    with pytest.raises(RunError, match=r"cannot be written \(No such file"):
        write_report(paths, tmp_path / "no" / "r.html", with_verification=False, say=lambda text: None)


def test_there_is_no_report_on_nothing(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no journal to report on"):
        write_report(RunPaths(tmp_path), None, with_verification=False, say=lambda text: None)


def test_the_report_imports_neither_chain_nor_learning_nor_screen() -> None:
    code = "import sys, dltui.report.file; print({'web3', 'torch', 'textual', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "set()"
