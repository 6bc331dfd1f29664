"""Starting an engine for a new run, or again for an old one, without importing any of it."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

from dltui import exits
from dltui.config import Config, to_toml
from dltui.errors import ConfigError, DltuiError, RunError
from dltui.paths import RunPaths, runs_dir


def create_run(config: Config) -> RunPaths:
    """Make the directory of a new run, with its configuration frozen in it. Raises ConfigError where that fails."""
    check_dataset(config)
    while True:
        paths = RunPaths(runs_dir() / secrets.token_hex(3))
        if not paths.root.exists():
            break
    paths.create()
    paths.config.write_text(to_toml(config), encoding="utf-8")
    return paths


def check_dataset(config: Config) -> None:
    """Refuse a data file that is not there before anything is started."""
    name = config.data.dataset
    if name.endswith(".npz") and not Path(name).expanduser().is_file():
        raise ConfigError(
            "no such data file",
            where=name,
            hint="put it there, or use mnist10k, which ships with dltui and needs no file",
        )


def start_engine(paths: RunPaths) -> subprocess.Popen[bytes]:
    """Start the engine in a session of its own: closing the terminal does nothing to it."""
    with open(paths.logs / "engine.log", "ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dltui.engine", str(paths.root.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )


def engine_failure(engine: subprocess.Popen[bytes], paths: RunPaths) -> DltuiError | None:
    """Why the engine ended without a word in the journal, or None while it runs."""
    code = engine.poll()
    if code is None:
        return None
    log = paths.logs / "engine.log"
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() if log.exists() else []
    said = lines[-1] if lines else f"the engine ended with code {code}"
    error = RunError(said, where=paths.id, hint=f"its log: {log}")
    error.exit_code = code if code > 0 else exits.FAILED
    return error
