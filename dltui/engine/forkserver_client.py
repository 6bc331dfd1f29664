"""The engine's children: the fork server, and through it clients and the evaluator, with their pipes and logs."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dltui.core.safe_json import decode_json
from dltui.engine.forkserver import PACKET
from dltui.engine.pulse import Pulse
from dltui.errors import RunError

MAX_LINE = 1 << 16
"""Bytes of one telemetry line; a longer one is dropped with its pipe."""


SILENT_SECONDS, LOST_SECONDS = 10.0, 30.0
"""A fork server that has not answered for so long is hung, and after the second it is given up."""


class ForkServerLost(RunError):
    """The fork server process has ended, and with it all its children; or it hangs, which is as bad."""


@dataclass
class Child:
    """One forked process. `code` is set when it ended, `asked` when the engine told it to."""

    id: str
    role: str
    pipe: int = -1
    pid: int | None = None
    code: int | None = None
    asked: bool = False
    stop_by: float | None = None
    buffer: bytes = field(default=b"", repr=False)


class ForkServerClient:
    """Starts the fork server process and speaks to it. All calls are made from the engine's one thread."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._ears = selectors.DefaultSelector()
        """The socket and the pipes of all children in one descriptor: waiting for it hears any of them."""
        self._waiting: deque[tuple[Child, bytes]] = deque()
        """Children to be forked whose requests the socket has not taken yet."""
        self.children: dict[str, Child] = {}
        self.warm = False
        self._pulse = Pulse()

    def start(self) -> None:
        """Start the fork server process; it is `warm` some seconds later (see `handle`)."""
        self.warm = False
        self._pulse = Pulse()
        self._waiting.clear()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            # Makes torch query NVML instead of CUDA, so that no driver is initialised before the fork.
            "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
        }
        with open(self._logs / "forkserver.log", "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dltui.engine.forkserver", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        theirs.close()
        self._listen(ours)

    def _listen(self, channel: socket.socket) -> None:
        channel.setblocking(False)
        self._channel = channel
        self._ears.register(channel, selectors.EVENT_READ)

    @property
    def pid(self) -> int | None:
        """The fork server's process id."""
        return self._process.pid if self._process else None

    def fileno(self) -> int:
        """The descriptor to wait on for `handle` and `messages`; it stays the same, whatever is started or ends."""
        return int(self._ears.fileno())

    def alive(self) -> bool:
        """Whether the fork server process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def hung(self) -> bool:
        """Whether the fork server has not answered for `SILENT_SECONDS`: it forks nobody, and sees nobody end."""
        return self._pulse.silent >= SILENT_SECONDS

    def spawn(self, child_id: str, role: str, spec: dict[str, Any]) -> Child:
        """Fork a child for `role` with its spec; its pid follows as a message. Secrets travel on this socket only.

        The socket holds some requests; the others follow as the fork server takes them, see `handle`. If this raises
        ForkServerLost, nothing is begun; if the fork server is lost later, it takes the child with it.
        """
        if self._channel is None or not self.alive():
            raise ForkServerLost("the fork server is gone", where=str(self._logs / "forkserver.log"))
        if (before := self.children.get(child_id)) is not None:
            self._deafen(before)
        child = self.children[child_id] = Child(child_id, role)
        self._waiting.append((child, json.dumps({"id": child_id, "role": role, "spec": spec}).encode()))
        self._hand_over(self._channel)
        return child

    def _hand_over(self, channel: socket.socket) -> None:
        while self._waiting:
            child, message = self._waiting[0]
            reader, writer = os.pipe()
            os.set_blocking(reader, False)
            log = os.open(self._logs / f"{child.id}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                socket.send_fds(channel, [message], [writer, log])
            except (BlockingIOError, ConnectionError):  # it is full; or its other end is gone, as `handle` will notice
                os.close(reader)
                return
            finally:
                os.close(writer)
                os.close(log)
            child.pipe = reader
            self._ears.register(reader, selectors.EVENT_READ)
            self._waiting.popleft()

    def forget_waiting(self) -> None:
        """Fork nobody of those whose requests still wait."""
        for child, _ in self._waiting:
            child.code = -signal.SIGTERM
        self._waiting.clear()

    def handle(self) -> list[tuple[str, Child]]:
        """Read the fork server's messages: (`started` or `exited`, child).

        Raises ForkServerLost if the fork server ended, or has not answered for `LOST_SECONDS`.
        """
        if self._channel is None:
            return []
        self._hand_over(self._channel)
        happened: list[tuple[str, Child]] = []
        while True:
            try:
                data = self._channel.recv(PACKET)
            except BlockingIOError:
                self._feel_pulse(self._channel)
                return happened
            except OSError:
                data = b""
            if not data:
                raise ForkServerLost("the fork server ended", where=str(self._logs / "forkserver.log"))
            self._pulse.heard()
            message = json.loads(data)
            if message["event"] == "warm":
                self.warm = True
            elif message["event"] == "started":
                child = self.children[message["id"]]
                child.pid = message["pid"]
                happened.append(("started", child))
            elif message["event"] == "exited":
                for child in self.children.values():
                    if child.pid == message["pid"] and child.code is None:
                        child.code = message["code"]
                        happened.append(("exited", child))

    def _feel_pulse(self, channel: socket.socket) -> None:
        if self.warm and self._pulse.look():
            with contextlib.suppress(OSError):  # it is full, or its other end is gone: silence, too
                channel.send(b"{}")
        if self._pulse.silent >= LOST_SECONDS:
            text = f"the fork server did not answer for {LOST_SECONDS:.0f} s"
            raise ForkServerLost(text, where=str(self._logs / "forkserver.log"))

    def messages(self, child: Child) -> list[dict[str, Any]]:
        """The whole JSON lines that a child has written since; anything else is dropped: it is progress only."""
        if child.pipe < 0:
            return []
        try:
            data = os.read(child.pipe, MAX_LINE)
        except BlockingIOError:
            return []
        if not data or len(child.buffer) + len(data) > 4 * MAX_LINE:
            self._deafen(child)
            return []
        *lines, child.buffer = (child.buffer + data).split(b"\n")
        found = []
        for line in lines:
            try:
                message = decode_json(line)
            except ValueError:
                continue
            if isinstance(message, dict):
                found.append(message)
        return found

    def signal(self, child: Child, signum: int = signal.SIGTERM) -> None:
        """Send a signal to a child that runs; a child that was asked to end gets KILL after two seconds (`overdue`)."""
        if child.pid is None or child.code is not None:
            return
        child.asked = True
        child.stop_by = child.stop_by or time.monotonic() + 2.0
        try:
            os.kill(child.pid, signum)
        except ProcessLookupError:
            return

    def overdue(self) -> None:
        """Kill the children that did not end in time."""
        for child in self.children.values():
            if child.code is None and child.stop_by is not None and time.monotonic() > child.stop_by:
                self.signal(child, signal.SIGKILL)

    def wake(self) -> None:
        """Let a fork server go on that was stopped by a signal: it ends only then."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End the fork server, and with it whatever children are left."""
        if self._channel is not None:
            self._ears.unregister(self._channel)
            self._channel.close()
            self._channel = None
        if self._process is not None:
            if not self.warm:
                # It still imports, and would see only then that nobody is there.
                self._process.terminate()
            self.wake()
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        for child in self.children.values():
            self._deafen(child)

    def _deafen(self, child: Child) -> None:
        if child.pipe >= 0:
            self._ears.unregister(child.pipe)
            os.close(child.pipe)
            child.pipe = -1
