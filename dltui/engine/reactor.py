"""What the engine waits on: descriptors with their handlers, and the wish to stop, which is heard whatever goes on."""

from __future__ import annotations

import selectors

from dltui.errors import RunError


class Stopped(RunError):
    """The run was stopped while something else was going on."""


class Reactor:
    """Waits on `selector`, whose descriptors carry the functions that serve them, and keeps the stop request."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.stop_reason: str | None = None
        """Why the run ends; None while it goes on."""
        self.ending = False
        """Whether the run is being brought down: nothing can stop it any more, and nothing is waited for."""
        self.blocked = False
        """Whether the engine waits in the middle of a step, and can carry out no command but a stop."""

    def ask_stop(self, reason: str) -> None:
        """End the run as soon as the present step allows."""
        self.stop_reason = reason

    def check_stop(self) -> None:
        """Raise Stopped if the run was asked to end."""
        if self.stop_reason is not None:
            raise Stopped(self.stop_reason)

    def serve(self, seconds: float) -> None:
        """Wait at most that many seconds until something happens, and serve it."""
        for key, _ in self.selector.select(seconds):
            key.data()

    def serve_blocked(self, seconds: float = 0.0) -> None:
        """Serve what has happened from the middle of a step; raises Stopped if that was a stop, which ends the step."""
        self.blocked = True
        try:
            self.serve(seconds)
        finally:
            self.blocked = False
        self.check_stop()
