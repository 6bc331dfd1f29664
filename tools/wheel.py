"""Build the wheel and use it without the checkout: `python tools/wheel.py`, in CI. Needs the dependencies installed.

Exit code 1 if the package, unpacked in a folder of its own, does not find what ships with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_FILES = ("dltui/py.typed", "dltui/_top/config.toml", "dltui/_top/demos/tour.toml")
_SOURCES_ARE_COMPILED = """
import hashlib
from dltui.chain.contracts import artifacts
from dltui.resources import top
for name, digest in artifacts.document()["sources"].items():
    if name.startswith("src/"):
        assert hashlib.sha256((top("contracts") / name).read_bytes()).hexdigest() == digest, name
"""
_COMMANDS = {
    "version": ["-m", "dltui", "--version"],
    "help of a walkthrough": ["-m", "dltui", "demo", "--help"],
    "walkthroughs": ["-m", "dltui", "demo", "--list"],
    "data sets": ["-m", "dltui", "data", "list"],
    "contract sources": ["-c", _SOURCES_ARE_COMPILED],
}


def main() -> int:
    """Build, unpack, try; returns the exit code."""
    with tempfile.TemporaryDirectory(prefix="dltui-wheel-") as scratch:
        place = Path(scratch)
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(place), str(ROOT)]
        subprocess.run(command, check=True)
        (wheel,) = place.glob("*.whl")
        alone = place / "alone"
        with zipfile.ZipFile(wheel) as archive:
            names = set(archive.namelist())
            archive.extractall(alone)
        missing = [name for name in _FILES if name not in names]
        missing += [] if any(name.endswith("/licenses/LICENSE") for name in names) else ["LICENSE"]
        failed = [f"{name} is not in it" for name in missing]
        failed += [what for what, arguments in _COMMANDS.items() if not _works(arguments, alone)]
        for what in failed:
            print(f"{wheel.name}: {what}", file=sys.stderr)
        return 1 if failed else 0


def _works(arguments: list[str], alone: Path) -> bool:
    """Whether a command of the unpacked package ends well, in a folder that is not the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(alone), "PYTHONDONTWRITEBYTECODE": "1"}
    where = subprocess.run(
        [sys.executable, "-c", "import dltui; print(dltui.__file__)"],
        cwd=alone,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    done = subprocess.run([sys.executable, *arguments], cwd=alone, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        print(done.stderr[-2000:], file=sys.stderr)
    return where.startswith(str(alone)) and done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
