"""How the engine waits: what is waited for becomes an alert with a limit, and what failed is tried again ever later."""

from __future__ import annotations

import time
from collections.abc import Callable

from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine.scheduler import Waiting
from dltui.errors import RunError

RETRY_SECONDS = (0.5, 30.0)
"""The first pause after a failure and the longest; each is twice as long as the one before."""


class WaitingAlert:
    """Names what is waited for, once. `emit` writes one event to the journal."""

    def __init__(self, emit: Callable[[Payload], None]) -> None:
        self._emit = emit
        self._told: Waiting | None = None
        self._since = 0.0

    def tell(self, waiting: Waiting | None) -> None:
        """Raise, renew or clear the alert; raises RunError where the wait has a limit and it has passed."""
        before, self._told = self._told, waiting
        if (waiting and waiting.id) != (before and before.id):
            if before is not None:
                self._emit(ev.RunAlertCleared(id=before.id))
            self._since = time.monotonic()
        if waiting is not None and waiting != before:
            self._emit(ev.RunAlert(id=waiting.id, severity="warning", text=waiting.text, hint=waiting.hint))
        if waiting and 0 < waiting.fails_after < time.monotonic() - self._since:
            raise RunError(waiting.text, hint=waiting.hint)


class Reading:
    """Until when a walkthrough is read, so that the engine takes no step of its own."""

    def __init__(self) -> None:
        self._until = 0.0

    def hold(self, seconds: float) -> None:
        """For `seconds` from now, and no longer: a screen that dies holds nothing for good."""
        self._until = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Nobody reads, or not any more."""
        return time.monotonic() >= self._until


class Backoff:
    """When something that failed may be tried again."""

    def __init__(self) -> None:
        self._until, self._pause = 0.0, RETRY_SECONDS[0]

    @property
    def over(self) -> bool:
        """Whether it may be tried now."""
        return time.monotonic() >= self._until

    def failed(self) -> None:
        """It failed: pause, twice as long as the last time."""
        self._until = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, RETRY_SECONDS[1])

    def succeeded(self) -> None:
        """It went well: no pause, and the next failure begins with the first one."""
        self._until, self._pause = 0.0, RETRY_SECONDS[0]
