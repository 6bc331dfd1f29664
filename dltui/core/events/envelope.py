"""The envelope of an event and the base of its data.

Ids are names people know (`client-3`), amounts are integers (wei, gas, basis points), times are UTC. Everything that
is shown anywhere is a fold of these. A reader ignores kinds and fields that it does not know (an old viewer of a new
run) and refuses a newer envelope version.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

VERSION = 1
"""Version of the envelope."""


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """Base of every event's data; `KIND` is the name in the envelope."""

    KIND: ClassVar[str] = ""


class Event(msgspec.Struct, frozen=True):
    """One fact: its number in the run, when the engine wrote it (UTC, ISO 8601 with milliseconds), and what it says."""

    seq: int
    ts: str
    data: Payload

    @property
    def kind(self) -> str:
        """The event's kind, such as `round.opened`."""
        return self.data.KIND


class Unknown(Payload, frozen=True, kw_only=True):
    """An event of a kind that this version does not know; kept so that nothing is lost."""

    KIND: ClassVar[str] = "unknown"
    kind: str
    fields: dict[str, Any]
