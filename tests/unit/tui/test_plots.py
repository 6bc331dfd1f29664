"""The plots: what they show at every size, that they follow the run only while they are shown, and foreign names."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from dltui.config.sections import load
from dltui.core.events import Event
from dltui.tui.app import DltuiApp
from dltui.tui.screens import plots
from dltui.tui.screens.help import HelpScreen
from dltui.tui.screens.main import MainScreen
from dltui.tui.screens.palette import PaletteScreen
from dltui.tui.screens.plots import PlotsScreen
from dltui.tui.screens.quit import QuitScreen
from dltui.tui.theme import THEMES
from tests.kits.screen_dump import screen_text, settle, until
from tests.kits.screen_scenario import FakeSession, Script, approved, finished, live, started, whole_round
from tests.kits.screen_showing import notes

HOSTILE = "[/x]\x1b[2J[@click=app.quit]\u202e"


@contextlib.asynccontextmanager
async def plotted(
    script: Script, size: tuple[int, int] = (120, 40), before: tuple[str, ...] = (), key: str = "g", **options: Any
) -> AsyncIterator[tuple[DltuiApp, Pilot[None], FakeSession]]:
    session = FakeSession(script.events)
    app = DltuiApp(session, clock=lambda: script.now, **options)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, script.events[-1].seq if script.events else 0)
        await pilot.press(*before, key)
        await until(pilot, lambda: isinstance(app.screen, PlotsScreen) and app.screen.size.width > 0)
        await pilot.pause()
        yield app, pilot, session


async def test_four_plots_with_their_newest_values() -> None:
    async with plotted(finished()) as (app, _pilot, _session):
        text = screen_text(app)
    for words in (
        "1 Accuracy per version",
        "● test split 0.908   x committee 0.912",
        "2 Loss per version",
        "● test split 0.400",
        "3 Weight share per client",
        "Round 3: 4 clients counted, each for 25.0%.",
        "4 Gas per round",
        "3 rounds used",
    ):
        assert words in text
    row = next(line for line in text.splitlines() if "client-3" in line)
    assert row.count(".250") == 3
    assert text.count("█") > 100


@pytest.mark.parametrize("size", [(80, 24), (64, 16), (40, 8)])
async def test_a_small_terminal_shows_one_plot_at_a_time(size: tuple[int, int]) -> None:
    async with plotted(finished(), size) as (app, pilot, _session):
        seen = []
        for _ in range(4):
            text = screen_text(app)
            assert max(map(cell_len, text.splitlines())) <= size[0]
            seen += [title for title in ("Accuracy", "Loss", "Weight", "Gas") if f"{title} " in text.splitlines()[1]]
            await pilot.press("right")
            await pilot.pause()
        assert seen == ["Accuracy", "Loss", "Weight", "Gas"]


async def test_a_number_shows_its_plot_alone_and_again_all() -> None:
    async with plotted(finished()) as (app, pilot, _session):
        await pilot.press("4")
        await pilot.pause()
        assert "Gas per round" in screen_text(app) and "Loss per version" not in screen_text(app)
        await pilot.press("4")
        await pilot.pause()
        assert "Gas per round" in screen_text(app) and "Loss per version" in screen_text(app)


@pytest.mark.parametrize("key", ["escape", "g"])
async def test_back_to_the_panes(key: str) -> None:
    async with plotted(finished()) as (app, pilot, _session):
        await pilot.press(key)
        await pilot.pause()
        assert isinstance(app.screen, MainScreen) and not app._exit


async def test_the_keys_of_every_screen_work_on_the_plots_too() -> None:
    async with plotted(live()) as (app, pilot, session):
        for key, screen in (("question_mark", HelpScreen), ("colon", PaletteScreen), ("q", QuitScreen)):
            await pilot.press(key)
            await until(pilot, lambda screen=screen: isinstance(app.screen, screen))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, PlotsScreen))
        await pilot.press("t", "y", "5", "p")
        await until(pilot, lambda: session.arrived.is_set())
        assert app.theme != THEMES[0].name and session.sent[0].name == "run.pause"
        assert "copy: works on the main screen" in notes(app) and "graphs: there are 4" in notes(app)


async def test_remapped_keys_open_turn_and_close_the_plots() -> None:
    keys = load(flags={"keys": {"back": "f9", "plots": "G", "pane_round": "f2", "pane_chain": "f3", "palette": "none"}})
    async with plotted(live(), key="G", keys=keys.keys) as (app, pilot, _session):
        hints = screen_text(app).splitlines()[-1]
        assert hints.startswith(" f9 Back  f2-4 one plot (again: all)  left right turn  ")
        assert hints.endswith("  ? Help  q Quit")
        await pilot.press("f3")
        await pilot.pause()
        assert "Loss per version" in screen_text(app) and "Accuracy per version" not in screen_text(app)
        for key in ("f9", "G"):
            await pilot.press(key)
            await until(pilot, lambda: isinstance(app.screen, MainScreen))
            await pilot.press("G")
            await until(pilot, lambda: isinstance(app.screen, PlotsScreen))


async def test_plots_of_the_past_say_so_and_end_shows_the_present() -> None:
    async with plotted(live(), before=("[",)) as (app, pilot, _session):
        assert "run 7f3a91  >  graphs   ▲ as of round 2" in screen_text(app).splitlines()[0]
        await pilot.press("end")
        await pilot.pause()
        assert app.picture.live and "as of" not in screen_text(app)


async def test_plots_name_the_size_where_there_is_no_room() -> None:
    async with plotted(live()) as (app, pilot, _session):
        await pilot.resize_terminal(39, 7)
        await until(pilot, lambda: "39x7: needs 40x8" in screen_text(app))


async def test_ascii_stays_ascii() -> None:
    async with plotted(finished(), ascii=True) as (app, _pilot, _session):
        assert screen_text(app).isascii()


async def test_an_empty_run_says_what_will_appear() -> None:
    async with plotted(Script()) as (app, _pilot, _session):
        text = screen_text(app)
    assert "Accuracy appears with the first version" in text and "Gas appears with the first round." in text


async def test_plots_follow_the_run_while_they_are_shown_and_rest_while_they_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[int] = []
    figures = plots.figures
    monkeypatch.setattr(plots, "figures", lambda state: drawn.append(state.last_seq) or figures(state))
    monkeypatch.setattr(plots, "REFRESH_SECONDS", 0.02)
    script = started(Script(), clients=5, rounds=3)
    members = tuple(f"client-{n}" for n in range(4))
    whole_round(script, 1, members, 8640)
    async with plotted(script) as (app, pilot, session):
        before = len(script.events)
        approved(script, 1)
        whole_round(script, 2, members, 9870)
        session.waiting = script.events[before:]
        await until(pilot, lambda: "committee 0.987" in screen_text(app))
        screen = app.screen
        app.push_screen(PlotsScreen(app))
        await until(pilot, lambda: app.screen is not screen)
        app.pop_screen()
        await until(pilot, lambda: app.screen is screen)
        count = len(drawn)
        for _ in range(10):
            await pilot.pause(0.02)
        assert len(drawn) == count and len(set(drawn)) >= 2


async def test_a_hostile_name_is_harmless() -> None:
    script = started(Script(), clients=5, rounds=3)
    whole_round(script, 1, ("client-0", "client-1", HOSTILE), 8640)
    events = [Event(event.seq, event.ts, event.data) for event in script.events]
    session = FakeSession(events)
    app = DltuiApp(session, clock=lambda: script.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, events[-1].seq)
        await pilot.press("g")
        await until(pilot, lambda: "Weight share" in screen_text(app))
        text = screen_text(app)
    assert "[/x]" in text and "\x1b" not in text and "\u202e" not in text
