"""Local TCP ports: a free one, and who listens on a taken one, as far as the system tells."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

from dltui.errors import ChainError

_LISTEN = "0A"


def free_port(port: int = 0, where: str = "chain") -> int:
    """Return `port` if it is free (0: any free one); raises `ChainError` naming the owner of a taken one."""
    with socket.socket() as probe:
        # A port that our own node just left is free, although the kernel remembers its connections.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise taken(port, where) from error
        return int(probe.getsockname()[1])


def taken(port: int, where: str) -> ChainError:
    """Return the error for a port that another program has."""
    owner = port_owner(port)
    return ChainError(
        f"port {port} is taken" + (f" by {owner}" if owner else ""),
        where=where,
        hint="stop that program or choose another chain port",
    )


def port_owner(port: int) -> str:
    """Return the name and process id of the listener on `port`, or "" if the system does not tell."""
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
    """Return the inodes of the sockets that listen on `port`, from the kernel's tables."""
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
