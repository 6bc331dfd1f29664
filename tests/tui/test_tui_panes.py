"""What the keys that change only the view do: open, filter, sort, hold, freeze, look back, copy, export, pace."""

from __future__ import annotations

import contextlib
import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.color import Color
from textual.message import Message
from textual.pilot import Pilot
from tui_dump import screen_text, settle
from tui_scenario import FakeSession, Script, address, finished, live, started, submitted
from tui_tour import MOMENTS, tour

from dltui.core.events import ClientPending, ClientProgress, Event, RunAlert
from dltui.tui.app import DltuiApp
from dltui.tui.messages import Opened
from dltui.tui.panes.clients import ClientsPane
from dltui.tui.panes.events import EventsPane
from dltui.tui.screens.confirm import ConfirmScreen
from dltui.tui.screens.main import MainScreen
from dltui.tui.theme import PALETTES, SAFE, use


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


@pytest.mark.parametrize(
    ("keys", "thing"),
    [
        (("down", "enter"), ("client", "client-1")),
        (("1", "enter"), ("round", 3)),
        (("1", "1", "down", "down", "enter"), ("round", 2)),
        (("4", "down", "enter"), ("version", 1)),
        (("5", "enter"), ("event", 263)),
        (("2", "down", "down", "enter"), ("client", "client-1")),
        (("2", "end", "enter"), ("tx", f"0x{1:064x}")),
    ],
)
async def test_enter_opens_what_is_under_the_cursor(keys: tuple[str, ...], thing: tuple[str, Any]) -> None:
    opened: list[tuple[str, Any]] = []
    script = live()
    async with showing(script, opened=opened) as (_app, pilot, _session):
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
    assert opened == [thing if thing[0] != "event" else ("event", script.events[-1].seq)]


async def test_a_filter_hides_rows_inverts_and_is_cleared_by_escape() -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("slash", *"sent")
        await pilot.pause()
        assert clients(app).keys == [f"client-{n}" for n in range(4)]
        await pilot.press("enter")
        await pilot.pause()
        assert app.focused is clients(app) and '4 of 8 · filter "sent"' in screen_text(app)
        await pilot.press("slash", "home", "!", "enter")
        await pilot.pause()
        assert clients(app).keys == [f"client-{n}" for n in range(4, 8)]
        await pilot.press("escape")
        await pilot.pause()
        assert len(clients(app).keys) == 8 and "filter" not in screen_text(app)
        await pilot.press("slash", *"nobody", "enter")
        await pilot.pause()
        assert 'Nothing here fits the filter "nobody"' in screen_text(app)
        await pilot.press("slash", "escape")
        await pilot.pause()
        assert len(clients(app).keys) == 8 and app.focused is clients(app)


async def test_keys_typed_into_a_filter_are_no_commands() -> None:
    async with showing(live()) as (app, pilot, session):
        await pilot.press("slash", *"raxKpq12z ")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen) and session.sent == [] and not app.main.zoomed
        assert clients(app).pattern == "raxKpq12z "


async def test_keys_in_one_burst_after_the_slash_are_no_commands_either() -> None:
    async with showing(live()) as (app, pilot, session):
        for key in ("slash", *"sax", "space", *"K["):
            name = {"slash": "/", "space": " "}.get(key, key)
            app.post_message(events.Key({"[": "left_square_bracket"}.get(key, key), name))
        await pilot.pause()
        await pilot.pause()
        assert clients(app).pattern == "sax K[" and clients(app).ordering.column == ""
        assert session.sent == [] and app.picture.live and isinstance(app.screen, MainScreen)


async def test_events_are_filtered_as_they_come() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        await pilot.press("5", "slash", *"update from", "enter")
        await pilot.pause()
        before = len(log(app).keys)
        assert before == 18 and f'{before} of {len(script.events)} · filter "update from"' in screen_text(app)
        since = len(script.events)
        submitted(script, 3, "client-4")
        await more(app, pilot, session, script, since)
        assert len(log(app).keys) == before + 1
        await pilot.press("escape")
        await pilot.pause()
        assert len(log(app).keys) == len(script.events)


async def test_sorting_keeps_the_cursor_on_its_client() -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("down", "down")
        assert clients(app).cursor == "client-2"
        seen = set()
        for _ in range(16):
            await pilot.press("s")
            await pilot.pause()
            seen.add(clients(app).ordering.column)
            assert clients(app).cursor == "client-2"
            await pilot.press("S")
            assert clients(app).cursor == "client-2"
        assert {"", "client", "state", "loss", "acc", "share", "gas", "seen"} == seen
        while clients(app).ordering.column != "gas":
            await pilot.press("s")
        await pilot.pause()
        assert clients(app).keys[0] == "client-0" and "sort gas ▼" in screen_text(app)


async def test_panes_in_an_order_of_their_own_say_so() -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("5", "s")
        assert "Events has its own order" in notes(app)[-1]


async def test_the_order_is_held_while_one_moves_and_let_go_after() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        while clients(app).ordering.column != "loss":
            await pilot.press("s")
        assert clients(app).keys[:2] == ["client-6", "client-5"]
        await pilot.press("down")
        await pilot.pause()
        assert "order held" in screen_text(app) and clients(app).cursor == "client-5"
        since = len(script.events)
        script.say(ClientProgress(id="client-0", round=3, activity="training", epoch=3, epochs=3, loss=9.0))
        await more(app, pilot, session, script, since)
        assert clients(app).keys[:2] == ["client-6", "client-5"] and clients(app).cursor == "client-5"
        clients(app).release()
        await pilot.pause()
        assert clients(app).keys[0] == "client-0" and clients(app).cursor == "client-5"
        assert "order held" not in screen_text(app)


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
        assert notes(app)[-1] == "there is no earlier round to look back on"
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
        assert notes(app)[-1] == "register: round 2 is shown, end goes back to the present"
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


async def test_a_reader_of_the_events_is_left_alone_and_told_what_is_new() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        await pilot.press("5", "up", "up")
        await pilot.pause()
        before = [line for line in screen_text(app).splitlines() if "round    r3 update" in line]
        since = len(script.events)
        submitted(script, 3, "client-4")
        submitted(script, 3, "client-5")
        await more(app, pilot, session, script, since)
        text = screen_text(app)
        assert f"+{len(script.events) - since} new · end follows" in text
        assert [line for line in text.splitlines() if "round    r3 update" in line] == before
        await pilot.press("end")
        await pilot.pause()
        assert "following" in screen_text(app)


async def test_copy_takes_the_address_the_digest_the_hash_and_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    script = live()
    copied: list[str] = []
    async with showing(script) as (app, pilot, _session):
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        await pilot.press("y", "4", "y", "5", "y", "2", "end", "y")
    assert copied[:2] == [address(0), f"{0x1B07 * 2 % 65536:04x}" * 16]
    assert copied[2].endswith("the round goes on without it at the deadline") and copied[3].startswith("0x")
    assert notes(app)[-1] == f"copied {copied[3]}"


@pytest.mark.parametrize(
    ("pane", "rows", "column"),
    [("1", 3, "number"), ("2", 56, "hash"), ("3", 8, "share_bp"), ("4", 3, "digest"), ("5", 263, "data")],
)
async def test_export_writes_what_is_shown(
    pane: str, rows: int, column: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLTUI_RUNS", str(tmp_path / "none"))
    script = live()
    async with showing(script) as (app, pilot, _session):
        if pane != "3":
            await pilot.press(pane)
        await pilot.press("e")
        await pilot.pause()
    (table,) = tmp_path.glob("*.csv")
    (document,) = tmp_path.glob("*.json")
    assert table.name in notes(app)[-1]
    with table.open(newline="") as file:
        read = list(csv.DictReader(file))
    written = json.loads(document.read_text())
    expected = len(script.events) if pane == "5" else rows
    assert len(read) == len(written) == expected and column in read[0]


async def test_export_goes_into_the_folder_of_its_run_and_follows_filter_and_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLTUI_RUNS", str(tmp_path))
    (tmp_path / "7f3a91" / "journal").mkdir(parents=True)
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("slash", *"sent", "enter", "s", "S", "e")
        await pilot.pause()
    (document,) = (tmp_path / "7f3a91" / "exports").glob("clients-*.json")
    assert [row["id"] for row in json.loads(document.read_text())] == [f"client-{n}" for n in (3, 2, 1, 0)]
    assert str(document.parent) in notes(app)[-1]


async def test_the_paint_clock_is_set_within_bounds() -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("plus")
        assert app.paints_per_second == 8.0 and notes(app)[-1] == "at most 8 paints a second"
        await pilot.press(*["plus"] * 4)
        assert app.paints_per_second == 16.0
        await pilot.press(*["minus"] * 9)
        assert app.paints_per_second == 0.5


async def test_the_safe_theme_tells_good_from_bad_without_red_and_green() -> None:
    ok, bad, warn = (Color.parse(color) for color in (SAFE.ok, SAFE.bad, SAFE.warn))
    # Deuteranopia and protanopia leave blue against yellow: the tones differ there and in brightness.
    assert ok.b > ok.r and bad.b < bad.r and warn.b < warn.r
    assert abs(warn.brightness - bad.brightness) > 0.15
    try:
        async with showing(finished()) as (app, pilot, _session):
            await pilot.press("t")
            await settle(app, pilot, app.state.last_seq)
            assert app.theme == SAFE.name
            strip = clients(app).render_line(1)
            colours = {s.style.color.name for s in strip if s.style and s.style.color and "included" in s.text}
            assert colours == {SAFE.ok}
    finally:
        use(next(iter(PALETTES)))


async def test_no_color_leaves_only_greys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with showing(live()) as (app, pilot, _session):
        await pilot.pause()
        assert app.no_color
        for strip in app.screen._compositor.render_strips():
            for segment in strip.apply_filter(app._filters[0], Color.parse("black")) if app._filters else strip:
                if segment.style and segment.style.color and segment.style.color.triplet:
                    red, green, blue = segment.style.color.triplet
                    assert red == green == blue, segment


@pytest.mark.parametrize("moment", sorted(MOMENTS))
async def test_every_state_is_a_symbol_and_a_word(moment: str) -> None:
    script = tour(MOMENTS[moment])
    async with showing(script) as (app, _pilot, _session):
        for pane, column in ((app.main.panes["clients"], 1), (app.main.panes["registry"], 1)):
            for key in pane.keys:
                symbol, _, word = pane._row_of(key).cells[column][0].partition(" ")
                assert len(symbol) == 1 and not symbol.isalnum() and word.replace(" ", "").isalpha()


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


async def test_a_client_that_asks_to_join_is_announced_and_the_cursor_stays() -> None:
    script = started(Script(), clients=3)
    async with showing(script) as (app, pilot, session):
        await pilot.press("down")
        since = len(script.events)
        script.say(ClientPending(id="aaa", address=address(70), name="aaa"))
        script.say(RunAlert(id="pending", severity="warning", text="waiting to be registered: aaa", hint="r"))
        await more(app, pilot, session, script, since)
        assert clients(app).cursor == "client-1"
        assert "2 pending, r registers" in screen_text(app) and "waiting to be registered: aaa" in screen_text(app)


async def test_a_lost_engine_is_what_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async with showing(live()) as (app, pilot, _session):
        app.lost = True
        app.main.changed(frozenset({"alert"}))
        app.main.paint()
        await pilot.pause()
        text = screen_text(app)
        assert "for the engine, which does not answer" in text and "dltui resume 7f3a91 goes on from the chain" in text


def test_events_of_the_recorded_run_are_whole() -> None:
    events: list[Event] = tour().events
    assert [event.seq for event in events] == list(range(1, len(events) + 1)) and events[-1].kind == "run.finished"
