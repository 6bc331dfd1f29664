"""What a client tells the engine about its own doing: progress for the screen, which no decision uses."""

from __future__ import annotations

import json
import os
import time
from typing import Any

INTERVAL = 0.2
"""Seconds between two progress messages, at least."""
ALIVE_INTERVAL = 1.0
"""Seconds without a word after which a client that only waits says that it is there."""


class Telemetry:
    """Writes JSON lines to a pipe without ever waiting for its reader: a full pipe drops the message."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._said = (0.0, "")
        self._alive = 0.0
        if descriptor is not None:
            os.set_blocking(descriptor, False)

    def progress(self, activity: str, round_number: int, **fields: Any) -> None:
        """Say what is being done; dropped if the last message is younger than 0.2 s and has the same activity."""
        now, (at, last) = time.monotonic(), self._said
        if now - at < INTERVAL and activity == last:
            return
        self._said = now, activity
        self._write({"kind": "progress", "activity": activity, "round": round_number, **fields})

    def ready(self, train: int, held_out: int) -> None:
        """Say that the data is loaded: record counts of the two splits."""
        self._write({"kind": "ready", "train": train, "held_out": held_out})

    def alive(self) -> None:
        """Say that it only waits: one that says nothing may hang. Dropped if the last word was a moment ago."""
        now = time.monotonic()
        if now - max(self._alive, self._said[0]) >= ALIVE_INTERVAL:
            self._alive = now
            self._write({"kind": "alive"})

    def trouble(self, round_number: int, text: str, hint: str) -> None:
        """Say why there will be no update of this round."""
        self._write({"kind": "trouble", "round": round_number, "text": text, "hint": hint})

    def timing(self, round_number: int, part: str, seconds: float) -> None:
        """Say how long a part of a round took (queue, training, chain, store, aggregation, attestation)."""
        self._write({"kind": "timing", "round": round_number, "part": part, "seconds": round(seconds, 6)})

    def _write(self, message: dict[str, Any]) -> None:
        if self._descriptor is None:
            return
        try:
            os.write(self._descriptor, json.dumps(message, separators=(",", ":")).encode() + b"\n")
        except BlockingIOError:
            pass
        except OSError:
            self._descriptor = None
