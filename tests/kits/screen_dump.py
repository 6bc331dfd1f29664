"""Reading the screen of a running application as text."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from textual.pilot import Pilot

from dltui.tui.app import DltuiApp

SECONDS = 60.0
"""Deadline of a wait: only a test that fails takes so long, however busy the machine is."""


def screen_text(app: DltuiApp, frame: str = "") -> str:
    """What is on the terminal, or in the widget that the selector `frame` names, without the blanks at line ends."""
    strips = app.screen._compositor.render_strips()
    if frame:
        region = app.screen.query_one(frame).region
        strips = [strip.crop(region.x, region.right) for strip in strips[region.y : region.bottom]]
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips) + "\n"


async def until(pilot: Pilot[None], condition: Callable[[], bool], seconds: float = SECONDS) -> None:
    """Waits for a condition, with a deadline."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while not condition():
        assert loop.time() < end, "the screen did not get there"
        await pilot.pause(0.01)


async def settle(app: DltuiApp, pilot: Pilot[None], seq: int) -> None:
    """Waits until everything up to this event is folded and drawn."""
    await until(pilot, lambda: app.state.last_seq == seq)
    await pilot.pause()
    app.main.paint()
    await pilot.pause()


def screen_colours(app: DltuiApp) -> str:
    """What is on the terminal as runs of one style: one line each, with its row, the style and the text."""
    lines: list[str] = []
    for row, strip in enumerate(app.screen._compositor.render_strips()):
        runs: list[tuple[str, str]] = []
        for segment in strip:
            look = str(segment.style or "")
            if runs and runs[-1][0] == look:
                runs[-1] = (look, runs[-1][1] + segment.text)
            else:
                runs.append((look, segment.text))
        lines += [f"{row:>2} {look:<28} |{text.rstrip()}" for look, text in runs if text.strip()]
    return "\n".join(lines) + "\n"
