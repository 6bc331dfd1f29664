"""Which moment is shown, and when what is painted: freeze, look back, come home, pace."""

from __future__ import annotations

import pytest

from dltui.core.events import ClientPending, RunAlert
from dltui.tui.actions.catalog import PANES
from dltui.tui.screens.confirm import ConfirmScreen
from dltui.tui.screens.main import MainScreen
from dltui.tui.screens.page import PageScreen
from tests.kits.screen_dump import screen_text, settle
from tests.kits.screen_scenario import Script, address, approved, finished, live, started, submitted, whole_round
from tests.kits.screen_showing import clients, more, notes, showing


async def test_a_frozen_picture_stays_through_zoom_sort_and_resize() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        await pilot.press("space")
        since = len(script.events)
        submitted(script, 3, "client-4")
        await more(app, pilot, session, script, since)
        assert f"frozen, +{len(script.events) - since} events" in screen_text(app)
        await pilot.press("s", "z")
        await pilot.pause()
        await pilot.resize_terminal(100, 30)
        await pilot.resize_terminal(120, 40)
        await settle(app, pilot, script.events[-1].seq)
        row = next(line for line in screen_text(app).splitlines() if "client-4" in line)
        assert clients(app).size.height > 30 and "◐ training" in row
        assert app.main.shown.rounds[3].submitted.keys() == {f"client-{n}" for n in range(4)}
        await pilot.press("z")
        await settle(app, pilot, script.events[-1].seq)
        assert "4/7 updates" in screen_text(app)
        await pilot.press("space")
        await settle(app, pilot, script.events[-1].seq)
        assert "5/7 updates" in screen_text(app) and "frozen" not in screen_text(app)


async def test_a_look_back_from_a_frozen_picture_starts_there_and_ends_there() -> None:
    script = started(Script(), clients=5)
    members = tuple(f"client-{n}" for n in range(4))
    for number in (1, 2):
        whole_round(script, number, members, 8000)
        approved(script, number)
    async with showing(script) as (app, pilot, session):
        await pilot.press("space")
        since = len(script.events)
        for number in (3, 4):
            whole_round(script, number, members, 9000)
            approved(script, number)
        await more(app, pilot, session, script, since)
        await pilot.press("left_square_bracket")
        await pilot.pause()
        assert "viewing round 1 - live is round 4" in screen_text(app)
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert max(app.main.shown.rounds) == 2 and app.picture.frozen
        await pilot.press("left_square_bracket", "space")
        await pilot.pause()
        assert "viewing round 1" in screen_text(app) and "frozen" not in screen_text(app)


async def test_end_leaves_a_frozen_picture() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        await pilot.press("space")
        since = len(script.events)
        submitted(script, 3, "client-4")
        await more(app, pilot, session, script, since)
        await pilot.press("end")
        await pilot.pause()
        assert app.picture.live and "5/7 updates" in screen_text(app) and "frozen" not in screen_text(app)


async def test_rounds_are_looked_back_on_and_end_comes_home() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        await pilot.press("left_square_bracket")
        await pilot.pause()
        text = screen_text(app)
        assert "viewing round 2 - live is round 3 - end = live" in text and "Round 2 of 10: made version 2" in text
        await pilot.press("left_square_bracket")
        await pilot.pause()
        text = screen_text(app)
        assert "Round 1 of 10: made version 1" in text and "v2" not in text
        since = len(script.events)
        submitted(script, 3, "client-4")
        await more(app, pilot, session, script, since)
        assert screen_text(app).splitlines()[1:] == text.splitlines()[1:]
        await pilot.press("left_square_bracket", "left_square_bracket")
        await pilot.pause()
        assert "viewing the set-up, before round 1" in screen_text(app)
        assert notes(app)[-1] == "round before: there is no earlier round to look back on"
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert "viewing round 1" in screen_text(app)
        await pilot.press("end")
        await pilot.pause()
        assert "viewing" not in screen_text(app) and "5/7 updates" in screen_text(app)


async def test_nothing_is_written_from_a_picture_of_the_past() -> None:
    async with showing(live()) as (app, pilot, session):
        await pilot.press("left_square_bracket", "r")
        await pilot.pause()
        assert notes(app)[-1] == "register: round 2 is shown, and the past cannot be changed"
        assert isinstance(app.screen, MainScreen) and session.sent == []
        await pilot.press("end", "r")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen)


async def test_end_is_the_last_row_again_when_the_present_is_shown() -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("left_square_bracket", "end")
        assert app.picture.live and clients(app).cursor == "client-0"
        await pilot.press("end")
        assert clients(app).cursor == "client-7"


@pytest.mark.parametrize(
    ("pane", "keys", "selected"),
    [
        ("clients", ("end",), ("client", "client-9")),
        ("registry", ("down", "up"), ("version", 2)),
        ("round", ("down",), ("round", 3)),
        ("events", ("up", "up"), ("event", 243)),
    ],
)
async def test_who_was_selected_is_selected_again_after_a_look_back(
    pane: str, keys: tuple[str, ...], selected: tuple[str, int | str]
) -> None:
    script = live().say(ClientPending(id="client-9", address=address(9), name="client-9"))
    async with showing(script) as (app, pilot, _session):
        await pilot.press(str(1 + PANES.index(pane)) if pane != "clients" else "down", *keys)
        await pilot.pause()
        assert app.main.selected == selected
        await pilot.press("left_square_bracket", "left_square_bracket")
        await pilot.pause()
        assert app.main.selected != selected
        await pilot.press("end")
        await pilot.pause()
        assert app.main.selected == selected


async def test_the_paint_clock_is_set_within_bounds() -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("plus")
        assert app.paints_per_second == 8.0 and notes(app)[-1] == "at most 8 paints a second"
        await pilot.press(*["plus"] * 4)
        assert app.paints_per_second == 16.0
        await pilot.press(*["minus"] * 9)
        assert app.paints_per_second == 0.5


async def test_a_hidden_pane_is_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    script = live()
    async with showing(script, size=(80, 24)) as (app, pilot, session):
        drawn: list[str] = []
        for name, pane in app.main.panes.items():
            monkeypatch.setattr(pane, "draw_state", lambda state, now, name=name: drawn.append(name))
        since = len(script.events)
        submitted(script, 3, "client-4")
        await more(app, pilot, session, script, since)
        assert set(drawn) == {"round", "clients", "events"}


async def test_a_quiet_finished_run_paints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with showing(finished()) as (app, _pilot, _session):
        painted: list[int] = []
        monkeypatch.setattr(app.main, "paint", lambda: painted.append(1))
        for _ in range(5):
            app.main._age()
            app.main._tick()
        assert painted == []


async def test_pages_show_the_round_that_is_looked_back_on() -> None:
    async with showing(live()) as (app, pilot, session):
        await pilot.press("left_square_bracket", "left_square_bracket")
        app.control.open("round", 2)
        await pilot.pause()
        assert "as of round 1" in screen_text(app) and "round 2 is not known here" in screen_text(app)
        await pilot.press("escape", "3", "enter")
        await pilot.pause()
        assert isinstance(app.screen, PageScreen) and "included   1 of 1 round" in screen_text(app)
        await pilot.press("K")
        await pilot.pause()
        assert notes(app)[-1] == "stop client: round 1 is shown, and the past cannot be changed" and session.sent == []
        await pilot.press("end")
        await pilot.pause()
        text = screen_text(app)
        assert app.picture.live and "as of" not in text and "of 3 rounds" in text


async def test_a_frozen_page_stays_and_alerts_are_always_those_of_now() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        await pilot.press("space")
        app.control.open("round", 3)
        await pilot.pause()
        frozen = screen_text(app)
        assert "as of the frozen picture" in frozen and "updates    4 of 7" in frozen
        since = len(script.events)
        submitted(script, 3, "client-4")
        script.say(RunAlert(id="x", severity="error", text="something new", hint=""))
        await more(app, pilot, session, script, since)
        app.screen._tick()  # type: ignore[attr-defined]
        await pilot.pause()
        assert screen_text(app) == frozen
        await pilot.press("escape", "!")
        await pilot.pause()
        assert "something new" in screen_text(app) and "as of" not in screen_text(app)
