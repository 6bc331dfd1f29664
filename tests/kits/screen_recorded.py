"""A real run, recorded once, and an application that shows a moment of it.

It is a walkthrough on a machine with too much to do: updates come late, rounds abort, clients are suspended.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from dltui.core import format as fmt
from dltui.core.answers import DecodedTx, encode
from dltui.core.events import Event
from dltui.rundir.journal import read
from dltui.rundir.paths import RunPaths
from dltui.tui.app import DltuiApp
from tests.kits.screen_dump import settle
from tests.kits.screen_scenario import FakeSession

RUN = Path(__file__).parent.parent / "fixtures" / "runs" / "starved"
DECODED = DecodedTx(
    contract="FLContract",
    function="submit",
    arguments=(("round", "1"), ("digest", "0x" + "5a" * 32), ("scheme", "0"), ("group", "0")),
    to="0x4151e1dE26691Cb2c5da5bf74b33993187Bb757E",
    nonce=2,
    gas_limit=135_000,
    max_fee=11_876_110_930,
    max_tip=1_000_000_000,
    value=0,
)


@cache
def recorded() -> tuple[Event, ...]:
    """Every event of the run."""
    return tuple(read(RunPaths(RUN).journal))


@contextlib.asynccontextmanager
async def moment(
    seq: int = 0, size: tuple[int, int] = (120, 40), **options: Any
) -> AsyncIterator[tuple[DltuiApp, Pilot[None], FakeSession]]:
    """The application after event `seq` (0: the last one), four tenths of a second later."""
    events = [event for event in recorded() if not seq or event.seq <= seq]
    now = (fmt.unix(events[-1].ts) or 0.0) + 0.4
    session = FakeSession(events)
    session.answers["tx.show"] = encode(DECODED)
    app = DltuiApp(session, clock=lambda: now, **options)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, events[-1].seq)
        yield app, pilot, session


def first(kind: str, **fields: Any) -> Event:
    """The first event of a kind whose data has these fields."""
    return next(
        event
        for event in recorded()
        if event.kind == kind and all(getattr(event.data, name) == value for name, value in fields.items())
    )
