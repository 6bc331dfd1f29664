from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from report_run import Page

from dltui.errors import RunError
from dltui.paths import RunPaths
from dltui.report import verification
from dltui.report.file import write_report
from dltui.report.verification import verify

STORY = Path(__file__).parent.parent / "fixtures" / "runs" / "story"


def answer(monkeypatch: pytest.MonkeyPatch, code: int, out: str = "", err: str = "") -> None:
    """What `dltui verify` says and returns."""

    def run(command: list[str], **kwargs: Any) -> subprocess.CompletedProcess[str]:
        assert command[1:4] == ["-m", "dltui", "verify"]
        return subprocess.CompletedProcess(command, code, out, err)

    monkeypatch.setattr(verification.subprocess, "run", run)


@pytest.mark.parametrize(
    ("code", "out", "err", "outcome", "lines"),
    [
        (0, "  chain     61 blocks\nrun x: verified\n", "", "verified", ("chain 61 blocks", "run x: verified")),
        (4, "  journal   9\n", "error: \x1b[2Jblob: differs\n", "mismatch", ("error: blob: differs", "journal 9")),
        (1, "", "error: x: an engine still runs it\n", "not run", ("error: x: an engine still runs it",)),
        (-9, "", "", "not run", ("it ended with code -9",)),
    ],
)  # fmt: skip
def test_what_the_verification_came_to(
    monkeypatch: pytest.MonkeyPatch, code: int, out: str, err: str, outcome: str, lines: tuple[str, ...]
) -> None:
    answer(monkeypatch, code, out, err)
    checked = verify(STORY)
    assert (checked.outcome, checked.lines) == (outcome, lines)


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
