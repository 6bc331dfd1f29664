"""Draw a moment of a recorded run as a PNG: `python tools/screenshot.py RUN SEQ OUT.png [COLUMNS ROWS [KEY …]]`."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import resvg_py

from dltui.core.commands import Command
from dltui.core.events import Event
from dltui.rundir.paths import find_run
from dltui.rundir.session import ReplaySession
from dltui.tui.app import DltuiApp


class Moment:
    """A session that hands out a run's events up to a number and stays there."""

    read_only = False
    finished = False

    def __init__(self, events: list[Event]) -> None:
        self._events = events

    def events(self) -> list[Event]:
        """Everything, once."""
        events, self._events = self._events, []
        return events

    def send(self, command: Command) -> str:
        """Nothing is asked of a picture."""
        return command.name


async def draw(run: str, seq: int, out: Path, size: tuple[int, int], keys: Sequence[str]) -> None:
    """Write the screen after event `seq` of `run`, and after `keys` were pressed there, to `out`."""
    events = [event for event in ReplaySession(find_run(run).root).events() if event.seq <= seq]
    now = datetime.fromisoformat(events[-1].ts.replace("Z", "+00:00")).timestamp() + 0.4
    app = DltuiApp(Moment(events), clock=lambda: now)
    async with app.run_test(size=size) as pilot:
        while app.state.last_seq < events[-1].seq:
            await pilot.pause()
        await pilot.pause(0.5)
        await pilot.press(*keys)
        await pilot.pause(0.5)
        svg = app.export_screenshot(simplify=True, title="dltui")
    svg = re.sub(r"@font-face\s*\{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")
    out.write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=svg)))


if __name__ == "__main__":
    columns, rows = (int(word) for word in (sys.argv[4:6] or ("120", "40")))
    asyncio.run(draw(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), (columns, rows), sys.argv[6:]))
