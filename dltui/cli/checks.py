"""What is on this machine and what is missing, found out without importing anything heavy."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dltui.chain.nodes import anvil
from dltui.errors import ChainError
from dltui.learning.data.catalog import BUILT_IN, CATALOG
from dltui.resources import top
from dltui.rundir.paths import runs_dir

PYTHON = (3, 10)
DISK_BYTES = 2 * 10**9
"""Free space under which large models may not fit: a run of ResNet-18 with 3 clients writes 0.2 GB a round."""
COLUMNS, ROWS = 80, 24
BROWSERS = ("chromium-browser", "google-chrome")
"""Other names of chromium."""
ASK_SECONDS = 1.0
"""Seconds that a program has for telling its version."""


@dataclass(frozen=True)
class Check:
    """One line. `gives` is what a missing thing would add, `get` the command or step that brings it."""

    name: str
    ok: bool
    found: str
    gives: str = ""
    get: str = ""
    essential: bool = False


def all_checks() -> Iterator[Check]:
    """Every check, the essential ones first."""
    yield _python()
    yield _packages()
    yield from (_package(name) for name in ("torch", "torchvision"))
    yield _gpu()
    yield _program(
        "node", "the compiler of the contracts, and anvil by npm", "apt install nodejs, or https://nodejs.org"
    )
    yield _program("npm", "installing the compiler and anvil", "comes with Node, or apt install npm")
    yield _anvil()
    yield _solc()
    yield _optional_package("textual-serve", "dltui web, the screen in a browser", 'pip install "dltui[web]"')
    yield _program("chromium", "the tests of web view and report", "apt install chromium", others=BROWSERS)
    yield _program("tmux", "a terminal that outlives its window", "apt install tmux", flag="-V")
    yield _data()
    yield _disk()
    yield _terminal()


def _python() -> Check:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check("python", sys.version_info >= PYTHON, found, "dltui", "Python 3.10 or newer", essential=True)


def _packages() -> Check:
    """The declared dependencies without conditions; what is missing is named."""
    try:
        declared = importlib.metadata.requires("dltui") or []
    except importlib.metadata.PackageNotFoundError:
        return Check("packages", False, "dltui is not installed", "dltui", "pip install -e .", essential=True)
    names = [re.split(r"[^\w.-]", line)[0] for line in declared if ";" not in line]
    missing = [name for name in names if _version(name) is None]
    found = f"{len(names)} of {len(names)}" if not missing else f"missing: {', '.join(missing)}"
    return Check("packages", not missing, found, "dltui", "pip install -e .", essential=True)


def _package(name: str) -> Check:
    version = _version(name)
    return Check(name, version is not None, version or "missing", "training", f"pip install {name}", essential=True)


def _optional_package(name: str, gives: str, get: str) -> Check:
    version = _version(name)
    return Check(name, version is not None, version or "missing", gives, get)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _program(name: str, gives: str, get: str, *, flag: str = "--version", others: tuple[str, ...] = ()) -> Check:
    path = next((found for each in (name, *others) if (found := shutil.which(each))), None)
    return Check(name, path is not None, _told(path, flag) if path else "missing", gives, get)


def _told(path: str, *arguments: str) -> str:
    """The first line that a program prints, or its path where it says nothing in time."""
    try:
        done = subprocess.run(
            [path, *arguments],
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        lines = (done.stdout or done.stderr).strip().splitlines()
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        lines = []
    return lines[0][:40].rpartition(" built on")[0] or lines[0][:40] if lines and lines[0].isprintable() else path


def _gpu() -> Check:
    gives = "training on it ([clients] device)"
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return Check("GPU", True, "Apple, by MPS", gives)
    cuda = _torch_cuda()
    driver = shutil.which("nvidia-smi")
    if driver is None:
        return Check("GPU", False, "no NVIDIA driver", gives, "a GPU and its driver")
    name = _told(driver, "--query-gpu=name", "--format=csv,noheader")
    if cuda is None:
        return Check("GPU", False, f"{name}, but this torch is built without CUDA", gives, "pip install torch")
    return Check("GPU", True, f"{name}, torch for CUDA {cuda}", gives)


def _torch_cuda() -> str | None:
    """The CUDA version that torch was built for, read from its files: importing it takes seconds."""
    try:
        spec = importlib.util.find_spec("torch")
        text = Path(str(spec and spec.origin)).with_name("version.py").read_text(encoding="utf-8")
    except (OSError, ValueError, ImportError):
        return None
    found = re.search(r"^cuda[^=]*= *'([\d.]+)'", text, re.MULTILINE)
    return found[1] if found else None


def _anvil() -> Check:
    gives = "runs on anvil (--chain anvil), open to every program of this machine"
    try:
        found = anvil.find()
    except ChainError as error:
        return Check("anvil", False, f"{error.where}: {error.message}", gives, error.hint or anvil.INSTALL)
    if found is None:
        return Check("anvil", False, "missing", gives, anvil.INSTALL)
    return Check("anvil", True, f"{found.version}, {found.source}", gives)


def _solc() -> Check:
    ready = shutil.which("solc") is not None or (top("contracts") / "node_modules" / "solc").is_dir()
    get = "dltui contracts build (npm fetches it)"
    return Check("solc", ready, "there" if ready else "missing", "changing the contracts, which ship compiled", get)


def _data() -> Check:
    here = [name for name, known in CATALOG.items() if known.ready("").is_file()]
    shipped = (Path(__file__).parents[1] / "learning" / "data" / f"{BUILT_IN}.npz").is_file()
    found = ", ".join([*((BUILT_IN,) if shipped else ()), *here])
    others = f" ({len(CATALOG) - len(here)} more: dltui data list)" if len(here) < len(CATALOG) else ""
    return Check("data sets", shipped, found + others, "the default data set", "install dltui again", essential=True)


def _disk() -> Check:
    place = runs_dir().resolve()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return Check(
        "disk", free >= DISK_BYTES, f"{free / 1e9:,.1f} GB free for {runs_dir()}", "room for runs", "set DLTUI_RUNS"
    )


def _terminal() -> Check:
    size = shutil.get_terminal_size()
    name = os.environ.get("TERM", "dumb")
    encoding = (sys.stdout.encoding or "").lower()
    colours = "no colour" if "NO_COLOR" in os.environ else "true colour" if os.environ.get("COLORTERM") else "colour"
    symbols = "unicode" if encoding.startswith("utf") else f"{encoding or 'no encoding'}: [ui] ascii = true"
    screen = sys.stdout.isatty() and name != "dumb"
    found = (
        f"{size.columns}x{size.lines}, {name}, {colours}, {symbols}" if screen else "none: runs are narrated (--no-ui)"
    )
    ok = screen and size.columns >= COLUMNS and size.lines >= ROWS and encoding.startswith("utf")
    return Check("terminal", ok, found, "the screen", f"a UTF-8 terminal of {COLUMNS}x{ROWS} or more")
