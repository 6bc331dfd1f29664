"""A screen that can act keeps a run that waits for clients from failing."""

from __future__ import annotations

import pytest

import dltui.tui.app as module
from dltui.core.events import Event, RunAlert, RunAlertCleared
from dltui.tui.app import DltuiApp
from tests.kits.screen_dump import screen_text, settle, until
from tests.kits.screen_scenario import FakeSession, awaiting


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (64, 16)])
@pytest.mark.parametrize("read_only", [False, True])
async def test_a_screen_that_can_act_holds_a_run_only_while_it_would_fail(
    read_only: bool, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RENEW_SECONDS", 0.01)
    script = awaiting()
    session = FakeSession(script.events, read_only=read_only)
    last = script.events[-1]
    now = 1_900_000_000.0
    app = DltuiApp(session, clock=lambda: now)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, last.seq)
        await pilot.pause(0.1)
        assert session.sent == []
        text, hint = "1 client can take part, a round needs 3", "register or restart clients, one by one, until enough"
        alert = RunAlert(id="starved", severity="warning", text=text, hint=hint, until=1_900_000_042)
        session.waiting = [Event(last.seq + 1, last.ts, alert)]
        await settle(app, pilot, last.seq + 1)
        app.main.paint()
        await pilot.pause()
        assert "the run fails in 42 s: 1 client can take part" in screen_text(app)
        if read_only:
            await pilot.pause(0.1)
            assert session.sent == []
            return
        await until(pilot, lambda: len(session.sent) > 1)
        assert {(c.name, c.args["seconds"]) for c in session.sent} == {("run.hold", 9.0)}
        held = RunAlert(id="starved", severity="warning", text=text, hint=hint, held=True)
        session.waiting = [Event(last.seq + 2, last.ts, held)]
        await settle(app, pilot, last.seq + 2)
        app.main.paint()
        await pilot.pause()
        assert "held while a screen is open: 1 client" in screen_text(app)
        session.waiting = [Event(last.seq + 3, last.ts, RunAlertCleared(id="starved"))]
        await settle(app, pilot, last.seq + 3)
        await pilot.pause(0.1)
        sent = len(session.sent)
        await pilot.pause(0.1)
        assert len(session.sent) == sent
