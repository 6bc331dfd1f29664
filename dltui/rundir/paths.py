"""Where things are: run directories, the control socket, files that ship with the program."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from dltui.errors import ConfigError, RunError
from dltui.files import kind_of

PIPES = ("evaluator.fifo", "examiner.fifo")
"""Names of the pipe that an engine makes in a run directory while it lives: this version and earlier ones."""
MAX_SOCKET_BYTES = 100
"""Unix sockets take at most 107 bytes of path; some systems fewer."""


def runs_dir() -> Path:
    """Return the folder of all runs: `DLTUI_RUNS`, or `runs` in the present folder."""
    return Path(os.environ.get("DLTUI_RUNS") or "runs")


@dataclass(frozen=True)
class RunPaths:
    """The parts of one run directory."""

    root: Path

    @property
    def id(self) -> str:
        """The run's id: the name of its directory."""
        return self.root.resolve().name

    @property
    def config(self) -> Path:
        """The effective configuration, frozen at the start."""
        return self.root / "config.toml"

    @property
    def run_json(self) -> Path:
        """The engine's process, socket and contract addresses."""
        return self.root / "run.json"

    @property
    def journal(self) -> Path:
        """The folder of journal segments."""
        return self.root / "journal"

    @property
    def chain(self) -> Path:
        """The node's folder."""
        return self.root / "chain"

    @property
    def txs(self) -> Path:
        """Every raw signed transaction, block by block."""
        return self.chain / "txs.jsonl"

    @property
    def genesis(self) -> Path:
        """The chain's first state."""
        return self.chain / "genesis.json"

    @property
    def blobs(self) -> Path:
        """Model and update bytes by their digest."""
        return self.root / "blobs"

    @property
    def keys(self) -> Path:
        """Key files; only the owner may enter."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """One log file a process."""
        return self.root / "logs"

    @property
    def summary(self) -> Path:
        """What the run came to, with the journal's last hash."""
        return self.root / "summary.json"

    @property
    def lock(self) -> Path:
        """Held by the one engine of this run."""
        return self.root / "lock"

    def create(self) -> RunPaths:
        """Make the run's folders, which only the owner may enter (existing ones stay), and return itself.

        Raises ConfigError if that fails.
        """
        try:
            for folder in (self.root, self.journal, self.chain, self.blobs, self.logs, self.keys):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(
                f"the run directory cannot be made ({error.strerror})",
                where=str(self.root),
                hint="set DLTUI_RUNS to a folder that you may write to",
            ) from error
        return self


def all_runs() -> list[RunPaths]:
    """Return the runs in the runs folder, the newest last."""
    folder = runs_dir()
    found = sorted((path for path in folder.iterdir() if _is_run(path)), key=_started) if folder.is_dir() else []
    return [RunPaths(path) for path in found]


def find_run(ref: str | None = None) -> RunPaths:
    """Return the run that `ref` names: an id, a unique prefix of one, a path, or None for the newest.

    Raises RunError if there is none, or more than one; ConfigError if it is the path of something else.
    """
    if ref and (os.sep in ref or ref in (".", "..")) and (there := _run_at(Path(ref))) is not None:
        return there
    folder = runs_dir()
    runs = [paths.root for paths in all_runs()]
    if not runs:
        raise RunError("no runs yet", where=str(folder), hint="start one with `dltui` or `dltui demo`")
    if ref is None:
        return RunPaths(runs[-1])
    found = [path for path in runs if path.name == ref] or [path for path in runs if ref and path.name.startswith(ref)]
    if len(found) == 1:
        return RunPaths(found[0])
    if found:
        raise RunError(
            f"{ref!r} fits several runs", where=str(folder), hint=", ".join(path.name for path in found[-8:])
        )
    if (there := _run_at(Path(ref))) is not None:
        return there
    recent = ", ".join(path.name for path in runs[-5:])
    raise RunError(f"no run {ref!r}", where=str(folder), hint=f"the newest are {recent}")


def socket_path(run_dir: Path) -> Path:
    """Return where the control socket of a run belongs: a folder that only this user may enter, a short hashed name.

    Raises RunError if that folder belongs to another user or others may enter it.
    """
    base = os.environ.get("XDG_RUNTIME_DIR")
    name = hashlib.sha256(os.fsencode(run_dir.resolve())).hexdigest()[:16] + ".sock"
    folder = Path(base) / "dltui" if base and Path(base).is_dir() else _temporary()
    if len(os.fsencode(folder / name)) > MAX_SOCKET_BYTES:
        folder = Path("/tmp") / _temporary().name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise RunError(
            "is not a folder of yours alone, so the control socket cannot lie there",
            where=str(folder),
            hint="remove it, or set XDG_RUNTIME_DIR to a folder with mode 0700",
        )
    return folder / name


def _temporary() -> Path:
    return Path(tempfile.gettempdir()) / f"dltui-{os.getuid()}"


def _run_at(path: Path) -> RunPaths | None:
    """Return the run in this directory; None if nothing is there. Raises ConfigError if something else is."""
    if _is_run(path):
        return RunPaths(path)
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    text = "is a folder in which no run is" if stat.S_ISDIR(mode) else f"is {kind_of(mode)}, no run directory"
    raise ConfigError(text, where=str(path), hint="name a run by its id or its directory; dltui runs lists them")


def _is_run(path: Path) -> bool:
    return (path / "config.toml").is_file() or (path / "journal").is_dir()


def _started(path: Path) -> tuple[float, str]:
    config = path / "config.toml"
    return ((config if config.exists() else path).stat().st_mtime, path.name)
