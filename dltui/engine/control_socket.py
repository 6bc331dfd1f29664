"""The control socket: commands come in as JSON lines, each is answered with one line. Only the owner may connect."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dltui.core.commands import Command, decode
from dltui.errors import DltuiError, RunError

MAX_COMMAND = 65_536
MAX_CONNECTIONS = 64


class ControlSocket:
    """Listens at `path` (mode 0600) and hands whole commands to `handle`, whose answer goes back.

    `handle` returns the message for people and raises `DltuiError` if it refuses. Driven by the engine's selector:
    every registered descriptor carries the callback that serves it.
    """

    def __init__(self, path: Path, selector: selectors.BaseSelector, handle: Callable[[Command], str]) -> None:
        self._path = path
        self._selector = selector
        self._handle = handle
        self._buffers: dict[socket.socket, bytes] = {}
        _clear_stale(path)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            self._listener.bind(str(path))
        finally:
            os.umask(mask)
        self._listener.listen(16)
        self._listener.setblocking(False)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            connection, _ = self._listener.accept()
            if len(self._buffers) >= MAX_CONNECTIONS:
                connection.close()
                return
            connection.setblocking(False)
            self._buffers[connection] = b""
            self._selector.register(connection, selectors.EVENT_READ, lambda: self._read(connection))

    def _read(self, connection: socket.socket) -> None:
        try:
            data = connection.recv(MAX_COMMAND)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(connection)
            return
        *lines, rest = (self._buffers[connection] + data).split(b"\n")
        self._buffers[connection] = rest
        if len(rest) > MAX_COMMAND:
            self._drop(connection)
            return
        for line in lines:
            if not self._answer(connection, self._one(line)):
                return

    def _one(self, line: bytes) -> dict[str, Any]:
        command_id = ""
        try:
            command = decode(line)
            command_id = command.id
            return {"id": command.id, "ok": True, "message": self._handle(command)}
        except DltuiError as error:
            return {"id": command_id, "ok": False, "message": str(error)}

    def _answer(self, connection: socket.socket, answer: dict[str, Any]) -> bool:
        try:
            connection.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            self._drop(connection)
            return False
        return True

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._buffers[connection]
        connection.close()

    def close(self) -> None:
        """Stop listening and remove the socket."""
        for connection in list(self._buffers):
            self._drop(connection)
        self._selector.unregister(self._listener)
        self._listener.close()
        self._path.unlink(missing_ok=True)


def _clear_stale(path: Path) -> None:
    """Remove the socket that a dead engine left; one that answers belongs to a living engine."""
    if not path.exists():
        return
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        probe.connect(str(path))
    except OSError:
        path.unlink()
        return
    finally:
        probe.close()
    raise RunError("another engine listens here", where=str(path), hint="attach to it, or stop it first")
