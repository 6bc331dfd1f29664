"""Keys that are typed ahead: each acts on what those before it led to, and on nothing that came up by itself."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot

from dltui.core.events import ClientExited, ModelPublished
from dltui.tui.actions.catalog import BY_ID
from dltui.tui.app import DltuiApp
from dltui.tui.screens.confirm import ConfirmScreen
from dltui.tui.screens.main import MainScreen
from dltui.tui.screens.palette import PaletteScreen
from dltui.tui.screens.quit import QuitScreen
from dltui.tui.widgets.line_view import LineView
from tests.kits.screen_dump import until
from tests.kits.screen_scenario import Script, started, train, whole_round
from tests.kits.screen_showing import clients, more, notes, showing

PANES = {"3": "clients", "4": "registry", "5": "events"}
MOVES = ("up", "down", "home", "end")
ABOUT = ("stop_client", "restart_client", "suspend", "reinstate", "ban", "register", "refuse", "approve", "reject",
         "verify", "open", "copy", "log")  # fmt: skip
"""Actions that name what they are about."""


def many(count: int = 20) -> Script:
    """A run of many clients in its third round."""
    script = started(Script(), clients=count, rounds=9)
    for number in (1, 2):
        whole_round(script, number, tuple(f"client-{n}" for n in range(5)), 8000 + number)
    return script


def post(app: DltuiApp, *keys: str) -> None:
    """Keys as the driver sends them in one read of the terminal."""
    for key in keys:
        app.post_message(events.Key(_character_to_key(key) if len(key) == 1 else key, key if len(key) == 1 else None))


def watched(app: DltuiApp) -> list[tuple[str, Any]]:
    """Every action that is done from now on, with what is selected at that moment."""
    done: list[tuple[str, Any]] = []
    do = app.control.do

    def noted(name: str) -> None:
        done.append((name, app.control.selection.thing))
        do(name)

    app.control.do = noted  # type: ignore[method-assign]
    return done


async def handled(pilot: Pilot[None], done: list[tuple[str, Any]], name: str) -> None:
    await until(pilot, lambda: name in [what for what, _ in done])
    await pilot.pause()


async def back_to_main(app: DltuiApp, pilot: Pilot[None]) -> None:
    while not isinstance(app.screen, MainScreen):
        app.pop_screen()
        await pilot.pause()


@pytest.mark.parametrize("size", [(120, 40), (200, 60)], ids=str)
async def test_what_is_typed_at_once_is_about_the_client_that_the_keys_lead_to(size: tuple[int, int]) -> None:
    async with showing(many(), size=size) as (app, pilot, _):
        done = watched(app)
        await pilot.press("3", "end")
        assert clients(app).cursor == "client-19"
        await pilot.press("5")
        post(app, "3", "home", "K")
        await handled(pilot, done, "stop_client")
        assert isinstance(app.screen, ConfirmScreen) and app.screen.request.args == {"client": "client-0"}


@pytest.mark.parametrize(
    ("seed", "bursts"), [(1, 15), *(pytest.param(seed, 60, marks=pytest.mark.slow) for seed in range(2, 12))]
)
async def test_a_storm_of_bursts_acts_on_what_the_keys_lead_to(
    seed: int, bursts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every action that names a subject, after any way through the panes, typed faster than the screen is painted."""
    rng = random.Random(seed)
    async with showing(many()) as (app, pilot, _):
        monkeypatch.setattr(app, "copy_to_clipboard", lambda _value: None)
        done = watched(app)
        await pilot.press("4", "home", "5", "home", "3")
        at = {name: _index(app, name) for name in PANES.values()}
        here = "clients"
        for _burst in range(bursts):
            keys = []
            for _key in range(rng.randint(1, 6)):
                if rng.random() < 0.4:
                    key = rng.choice([k for k, name in PANES.items() if name != here])
                    here = PANES[key]
                else:
                    key = rng.choice(MOVES)
                    last = len(_pane(app, here).keys) - 1
                    goal = {"up": at[here] - 1, "down": at[here] + 1, "home": 0, "end": last}[key]
                    at[here] = max(0, min(last, goal))
                keys.append(key)
            name = rng.choice(ABOUT)
            del done[:]
            for key in (*keys, BY_ID[name].keys[0]):
                post(app, key)
                for _turn in range(rng.choice((0, 0, 1, 3, 9, 27))):
                    await asyncio.sleep(0)
            await handled(pilot, done, name)
            kind, subject = dict(done)[name]
            assert subject == _pane(app, here).keys[at[here]], (keys, name, kind)
            await back_to_main(app, pilot)


def _pane(app: DltuiApp, name: str) -> LineView:
    pane = app.main.panes[name]
    assert isinstance(pane, LineView)
    return pane


def _index(app: DltuiApp, name: str) -> int:
    index = _pane(app, name).cursor_index
    assert index is not None
    return index


async def test_keys_that_were_pressed_before_a_dialog_was_seen_do_not_answer_it() -> None:
    script = many()
    script.say(ClientExited(id="client-9", pid=9, code=1))
    async with showing(script) as (app, pilot, session):
        for keys, kind in ((("U", "y"), ConfirmScreen), (("q", "s"), QuitScreen), (("q", "l"), QuitScreen),
                           (("a", "tab", "enter"), ConfirmScreen), (("colon", "enter"), PaletteScreen)):  # fmt: skip
            if keys[0] == "U":
                app.main.go_to("clients") if app.main.current != "clients" else None
                clients(app).move_to("client-12", by_hand=True)
                app.state.clients["client-12"].membership = "suspended"
            await pilot.pause()
            post(app, *keys)
            await until(pilot, lambda kind=kind: isinstance(app.screen, kind))
            await pilot.pause()
            assert isinstance(app.screen, kind) and session.sent == [] and app.is_running, keys
            await back_to_main(app, pilot)


async def test_a_dialog_that_was_seen_takes_the_next_key() -> None:
    script = many()
    async with showing(script) as (app, pilot, session):
        post(app, "a", "y")
        await until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.pause()
        await pilot.press("y")
        await until(pilot, lambda: [c.name for c in session.sent] == ["model.approve"])


async def test_text_for_the_palette_is_kept_in_its_order_and_chooses_nothing_unseen() -> None:
    async with showing(many()) as (app, pilot, session):
        post(app, ":", *"restart", "enter")
        await until(pilot, lambda: isinstance(app.screen, PaletteScreen))
        await until(pilot, lambda: app.screen.query_one("#query").value == "restart")  # type: ignore[attr-defined]
        await pilot.pause()
        assert isinstance(app.screen, PaletteScreen) and session.sent == []


async def test_a_cursor_that_moved_by_itself_gets_no_key_that_was_pressed_before() -> None:
    """Newest first: a version that arrives as `x` is pressed is not the one that was seen."""
    script = many()
    async with showing(script) as (app, pilot, session):
        await pilot.press("4")
        await pilot.pause()
        assert app.main.selected == ("version", 2)
        early = events.Key("x", "x")
        since = len(script.events)
        script.say(ModelPublished(version=3, round=3, digest="9" * 64, cid="b3", parent=2, accuracy_bp=8003))
        await more(app, pilot, session, script, since)
        assert app.main.selected == ("version", 3)
        app.post_message(early)
        await until(pilot, lambda: bool(notes(app)))
        assert isinstance(app.screen, MainScreen)
        assert notes(app) == ["reject: the cursor moved as the key was pressed; press it again"]
        await pilot.press("x")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen) and app.screen.request.args == {"version": 3}


async def test_the_palette_acts_on_nothing_that_slipped_under_the_cursor_behind_it() -> None:
    script = many(6)
    script.say(ClientExited(id="client-0", pid=1, code=1), ClientExited(id="client-1", pid=2, code=1))
    train(script, 3, ("client-0", "client-1"), loss=0.5, accuracy=9000)
    async with showing(script) as (app, pilot, session):
        table = clients(app)
        table.ordering.column, table.ordering.descending = "loss", True
        app.main.repaint()
        await pilot.pause()
        before = table.cursor
        await pilot.press("colon", *"restart")
        await pilot.pause()
        assert isinstance(app.screen, PaletteScreen)
        since = len(script.events)
        train(script, 3, ("client-1",) if before == "client-0" else ("client-0",), loss=0.9, accuracy=9000)
        session.waiting = script.events[since:]
        await until(pilot, lambda: table.cursor != before)
        await pilot.press("enter")
        await until(pilot, lambda: bool(notes(app)))
        assert session.sent == [] and "the cursor moved" in notes(app)[0]
