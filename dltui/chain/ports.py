"""Who listens on a local TCP port, as far as the system tells."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_LISTEN = "0A"


def port_owner(port: int) -> str:
    """Name and process id of the listener on `port`, or "" where the system does not tell."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    if not sockets:
        return ""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            for descriptor in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if os.readlink(descriptor) in sockets:
                        return f"{_name(process)} (pid {process.name})"
    return ""


def _listening(port: int) -> set[str]:
    """Inodes of the sockets that listen on `port`, from the kernel's tables."""
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if len(fields) > 9 and fields[3] == _LISTEN and fields[1].endswith(f":{port:04X}"):
                    inodes.add(fields[9])
    return inodes


def _name(process: Path) -> str:
    try:
        text = (process / "comm").read_text(errors="replace").strip()
    except OSError:
        return "a process"
    return "".join(c if c.isprintable() else "?" for c in text) or "a process"
