"""`run.json`: which engine runs a run, and the configuration that the run goes on with."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec

import dltui
from dltui.config.sections import Config
from dltui.core.events import Event, RunStarted
from dltui.errors import ConfigError, RunError
from dltui.files import write_whole
from dltui.rundir.documents import read_json
from dltui.rundir.journal import timestamp
from dltui.rundir.paths import RunPaths


class RunFields(msgspec.Struct, kw_only=True):
    """The fields of `run.json`."""

    addresses: dict[str, str]
    run: str = ""
    version: str = ""
    pid: int = 0
    started: str = ""
    boot: str = ""
    socket: str = ""
    federation_id: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2})*$")] = ""
    operator: str = ""


def write_run_json(
    paths: RunPaths, socket: Path, addresses: dict[str, str], federation_id: bytes, operator: str
) -> None:
    """Say which engine runs this run, where it listens, whose key is the operator's, and which contracts it uses."""
    document = {
        "run": paths.id,
        "version": dltui.__version__,
        "pid": os.getpid(),
        "started": timestamp(_start_time()),
        "boot": _boot_id(),
        "socket": str(socket),
        "federation_id": federation_id.hex(),
        "operator": operator,
        "addresses": addresses,
    }
    write_whole(paths.run_json, json.dumps(document, indent=1).encode() + b"\n")


def read_run_json(paths: RunPaths) -> dict[str, Any]:
    """Return what `write_run_json` wrote, each field of its type; old ones lack some. Raises RunError."""
    try:
        document = dict(read_json(paths.run_json))
        msgspec.convert(document, RunFields)
        return document
    except (OSError, ValueError, TypeError, msgspec.ValidationError) as error:
        raise RunError("cannot be read", where=str(paths.run_json)) from error


def check_config(config: Config, first: Event, where: str) -> None:
    """Raise `ConfigError` naming a changed key where `config` is not what the run's first event says it began with."""
    now = config.sections()
    try:
        # A key that is newer than the run has its default in both.
        before = msgspec.convert(first.data.config, Config).sections() if isinstance(first.data, RunStarted) else {}
    except msgspec.ValidationError:
        before = {}
    for section in [*now, *(name for name in before if name not in now)]:
        values, old = now.get(section, {}), before.get(section, {})
        for key in [*values, *(name for name in old if name not in values)]:
            if values.get(key) != old.get(key):
                raise ConfigError(
                    f"{section}.{key} is {values.get(key)!r}, and the run began with {old.get(key)!r}",
                    where=where,
                    hint="put it back to resume this run, or start a new one",
                )


def _start_time() -> float:
    proc = Path(f"/proc/{os.getpid()}")
    return proc.stat().st_ctime if proc.is_dir() else time.time()


def _boot_id() -> str:
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text(encoding="ascii").strip() if path.exists() else ""
