"""Where anvil is, which version it has, and whether it is the one that was installed. Light to import."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dltui.errors import ChainError

VERSION = "1.7.1"
"""The version that dltui installs and is tested with."""
PACKAGE = "@foundry-rs/anvil-linux-amd64"
"""Its npm package: the binary alone, without a script that npm would run."""
INTEGRITY = "sha512-+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg=="
"""What the registry must say about the package."""
BINARY_SHA256 = "10c1c727d6c1de973aeb160e59875b9a9a23464d6e74149ee8abb30b3500311b"
"""What the binary must hash to, after the installation and before every start."""
PLATFORM = ("Linux", "x86_64")
"""The platform of that package."""
INSTALL = "dltui chain install"

_OLDEST = (1, 0, 0)
_VERSION_SECONDS = 10.0
_VERSION_LINE = re.compile(r"anvil\s+(?:Version:\s*)?v?(\d+)\.(\d+)\.(\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Anvil:
    """A usable anvil: `source` says in words where it was found."""

    path: Path
    version: str
    source: str
    installed: bool = False
    """Whether `dltui chain install` put it there, so that its bytes are known."""

    def check(self) -> None:
        """Raise `ChainError` if an installed binary is not the one that was installed."""
        if self.installed:
            check_binary(self.path)


def installed_path(env: Mapping[str, str] = os.environ) -> Path:
    """Return the path to which `dltui chain install` puts the binary."""
    home = Path(env.get("HOME") or Path.home())
    return Path(env.get("XDG_DATA_HOME") or home / ".local" / "share") / "dltui" / f"anvil-{VERSION}" / "anvil"


def places(configured: str = "", env: Mapping[str, str] = os.environ) -> list[tuple[str, Path | None]]:
    """Return every place that is looked at, in order, with the path that is there or should be."""
    on_path = shutil.which("anvil", path=env.get("PATH", os.defpath))
    return [
        ("[chain] anvil", Path(configured).expanduser() if configured else None),
        ("DLTUI_ANVIL", Path(env["DLTUI_ANVIL"]).expanduser() if env.get("DLTUI_ANVIL") else None),
        ("PATH", Path(on_path) if on_path else None),
        ("node_modules", _existing(Path("node_modules") / PACKAGE / "bin" / "anvil")),
        (INSTALL, _existing(installed_path(env))),
    ]


def find(configured: str = "", env: Mapping[str, str] = os.environ) -> Anvil | None:
    """Return the first anvil of `places`, or None. Raises `ChainError` if that one cannot be used."""
    for source, path in places(configured, env):
        if path is None:
            continue
        if not path.is_file():
            raise ChainError("there is no such anvil", where=f"{source}: {path}", hint="correct or remove the setting")
        if source == INSTALL:
            check_binary(path)
            return Anvil(path, VERSION, f"installed by `{INSTALL}`", installed=True)
        return Anvil(path.resolve(), version_of(path), f"found through {source}")
    return None


def version_of(path: Path) -> str:
    """Return the version that the binary at `path` names; raises `ChainError` if it does not run or is too old."""
    try:
        done = subprocess.run(
            [path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ChainError(f"anvil does not run here: {error}", where=str(path)) from error
    found = _VERSION_LINE.search(done.stdout.decode("utf-8", "replace")[:1000])
    if done.returncode or found is None:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[:200]
        raise ChainError(f"anvil does not run here: {said or 'it names no version'}", where=str(path))
    numbers = tuple(int(number) for number in found.groups())
    version = ".".join(found.groups())
    if numbers < _OLDEST:
        raise ChainError(f"anvil {version} is too old", where=str(path), hint=f"use 1.0 or newer, or `{INSTALL}`")
    return version


def check_binary(path: Path) -> None:
    """Raise `ChainError` unless the file's SHA-256 is that of the binary that dltui installs."""
    try:
        with path.open("rb") as file:
            digest = hashlib.sha256()
            while piece := file.read(1 << 20):
                digest.update(piece)
    except OSError as error:
        raise ChainError(f"cannot read anvil: {error.strerror}", where=str(path)) from error
    if digest.hexdigest() != BINARY_SHA256:
        raise ChainError(
            f"is not the anvil {VERSION} that was installed (SHA-256 differs)",
            where=str(path),
            hint=f"it is not started; remove it, or get it again with `{INSTALL} --again`",
        )


def supported() -> bool:
    """Return whether the package's binary is for this platform."""
    return (platform.system(), platform.machine()) == PLATFORM


def _existing(path: Path) -> Path | None:
    return path if path.is_file() else None
