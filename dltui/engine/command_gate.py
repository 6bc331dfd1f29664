"""What a command finds behind the control socket: the operator, once the run is up and the engine is free to act."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from dltui.core import events as ev
from dltui.core.commands import Command
from dltui.engine.control_socket import ControlSocket
from dltui.engine.disk_watch import DiskWatch
from dltui.engine.reactor import Reactor
from dltui.engine.recorder import Recorder
from dltui.engine.waiting_alert import Hold
from dltui.errors import RunError


class Handler(Protocol):
    """Carries out commands."""

    def handle(self, command: Command) -> str:
        """Return what became of the command; raises DltuiError if it is refused."""


class CommandGate:
    """Listens at `path`, passes commands to `operator`, and carries out by itself the few that may come at any time."""

    def __init__(self, path: Path, reactor: Reactor, recorder: Recorder, disk: DiskWatch) -> None:
        self._socket = ControlSocket(path, reactor.selector, self.handle)
        self._reactor = reactor
        self._recorder = recorder
        self._disk = disk
        self.operator: Handler | None = None
        """Who carries out commands; None while the run comes up."""
        self.reading = Hold()
        """Held while a walkthrough is read: the run takes no step of its own."""
        self.screen = Hold()
        """Held while a screen is open that can act: the run does not fail for want of clients."""

    def handle(self, command: Command) -> str:
        """Carry out a command. Raises RunError while the run comes up or the node is silent, save for some commands."""
        if command.name == "demo.hold":
            self.reading.hold(command.args["seconds"])
            return ""
        if command.name == "run.hold":
            self.screen.hold(command.args["seconds"])
            return ""
        if self.operator is not None and not self._reactor.blocked:
            return self.operator.handle(command)
        if command.name == "demo.step":
            self._recorder.emit(ev.DemoStep(**command.args))
            return ""
        if command.name == "run.stop":
            self._reactor.ask_stop("stopped by the operator")
            return "the run ends"
        why = "the run is still coming up" if self.operator is None else "the node does not answer now"
        if self._disk.full:
            why = "the disk is full"
        raise RunError(why, hint="try again in a moment")

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
