"""One finished run for all tests that only look at it, and engines that end with their test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dltui.rundir.paths import RunPaths
from tests.kits.runs import Run, Verifier, make
from tests.kits.tamper import Caught, refused


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Five clients, three rounds, to the end. Never changed: tests that tamper work on copies."""
    run = Run(make(tmp_path_factory.mktemp("finished"), run__rounds=3, run__seed=7))
    try:
        run.finish(90)
        yield run
    finally:
        run.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Starts runs in the test's own folder, and ends what is left of them."""
    started: list[Run] = []

    def begin(**flags: Any) -> Run:
        started.append(Run(make(tmp_path / "runs", **flags)))
        return started[-1]

    yield begin
    for run in started:
        run.stop()


@pytest.fixture(scope="session")
def verifier() -> Iterator[Verifier]:
    """The program, many times over, without its start-up time."""
    warm = Verifier()
    yield warm
    warm.close()


@pytest.fixture
def copied(finished: Run, tmp_path: Path) -> RunPaths:
    """A copy of the finished run, under the same id."""
    shutil.copytree(finished.paths.root, tmp_path / finished.paths.id)
    return RunPaths(tmp_path / finished.paths.id)


@pytest.fixture
def caught(copied: RunPaths, verifier: Verifier) -> Caught:
    """Checks that `dltui verify` refuses the copy and says where: each of the names is in its words."""
    return lambda *named: refused(verifier, copied, *named)
