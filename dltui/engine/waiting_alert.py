"""How the engine waits: what is waited for becomes an alert with a limit, and what failed is tried again ever later."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from msgspec import UNSET, UnsetType

from dltui.core import events as ev
from dltui.core.events import Payload
from dltui.engine.scheduler import Waiting
from dltui.errors import RunError

RETRY_SECONDS = (0.5, 30.0)
"""The first pause after a failure and the longest; each is twice as long as the one before."""


class Hold:
    """Until when the run is held: a walkthrough is read, or a screen is open that can act."""

    def __init__(self) -> None:
        self._until = 0.0

    def hold(self, seconds: float) -> None:
        """For `seconds` from now, and no longer: a screen that dies holds nothing for good."""
        self._until = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Nobody holds it, or not any more."""
        return time.monotonic() >= self._until


class WaitingAlert:
    """Names what is waited for, once. `emit` writes one event to the journal.

    A wait with a limit tells its end once; while `screen` is held there is none, and after that it begins in full.
    """

    def __init__(self, emit: Callable[[Payload], None], screen: Hold) -> None:
        self._emit = emit
        self._screen = screen
        self._told: Waiting | None = None
        self._held = False
        self._since = 0.0
        self._until: int | UnsetType = UNSET

    def tell(self, waiting: Waiting | None) -> None:
        """Raise, renew or clear the alert; raises RunError if the wait has a limit and it has passed."""
        before, self._told = self._told, waiting
        held_before, self._held = self._held, bool(waiting and waiting.fails_after and not self._screen.over)
        other = (waiting and waiting.id) != (before and before.id)
        if other and before is not None:
            self._emit(ev.RunAlertCleared(id=before.id))
        if waiting is None:
            return
        if other or self._held != held_before:
            self._since = time.monotonic()
            limited = waiting.fails_after > 0 and not self._held
            self._until = math.ceil(time.time() + waiting.fails_after) if limited else UNSET
        if waiting != before or self._held != held_before:
            self._emit(self._alert(waiting))
        if not self._held and 0 < waiting.fails_after < time.monotonic() - self._since:
            raise RunError(waiting.text, hint=waiting.hint)

    def _alert(self, waiting: Waiting) -> ev.RunAlert:
        return ev.RunAlert(
            id=waiting.id,
            severity="warning",
            text=waiting.text,
            hint=waiting.hint,
            until=self._until,
            held=True if self._held else UNSET,
        )


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
