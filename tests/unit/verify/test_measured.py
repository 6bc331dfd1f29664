"""Where nothing can be measured again, that is said, and a run's own code is never executed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dltui.config.sections import load
from dltui.core import events as ev
from dltui.core.events import Event
from dltui.verify.measured import check
from dltui.verify.report import NOT_CHECKED, Step

EVENTS = [Event(1, "2026-01-01T00:00:00.000Z", ev.ModelEvaluated(version=0, accuracy_bp=1, loss=1.0, samples=9))]


def checked(**flags: str) -> Step:
    def fetch(digest: str) -> bytes:
        raise AssertionError(digest)

    config = load(None, {}, {key.replace("__", "."): value for key, value in flags.items()})
    return check(config, EVENTS, {}, fetch, lambda what, done, of: None)


@pytest.mark.parametrize("key", ["data__dataset", "model__name", "data__partition"])
def test_code_of_the_runs_own_is_not_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    (tmp_path / "their_code.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    monkeypatch.syspath_prepend(tmp_path)
    step = checked(**{key: "their_code:make"})
    assert step.status == NOT_CHECKED and "their_code:make is code of the run's own" in step.text
    assert not (tmp_path / "ran").exists() and "their_code" not in sys.modules


def test_a_data_set_that_is_not_here_is_named(tmp_path: Path) -> None:
    step = checked(data__dataset="cifar10", data__root=str(tmp_path))
    assert step.status == NOT_CHECKED and str(tmp_path / "cifar10.npz") in step.text
    step = checked(data__dataset=str(tmp_path / "mine.npz"))
    assert step.status == NOT_CHECKED and str(tmp_path / "mine.npz") in step.text
