"""Starting an engine for a new run, or again for an old one, without importing any of it."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
from pathlib import Path

from dltui import exits
from dltui.config.sections import Config, to_toml
from dltui.core import refusal
from dltui.core.sanitize import clean
from dltui.errors import DltuiError, MismatchError, RunError
from dltui.files import check_tree, open_regular, owner_only
from dltui.learning.data.catalog import file_of
from dltui.rundir.paths import PIPES, RunPaths, runs_dir

LINE_BYTES = 8_192
"""How much of the end of an engine's log is searched for its last line."""


def create_run(config: Config) -> RunPaths:
    """Make the directory of a new run, with its configuration frozen in it. Raises ConfigError if that fails.

    Data that are not there are refused before anything is started.
    """
    file_of(config.data.dataset, config.data.root)
    while True:
        paths = RunPaths(runs_dir() / secrets.token_hex(3))
        if not paths.root.exists():
            break
    paths.create()
    with open(paths.config, "w", encoding="utf-8", opener=owner_only) as file:
        file.write(to_toml(config))
    return paths


def start_engine(paths: RunPaths, password: str | None = None, held: bool = False) -> subprocess.Popen[bytes]:
    """Start the engine in a session of its own: closing the terminal does nothing to it.

    One that is `held` waits, once its chain is there, for the screen on which its walkthrough is read.

    The keystore's `password` goes to it through its stdin, and is in nobody's arguments or environment. Through its
    stdout it tells why it does not begin, see `engine_failure`. Raises
    MismatchError if something in the directory is neither a folder nor a file, since the engine would write through a
    link, or if a folder is in the place of a file that it writes.
    """
    check_tree(paths.root, PIPES)
    inside = (path for folder in (paths.chain, paths.logs, paths.keys) for path in folder.glob("*"))
    for path in (paths.lock, paths.run_json, paths.summary, *inside):
        if path.is_dir():
            raise MismatchError("is a folder, a regular file is expected", where=str(path))
    paths.create()
    environment = {key: value for key, value in os.environ.items() if key != "DLTUI_PASSWORD"}
    with open(paths.logs / "engine.log", "ab", opener=owner_only) as log:
        engine = subprocess.Popen(
            [sys.executable, "-m", "dltui.engine", str(paths.root.resolve()), *(["--held"] if held else [])],
            stdin=subprocess.DEVNULL if password is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            env={**environment, "PYTHONUNBUFFERED": "1"},
        )
    if engine.stdin is not None:
        # An engine that ended at once says why in its log.
        with contextlib.suppress(BrokenPipeError), engine.stdin as pipe:
            pipe.write((password or "").encode())
    return engine


def engine_failure(engine: subprocess.Popen[bytes], paths: RunPaths) -> DltuiError | None:
    """Return why the engine ended without a word in the journal, or None while it runs."""
    code = engine.poll()
    if code is None:
        return None
    assert engine.stdout is not None
    if (refused := refusal.decode(engine.stdout.read(refusal.MAX_BYTES))) is not None:
        _tidy()
        return refused.error()
    log = paths.logs / "engine.log"
    said = _last_line(log) or f"the engine ended with code {code}"
    error = RunError(said, where=paths.id, hint=f"its log: {log}")
    error.exit_code = code if code > 0 else exits.FAILED
    return error


def _tidy() -> None:
    """The folder of all runs goes with the only run that was refused, unless it was named."""
    if "DLTUI_RUNS" not in os.environ:
        with contextlib.suppress(OSError):
            runs_dir().rmdir()


def _last_line(log: Path) -> str:
    try:
        with open_regular(log) as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - LINE_BYTES))
            lines = file.read(LINE_BYTES).decode("utf-8", "replace").strip().splitlines()
    except FileNotFoundError:
        return ""
    return clean(lines[-1]) if lines else ""
