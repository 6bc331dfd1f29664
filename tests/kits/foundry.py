"""anvil and cast for the tests that speak with them: those that are there, else npm's, kept beside pytest's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from dltui.chain.nodes import anvil_install
from dltui.chain.nodes.anvil import VERSION, find
from dltui.errors import ChainError

CAST_PACKAGE = f"@foundry-rs/cast-linux-amd64@{VERSION}"
LOAD_SECONDS = 180


def provide(cache: Path) -> None:
    """Name both programs in `DLTUI_ANVIL` and `DLTUI_CAST`; where neither they nor npm can be had, tests say so."""
    if shutil.which("npm") is None or not anvil_install.supported():
        return
    try:
        if find() is None:
            os.environ["DLTUI_ANVIL"] = str(anvil_install.install(env={**os.environ, "XDG_DATA_HOME": str(cache)}))
        if "DLTUI_CAST" not in os.environ and shutil.which("cast") is None:
            os.environ["DLTUI_CAST"] = str(_cast(cache))
    except (ChainError, subprocess.SubprocessError):
        return


def _cast(cache: Path) -> Path:
    name = CAST_PACKAGE.rpartition("@")[0]
    path = cache / "node_modules" / name / "bin" / "cast"
    if not path.is_file():
        command = [
            "npm",
            "install",
            "--prefix",
            str(cache),
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            CAST_PACKAGE,
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=LOAD_SECONDS)
    return path
