"""An event as a line, for event panes and the line printer."""

from __future__ import annotations

import msgspec

from dltui.core import format as fmt
from dltui.core.envelope import Event


class EventRow(msgspec.Struct, frozen=True):
    """A line of the event pane. `group` is run, chain, tx, client, data, round, model, cmd, demo or alert."""

    time: str
    group: str
    text: str
    severity: str
    """info, good, warning or error."""


_GROUPS = {"contract": "chain", "update": "round", "plan": "round", "op": "cmd"}


def event_row(event: Event) -> EventRow:
    """Return the event as a line: time of day (UTC), group, sentence, severity."""
    data = event.data
    group = event.kind.partition(".")[0]
    group = "alert" if event.kind.startswith("run.alert") else _GROUPS.get(group, group)
    return EventRow(fmt.time_of_day(event.ts), group, data.sentence(), data.level())
