"""A run directory in which a file is not what it should be: one line that names it, soon, and never a traceback."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from dltui.core.sanitize import clean
from dltui.rundir.paths import RunPaths
from tests.kits.runs import Verifier

HOLE = 20 * 10**9


def _socket(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)  # the path itself may be too long for a socket
    try:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def _hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(HOLE)


KINDS: dict[str, Callable[[Path], object]] = {
    "link": lambda path: path.symlink_to("/dev/zero"),
    "pipe": os.mkfifo,
    "folder": Path.mkdir,
    "socket": _socket,
    "hole": _hole,
    "missing": lambda path: None,
    "text": lambda path: path.write_bytes(b'{"\xff\xfe\x00\n' * 1_000),
}
NOT_REGULAR = ("link", "pipe", "folder", "socket")
FILES = (
    "config.toml",
    "run.json",
    "summary.json",
    "lock",
    "journal/000001.jsonl",
    "chain/genesis.json",
    "chain/txs.jsonl",
    "chain/state.sqlite",
    "chain/state.sqlite-wal",
    "chain/state.lock",
    "blobs",
    "keys/demo.json",
    "logs/engine.log",
)
"""Every kind of file of a run; `blobs` stands for one of them."""
NOT_READ = {"lock", "chain/state.lock", "keys/demo.json", "logs/engine.log"}
"""What says nothing to `verify`, so that only what could harm is looked at."""
COMMANDS: dict[str, tuple[str, ...]] = {
    "report": ("--no-verify", "-o", "report.html"),
    "attach": ("--no-ui",),
    "replay": ("--no-ui",),
}


def spoil(paths: RunPaths, name: str, kind: str) -> Path:
    """Put something of this kind in the file's place; returns the place."""
    path = next(path for path in sorted(paths.blobs.rglob("*")) if path.is_file()) if name == "blobs" else None
    path = path or paths.root / name
    path.unlink(missing_ok=True)
    KINDS[kind](path)
    return path


def harmless(name: str, kind: str) -> bool:
    """Whether `verify` has no reason to complain: sqlite passes over a log of writes that is none."""
    if kind in ("link", "pipe", "socket") or (name, kind) == ("lock", "folder"):
        return False
    return name in NOT_READ or (name == "chain/state.sqlite-wal" and kind in ("missing", "text"))


def said(verifier: Verifier, paths: RunPaths, *words: str) -> tuple[int, str]:
    """The exit code and stderr of a command, which ended by itself and without a traceback."""
    done = verifier(*words, folder=paths.root.parent)
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    assert done.returncode in (0, 1, 2, 4, 5), (done.returncode, done.stderr)
    return done.returncode, done.stderr


def check_verify(verifier: Verifier, paths: RunPaths, name: str, kind: str) -> None:
    place = spoil(paths, name, kind)
    code, err = said(verifier, paths, "verify", str(paths.root), "--no-measure")
    if harmless(name, kind):
        assert (code, err) == (5, "")
    elif (name, kind) == ("journal/000001.jsonl", "missing"):
        assert code == 4 and "the journal ends at event 0" in err
    else:
        assert code == 4 and place.name in err, err


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("summary.json", "link"),
        ("run.json", "hole"),
        ("chain/state.sqlite", "hole"),
        ("chain/state.sqlite-wal", "pipe"),
    ],
)
def test_verify_names_the_file(copied: RunPaths, verifier: Verifier, name: str, kind: str) -> None:
    check_verify(verifier, copied, name, kind)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_verify_names_every_file(copied: RunPaths, verifier: Verifier, name: str, kind: str) -> None:
    check_verify(verifier, copied, name, kind)


@pytest.mark.parametrize("kind", NOT_REGULAR)
def test_a_segment_of_the_journal_that_is_no_file_is_named(copied: RunPaths, verifier: Verifier, kind: str) -> None:
    spoil(copied, "journal/000001.jsonl", kind)
    for command in ("attach", "replay", "verify"):
        code, err = said(verifier, copied, command, str(copied.root), *COMMANDS.get(command, ()))
        assert code == 4 and "000001.jsonl" in err
    # A report tells a journal up to its damage, and where that is.
    assert said(verifier, copied, "report", str(copied.root), *COMMANDS["report"])[0] == 0
    assert "000001.jsonl" in (copied.root.parent / "report.html").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", FILES)
def test_no_command_ends_in_a_traceback(copied: RunPaths, verifier: Verifier, name: str, kind: str) -> None:
    place = spoil(copied, name, kind)
    for command, flags in COMMANDS.items():
        code, err = said(verifier, copied, command, str(copied.root), *flags)
        named = place.name in err or (kind == "missing" and (copied.id in err or "the engine ended before" in err))
        assert code == 0 or named, (command, err)
    assert said(verifier, copied, "runs")[0] == 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("lock", "link"),
        ("run.json.tmp", "link"),
        ("logs/engine.log", "pipe"),
        ("keys/demo.json.part", "socket"),
        ("lock", "folder"),
        ("logs/engine.log", "folder"),
        ("keys/demo.json", "folder"),
        ("chain/state.lock", "folder"),
    ],
)
def test_resume_writes_through_no_link(copied: RunPaths, verifier: Verifier, name: str, kind: str) -> None:
    """An engine writes to all of these: through a link it would write to any file of the user, to a folder nothing."""
    copied.summary.unlink()  # else it has finished
    place = spoil(copied, name, kind)
    code, err = said(verifier, copied, "resume", str(copied.root), "--no-ui")
    assert code == 4 and str(place) in err
    assert not copied.summary.exists()


def test_folders_may_be_links_no_more_than_files(copied: RunPaths, verifier: Verifier) -> None:
    shutil.move(copied.blobs, copied.root.parent / "elsewhere")
    copied.blobs.symlink_to(copied.root.parent / "elsewhere")
    code, err = said(verifier, copied, "verify", str(copied.root))
    assert code == 4 and f"{copied.blobs}: is a symbolic link" in err


def test_a_strange_file_is_named(copied: RunPaths, verifier: Verifier) -> None:
    (copied.chain / "state.sqlite-journal\x1b[2J").write_text("")
    done = verifier("verify", str(copied.root), folder=copied.root.parent)
    assert done.returncode == 0, done.stderr
    assert f"no run writes chain/{clean('state.sqlite-journal')}" in done.stdout and "\x1b" not in done.stdout
