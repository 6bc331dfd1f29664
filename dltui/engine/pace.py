"""Whether the clients can train before the deadline, told from what they do rather than from a guess at the start.

While everything starts, a step takes much longer than later: a forecast made then warns of rounds that are over in
a fifth of their time.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable

from dltui.config.sections import Config
from dltui.core import alerts
from dltui.core import events as ev
from dltui.core.events import Payload

WATCHED_SECONDS = 5.0
"""How long a client must have trained before it is extrapolated."""


class Pace:
    """Warns once a run. `emit` writes one event to the journal."""

    def __init__(self, config: Config, emit: Callable[[Payload], None]) -> None:
        slots = config.clients.parallel or os.cpu_count() or 1
        self._waves = math.ceil(config.clients.count / slots)
        self._deadline = config.rounds.train_seconds_max
        self._emit = emit
        self._began: dict[str, tuple[int, float, int]] = {}
        self._warned = False

    def trains(self, name: str, round_number: int, step: int, steps: int) -> None:
        """A client has done `step` of `steps` in a round."""
        now = time.monotonic()
        number, since, first = self._began.get(name, (0, now, step))
        if number != round_number:
            self._began[name] = round_number, now, step
            return
        if self._warned or now - since < WATCHED_SECONDS or step <= first:
            return
        seconds = self._waves * steps * (now - since) / (step - first)
        if seconds > self._deadline:
            self._warned = True
            text = f"training takes about {seconds:.0f} s a round here, and the deadline is {self._deadline} s"
            hint = "raise [rounds] train_seconds_max, or train less: [training] steps"
            self._emit(ev.RunAlert(id=alerts.TOO_SLOW.id(), severity="warning", text=text, hint=hint))
