from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from dltui.errors import ConfigError, RunError
from dltui.rundir import paths
from dltui.rundir.paths import RunPaths, all_runs, find_run, runs_dir, socket_path


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DLTUI_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


def made(runs: Path, name: str, at: float) -> Path:
    created = RunPaths(runs / name).create()
    created.config.write_text("")
    os.utime(created.config, (at, at))
    return created.root


def test_runs_lie_where_the_environment_says_or_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLTUI_RUNS", "/data/runs")
    assert runs_dir() == Path("/data/runs")
    monkeypatch.setenv("DLTUI_RUNS", "")
    assert runs_dir() == Path("runs")


def test_a_run_directory_and_its_keys(runs: Path) -> None:
    created = RunPaths(runs / "7f3a91").create().create()
    assert created.id == "7f3a91"
    for folder in (created.root, created.journal, created.chain, created.blobs, created.logs, created.keys):
        assert folder.is_dir() and stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert created.txs.parent == created.genesis.parent == created.chain


def test_a_folder_that_cannot_be_made_is_an_error_for_people(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"cannot be made .* set DLTUI_RUNS"):
        RunPaths(tmp_path / "file" / "x").create()


def test_a_run_is_found_by_id_prefix_path_or_age(runs: Path) -> None:
    first, second = made(runs, "7f3a91", 100.0), made(runs, "7f9999", 200.0)
    made(runs, "7f", 50.0)
    (runs / "no run").mkdir()
    assert find_run().root == second
    assert find_run("7f3").root == first
    assert find_run("7f").root == runs / "7f"
    assert find_run(str(first)).root == first
    assert [run.id for run in all_runs()] == ["7f", "7f3a91", "7f9999"]


def test_errors_of_finding_name_the_choices(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RunError, match="no runs yet - start one with `dltui`"):
        find_run("x")
    made(runs, "aa11", 1.0)
    made(runs, "aa22", 2.0)
    with pytest.raises(RunError, match="'aa' fits several runs - aa11, aa22"):
        find_run("aa")
    with pytest.raises(RunError, match="no run 'b' - the newest are aa11, aa22"):
        find_run("b")
    with pytest.raises(RunError, match="no run"):
        find_run("../../etc")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (os.mkfifo, "is a pipe, no run directory"),
        (Path.touch, "is a file, no run directory"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device, no run directory"),
        (Path.mkdir, "is a folder in which no run is"),
    ],
    ids=["pipe", "file", "device", "folder"],
)
def test_a_path_that_is_no_run_directory_is_named(
    runs: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], said: str
) -> None:
    made(runs, "aa11", 1.0)
    place = runs.parent / "other"
    make(place)
    monkeypatch.chdir(runs.parent)
    for ref in (str(place), "./other", "other"):
        with pytest.raises(ConfigError, match=said) as refused:
            find_run(ref)
        assert refused.value.where.endswith("other")


def test_the_socket_lies_in_a_folder_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    path = socket_path(tmp_path / "runs" / "a")
    assert path.parent == tmp_path / "dltui" or path.parent.parent == Path("/tmp")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert path == socket_path(tmp_path / "runs" / "a")
    assert path.name != socket_path(tmp_path / "runs" / "b").name


def test_a_long_folder_gives_a_short_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    assert len(os.fsencode(socket_path(tmp_path))) <= paths.MAX_SOCKET_BYTES


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    short = Path("/tmp") / f"dltest-{os.getpid()}"
    short.mkdir(mode=0o700)
    try:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(short))
        (short / "dltui").mkdir()
        (short / "dltui").chmod(0o755)
        with pytest.raises(RunError, match="not a folder of yours alone"):
            socket_path(tmp_path)
        (short / "dltui").rmdir()
        (short / "other").mkdir(mode=0o700)
        (short / "dltui").symlink_to(short / "other")
        with pytest.raises(RunError, match="not a folder of yours alone"):
            socket_path(tmp_path)
    finally:
        for path in (short / "dltui", short / "other"):
            if path.is_symlink():
                path.unlink()
            elif path.is_dir():
                path.rmdir()
        short.rmdir()
