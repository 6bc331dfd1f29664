"""Moving through a walkthrough while its run goes on, and through a recording."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from dltui.core import events as ev
from dltui.rundir.session import ReplaySession
from dltui.tui.app import DltuiApp
from dltui.tui.screens.page import PageScreen
from tests.kits.screen_dump import screen_text, until
from tests.kits.screen_scenario import FakeSession, Leader, Script, approved, started, whole_round

RUNS = Path(__file__).parents[2] / "fixtures" / "runs"
LAST = 263


def beat(script: Script, n: int, title: str) -> None:
    script.say(ev.DemoStep(n=n, of=4, title=title, text=f"What {title} shows."))


def told() -> Script:
    """Three beats of four: set-up, a round, its approval."""
    script = Script()
    beat(script, 1, "Setting up")
    started(script, clients=5, rounds=3)
    beat(script, 2, "A round")
    whole_round(script, 1, tuple(f"client-{n}" for n in range(4)), 8640)
    beat(script, 3, "Approval")
    approved(script, 1)
    return script


class Hand:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@contextlib.asynccontextmanager
async def toured(
    leader: Leader | None = None, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[tuple[DltuiApp, Pilot[None], FakeSession, Script]]:
    script = told()
    session = FakeSession(script.events)
    leader = leader or Leader()
    app = DltuiApp(session, clock=lambda: script.now, director=leader)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: app.state.last_seq == script.events[-1].seq)
        app.main.paint()
        await pilot.pause()
        yield app, pilot, session, script


@contextlib.asynccontextmanager
async def replayed(
    speed: float | None = 1.0, run: str = "walkthrough"
) -> AsyncIterator[tuple[DltuiApp, Pilot[None], ReplaySession, Hand]]:
    clock = Hand()
    session = ReplaySession(RUNS / run, speed, clock=clock)
    app = DltuiApp(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.state.last_seq > 0)
        yield app, pilot, session, clock


async def shows(app: DltuiApp, pilot: Pilot[None], *words: str) -> None:
    await until(pilot, lambda: all(word in screen_text(app) for word in words))


async def test_the_caption_says_which_beat_this_is_and_what_keys_do() -> None:
    async with toured() as (app, pilot, _session, _script):
        await shows(app, pilot, "3/4 Approval", "● live", "What Approval shows.", ". next", ", back", "enter pause")


async def test_back_shows_each_beat_as_it_ended_while_the_run_goes_on() -> None:
    async with toured() as (app, pilot, session, script):
        await pilot.press("comma")
        await shows(app, pilot, "2/4 A round", "‖ viewing 2, live is 3", "v1", "review")
        assert not app._notifications
        await pilot.press("comma")
        await shows(app, pilot, "1/4 Setting up", "viewing 1, live is 3")
        assert "v1" not in screen_text(app)
        before = len(script.events)
        whole_round(script, 2, tuple(f"client-{n}" for n in range(4)), 8912)
        beat(script, 4, "The end")
        session.waiting = script.events[before:]
        await until(pilot, lambda: app.state.last_seq == script.events[-1].seq)
        await shows(app, pilot, "1/4 Setting up", "viewing 1, live is 4")
        assert "v2" not in screen_text(app)
        await pilot.press("comma")
        await pilot.pause()
        assert [note.message for note in app._notifications] == ["back: this is the first beat"]
        await pilot.press("full_stop", "full_stop", "full_stop")
        await shows(app, pilot, "4/4 The end", "● live", "v2")


async def test_escape_goes_straight_back_to_the_present() -> None:
    async with toured() as (app, pilot, _session, _script):
        await pilot.press("comma", "comma")
        await shows(app, pilot, "viewing 1")
        await pilot.press("escape")
        await shows(app, pilot, "3/4 Approval", "● live")


async def test_next_at_the_present_ends_the_hold_of_its_beat() -> None:
    leader = Leader()
    async with toured(leader) as (_app, pilot, _session, _script):
        await pilot.press("full_stop")
        await pilot.pause()
        assert leader.skipped == 1


async def test_enter_pauses_where_no_row_has_the_focus_and_h_everywhere() -> None:
    leader = Leader()
    async with toured(leader) as (app, pilot, _session, _script):
        assert app.main.current == "round"
        await pilot.press("enter")
        await shows(app, pilot, "‖ paused")
        assert leader.paused
        await pilot.press("enter")
        await shows(app, pilot, "● live")
        await pilot.press("3")
        await shows(app, pilot, ". next", "h pause")
        await pilot.press("h")
        await until(pilot, lambda: leader.paused)
        await pilot.press("h", "greater_than_sign")
        await shows(app, pilot, "live at 2x")
        assert leader.speed == 2.0 and not leader.paused


async def test_enter_opens_a_row_of_the_round_and_chain_panes_all_the_same() -> None:
    leader = Leader()
    async with toured(leader) as (app, pilot, _session, _script):
        for keys in (("1", "down"), ("2", "down")):
            await pilot.press(*keys)
            await shows(app, pilot, "h pause")
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, PageScreen))
            assert not leader.paused
            await pilot.press("escape")
            await until(pilot, lambda: app.screen is app.main)


async def test_a_recording_is_verified_as_a_whole_wherever_it_stands() -> None:
    async with replayed(run="story") as (app, pilot, _session, _clock):
        assert not app.state.finished
        assert next(hint for hint in app.main.hints.fitting(200) if hint.id == "verify").enabled
        await pilot.press("v")
        await shows(app, pilot, "Verify the whole run", "this screen does not know the run's folder")


async def test_the_first_beat_is_told_before_the_engine_takes_it() -> None:
    leader = Leader()
    leader.step = ev.DemoStep(n=1, of=4, title="Setting up", text="A chain starts.")
    app = DltuiApp(FakeSession(), director=leader)
    async with app.run_test(size=(120, 40)) as pilot:
        await shows(app, pilot, "1/4 Setting up", "A chain starts.", "● live")


async def test_a_paused_end_stays_until_it_goes_on() -> None:
    leader = Leader()
    leader.finished = False
    script = told()
    session = FakeSession(script.say(ev.RunFinished(status="done", exit_code=0)).events)
    app = DltuiApp(session, director=leader)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.over)
        await shows(app, pilot, "3/4 Approval", "● live")
        leader.finished = True
        await shows(app, pilot, "3/4 Approval", "over: look around, q leaves")


async def test_a_walkthrough_that_breaks_down_is_a_failure_not_a_silence() -> None:
    class Broken(Leader):
        def tick(self, new_events: list[ev.Event], now: float) -> None:
            raise ZeroDivisionError("x")

    app = DltuiApp(FakeSession(told().events), director=Broken())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._exit)
    assert app.return_code == 1 and "it broke down: ZeroDivisionError" in str(app.failure)


async def test_without_a_story_the_keys_say_so() -> None:
    script = told()
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app.state.last_seq == script.events[-1].seq)
        await pilot.press("full_stop", "comma", "h", "less_than_sign")
        await pilot.pause()
        assert len(app._notifications) == 4
        assert all("no walkthrough leads this run, and it is no replay" in n.message for n in app._notifications)


async def test_a_replay_moves_by_beats_forward_and_back() -> None:
    async with replayed() as (app, pilot, session, _clock):
        session.paused = True
        for title in ("1/15 A chain of our own", "2/15 Three contracts", "3/15 Clients ask to join"):
            await pilot.press("full_stop")
            await shows(app, pilot, title, "replay paused")
        await pilot.press("comma")
        await shows(app, pilot, "2/15 Three contracts")
        assert app.state.last_seq == session.position
        assert all(client.index is None for client in app.state.clients.values())
        for _ in range(20):
            await pilot.press("full_stop")
        await shows(app, pilot, "14/15 The last word", "replay paused", "DONE")


async def test_a_replay_keeps_who_is_selected_through_a_moment_without_them() -> None:
    async with replayed(run="story") as (app, pilot, session, _clock):
        session.seek(LAST)
        await until(pilot, lambda: app.state.last_seq == LAST)
        await pilot.press("3", "down", "down")
        chosen = app.main.selected
        assert chosen is not None and chosen[0] == "client"
        session.seek(2)
        await until(pilot, lambda: app.state.last_seq == 2 and app.main.selected is None)
        session.seek(LAST)
        await until(pilot, lambda: app.state.last_seq == LAST)
        app.main.paint()
        assert app.main.selected == chosen


async def test_a_replay_without_beats_moves_by_rounds() -> None:
    async with replayed(run="story") as (app, pilot, session, _clock):
        session.marks.beats.clear()
        session.paused = True
        for number in (1, 2, 3):
            await pilot.press("full_stop")
            await until(pilot, lambda: bool(app.state.rounds) and max(app.state.rounds) == number)  # noqa: B023
        await pilot.press("comma")
        await until(pilot, lambda: max(app.state.rounds) == 2)
        await pilot.press("full_stop", "full_stop")
        await until(pilot, lambda: app.state.last_seq == LAST)


async def test_a_replay_pauses_and_changes_its_speed_and_its_clock_is_that_of_its_events() -> None:
    async with replayed(run="story") as (app, pilot, session, clock):
        await pilot.press("1", "enter")
        await shows(app, pilot, "replay paused, event 1 of 263")
        clock.now += 100.0
        await pilot.press("enter", "greater_than_sign")
        assert session.speed == 2.0
        clock.now += 1.0
        await shows(app, pilot, "replay 2x, event 9 of 263")
        assert app.now() == session.now
        clock.now += 1e6
        await shows(app, pilot, "replay at the end, event 263 of 263")


@pytest.mark.parametrize("size", [(80, 24), (64, 16), (40, 8)])
async def test_the_caption_fits_small_terminals(size: tuple[int, int]) -> None:
    async with toured(size=size) as (app, pilot, _session, _script):
        await pilot.press("comma")
        await shows(app, pilot, "2/4 A round", "viewing 2")
