"""Pages about one thing: what they show of a recorded run, how they lead on and back, and foreign text on them."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from dltui.core.answers import encode
from dltui.core.events import ClientPending, ClientSpawned, Event, RunAlert, TxReverted
from dltui.tui import theme
from dltui.tui.app import DltuiApp
from dltui.tui.guide import GUIDE
from dltui.tui.screens.main import MainScreen
from dltui.tui.screens.page import PAGES, PageScreen
from tests.kits.goldens import SIZES, same_as_golden
from tests.kits.screen_dump import screen_text, settle, until
from tests.kits.screen_recorded import DECODED, first, moment
from tests.kits.screen_scenario import FakeSession, approved, awaiting, finished, live

HOSTILE = "[/x]\x1b[2J[@click=app.quit]\x1b]0;t\x07\x9b31m\u202e\ud800\nx"


async def drawn(app: DltuiApp, pilot: Pilot[None]) -> str:
    await until(pilot, lambda: not any(w.node is app.screen and w.is_running for w in app.workers))
    assert isinstance(app.screen, PageScreen)
    app.screen.paint()
    await pilot.pause()
    return screen_text(app)


def subject(kind: str) -> Any:
    if kind == "tx":
        return first("tx.reverted").data.hash  # type: ignore[attr-defined]
    if kind == "event":
        return first("round.included", round=1).seq
    return {"client": "client-2", "version": 1, "round": 1, "alerts": None}[kind]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("kind", ["client", "version", "round", "tx", "event", "alerts"])
async def test_pages_of_a_recorded_run_are_as_they_were(kind: str, size: tuple[int, int]) -> None:
    async with moment(first("run.alert", id="starved").seq, size) as (app, pilot, _session):
        app.control.open(kind, subject(kind))
        await pilot.pause()
        same_as_golden(await drawn(app, pilot), f"page-{kind}", size)


@pytest.mark.parametrize("kind", ["client", "round"])
async def test_pages_in_plain_characters(kind: str) -> None:
    async with moment(size=(80, 24), ascii=True) as (app, pilot, _session):
        app.control.open(kind, subject(kind))
        await pilot.pause()
        assert (await drawn(app, pilot)).isascii()


async def test_enter_leads_on_and_escape_back_with_crumbs_of_the_way() -> None:
    async with moment() as (app, pilot, _session):
        await pilot.press("3", "enter")
        await until(pilot, lambda: isinstance(app.screen, PageScreen))
        assert app.screen.about == ("client", "client-0")  # type: ignore[attr-defined]
        for _ in range(20):
            if (app.screen.selected or ("",))[0] == "tx":  # type: ignore[attr-defined]
                break
            await pilot.press("down")
        hash = app.screen.selected[1]  # type: ignore[attr-defined]
        await pilot.press("enter")
        await until(pilot, lambda: app.screen.about == ("tx", hash))  # type: ignore[attr-defined]
        assert "run" in (text := await drawn(app, pilot)) and ">  client-0  >  " in text.splitlines()[0]
        await pilot.press("escape")
        await pilot.pause()
        assert app.screen.about == ("client", "client-0")  # type: ignore[attr-defined]
        assert app.screen.selected == ("tx", hash)  # type: ignore[attr-defined]
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen)


@pytest.mark.parametrize(("pane", "kind"), [("1", "round"), ("3", "client"), ("4", "version"), ("5", "event")])
async def test_enter_opens_the_row_of_every_pane(pane: str, kind: str) -> None:
    async with moment() as (app, pilot, _session):
        await pilot.press(pane, "enter")
        await until(pilot, lambda: isinstance(app.screen, PageScreen))
        assert app.screen.about[0] == kind  # type: ignore[attr-defined]


async def test_enter_opens_every_row_of_the_chain_and_every_alert() -> None:
    async with moment() as (app, pilot, _session):
        pane = app.main.panes["chain"]
        rows = [key for key in pane.keys if pane.selectable(key)]  # type: ignore[attr-defined]
        assert {kind for kind, _ in rows} == {"call", "client", "operator", "round", "set-up", "tx"}
        assert ("call", "deploy FLContract") in rows and ("call", "submit") in rows
        alerts = PAGES["alerts"](app.state, None, app.now())
        assert alerts.facts and all(fact.target is not None for fact in alerts.facts)
        for kind, id in {*rows, *(fact.target for fact in alerts.facts if fact.target is not None)}:
            page = PAGES[kind](app.state, id, app.now())
            assert "is not known here" not in page.facts[0].text
            assert GUIDE["round page" if kind == "round" else kind]
        await pilot.press("2", "end", "!", "enter")
        await until(pilot, lambda: app.screen.about[0] != "alerts")  # type: ignore[attr-defined]


async def test_a_page_stays_on_its_client_and_follows_what_happens() -> None:
    script = awaiting()
    session = FakeSession(script.events)
    app = DltuiApp(session, clock=lambda: script.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        app.control.open("version", 1)
        await pilot.pause()
        assert "nobody has decided on it" in await drawn(app, pilot)
        approved(script, 1)
        session.waiting = script.events[-5:]
        await until(pilot, lambda: "this is the released version" in screen_text(app))


async def test_what_a_key_on_a_page_acts_on() -> None:
    async with moment(first("model.published", version=1).seq) as (app, pilot, session):
        app.control.open("version", 1)
        await pilot.pause()
        await pilot.press("a", "y")
        await until(pilot, lambda: bool(session.sent))
        assert (session.sent[0].name, session.sent[0].args) == ("model.approve", {"version": 1})
        app.control.open("client", "client-1")
        await pilot.pause()
        await pilot.press("u")
        await pilot.pause()
        assert "FLContract.suspendClient(1)" in screen_text(app)


async def test_copy_takes_the_whole_value_of_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async with moment() as (app, pilot, _session):
        copied: list[str] = []
        monkeypatch.setattr(app, "copy_to_clipboard", copied.append)
        app.control.open("version", 1)
        await pilot.pause()
        await pilot.press("y")
        update = next(v.digest for v in app.state.rounds[1].verdicts if v.included)
        assert copied == [update]


async def test_an_unknown_thing_has_a_page_that_says_so() -> None:
    async with moment() as (app, pilot, _session):
        app.control.open("tx", "0x" + "ee" * 32)
        await pilot.pause()
        text = await drawn(app, pilot)
        assert "is not known here" in text and "dltui tx show 0xeeee" in text


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_foreign_text_is_harmless_on_every_page(size: tuple[int, int]) -> None:
    script = live()
    script.say(
        ClientSpawned(id=HOSTILE, pid=1, address=HOSTILE),
        ClientPending(id=HOSTILE, address=HOSTILE, name=HOSTILE + "2"),
        TxReverted(hash=HOSTILE, function=HOSTILE, sender=HOSTILE, address=HOSTILE, block=99, gas_used=1, fee=1,
                   reason=HOSTILE),
        RunAlert(id=HOSTILE, severity="error", text=HOSTILE, hint=HOSTILE),
    )  # fmt: skip
    session = FakeSession(script.events)
    foreign = HOSTILE.replace("\ud800", "")
    session.answers["tx.show"] = encode(DECODED.__class__(**{**fields(), "arguments": ((foreign, foreign),)}))
    app = DltuiApp(session, clock=lambda: script.now)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        for kind, id in (
            ("client", HOSTILE),
            ("tx", HOSTILE),
            ("alerts", None),
            ("event", len(script.events)),
            ("client", f"nobody{HOSTILE}"),
        ):
            app.control.open(kind, id)
            await pilot.pause()
            lines = (await drawn(app, pilot)).splitlines()
            assert all(line.isprintable() for line in lines), kind
            assert "2J" not in "".join(lines) and "[/x]" in "".join(lines)
            assert max(map(cell_len, lines)) <= size[0]
        for _ in range(5):
            await pilot.press("escape")
            await pilot.pause()
        assert isinstance(app.screen, MainScreen) and app._exception is None


def fields() -> dict[str, Any]:
    return {name: getattr(DECODED, name) for name in DECODED.__struct_fields__}


async def test_a_read_only_screen_greys_commands_on_pages_too() -> None:
    async with moment(first("round.opened", round=2).seq, read_only=True) as (app, pilot, session):
        app.control.open("client", "client-1")
        await pilot.pause()
        for key in "uBKaxrn":
            await pilot.press(key)
        await pilot.pause()
        assert session.sent == [] and session.asked == []
        assert {note.message.partition(": ")[2] for note in app._notifications} == {"this screen only reads"}
        assert "Suspend" not in screen_text(app)


def test_every_scenario_folds() -> None:
    assert all(isinstance(event, Event) for script in (live(), awaiting(), finished()) for event in script.events)


async def test_a_terminal_without_room_names_the_size_and_comes_back() -> None:
    async with moment(size=(39, 7)) as (app, pilot, _session):
        app.control.open("client", "client-2")
        await pilot.pause()
        assert "39x7: needs 40x8" in await drawn(app, pilot)
        await pilot.resize_terminal(60, 15)
        await pilot.pause()
        text = await drawn(app, pilot)
        assert "suspended" in text and "Rounds" in text and "needs" not in text


async def test_another_theme_colours_the_page_too() -> None:
    theme.use(theme.THEMES[1])  # what an application before this one left
    async with moment() as (app, pilot, _session):
        app.control.open("client", "client-2")
        await drawn(app, pilot)
        before = app.screen.facts.render_line(0)  # type: ignore[attr-defined]
        await pilot.press("t")
        await until(pilot, lambda: app.screen.facts.render_line(0) != before)  # type: ignore[attr-defined]
        app.theme = theme.THEMES[0].name
        await until(pilot, lambda: app.screen.facts.render_line(0) == before)  # type: ignore[attr-defined]
