"""A screen on a told run, what happens next in it, and its panes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from textual.message import Message
from textual.pilot import Pilot

from dltui.tui.app import DltuiApp
from dltui.tui.messages import Opened
from dltui.tui.panes.clients import ClientsPane
from dltui.tui.panes.events import EventsPane
from tests.kits.screen_dump import settle
from tests.kits.screen_scenario import FakeSession, Script


@contextlib.asynccontextmanager
async def showing(
    script: Script, size: tuple[int, int] = (120, 40), opened: list[tuple[str, Any]] | None = None, **options: Any
) -> AsyncIterator[tuple[DltuiApp, Pilot[None], FakeSession]]:
    session = FakeSession(script.events)
    app = DltuiApp(session, clock=lambda: script.now, **options)

    def seen(message: Message) -> None:
        if opened is not None and isinstance(message, Opened) and (message.kind, message.id) not in opened:
            opened.append((message.kind, message.id))

    async with app.run_test(size=size, message_hook=seen) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        yield app, pilot, session


async def more(app: DltuiApp, pilot: Pilot[None], session: FakeSession, script: Script, since: int) -> None:
    """Hands out what the script has said since and waits until it is drawn."""
    session.waiting = script.events[since:]
    await settle(app, pilot, script.events[-1].seq)


def clients(app: DltuiApp) -> ClientsPane:
    pane = app.main.panes["clients"]
    assert isinstance(pane, ClientsPane)
    return pane


def log(app: DltuiApp) -> EventsPane:
    pane = app.main.panes["events"]
    assert isinstance(pane, EventsPane)
    return pane


def notes(app: DltuiApp) -> list[str]:
    return [note.message for note in app._notifications]
