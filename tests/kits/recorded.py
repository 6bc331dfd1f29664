"""The run directories that earlier releases recorded; tests/fixtures/recorded/README.md says how."""

from __future__ import annotations

import tarfile
from pathlib import Path

from dltui.rundir.paths import RunPaths

RECORDED = Path(__file__).parent.parent / "fixtures" / "recorded"
HONEST = {
    "0.1.0/embedded": 2,
    "0.1.0/anvil": 2,
    "0.1.0/resumed": 3,
    "0.2.0/embedded": 4,
    "0.2.0/anvil": 2,
    "0.2.0/resumed": 3,
}
"""Release and name to the number of its finalised rounds."""


def unpack(name: str, folder: Path) -> RunPaths:
    """A recorded run in `folder`, under its own id."""
    with tarfile.open(RECORDED / f"{name}.tar.xz") as archive:
        archive.extractall(folder, filter="data")
        return RunPaths(folder / archive.getnames()[0])
