"""A recorded run: a real guided tour of five clients and three rounds, in which one client is killed.

Made with `dltui demo --no-ui`; only its journal is kept. It is shown up to an event, as the screen saw it then.
"""

from __future__ import annotations

from pathlib import Path

from dltui.core import format as fmt
from dltui.rundir import journal
from tests.kits.screen_scenario import Script

TOUR = Path(__file__).parent.parent / "fixtures" / "runs" / "tour"
LAST = 394
MOMENTS = {
    "pending": 110,
    "training": 128,
    "killed": 235,
    "attesting": 191,
    "approval": 203,
    "finished": LAST,
}
"""Moment to the number of its last event."""


def tour(until: int = LAST) -> Script:
    """The run up to an event, and the time 0.4 s after it."""
    script = Script()
    script.events = [event for event in journal.read(TOUR / "journal") if event.seq <= until]
    script.now = (fmt.unix(script.events[-1].ts) or 0.0) + 0.4
    return script
