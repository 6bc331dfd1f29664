"""The application against a session that a test feeds: keys end to end, freezing, zooming, leaving."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from textual.pilot import Pilot

from dltui.core.commands import Command
from dltui.core.events import Event, OpResult, RunFinished
from dltui.errors import RunError
from dltui.tui.app import DltuiApp
from dltui.tui.panes.clients import ClientsPane
from dltui.tui.screens.confirm import ConfirmScreen
from dltui.tui.screens.help import HelpScreen
from dltui.tui.screens.main import MainScreen
from dltui.tui.screens.page import PageScreen
from dltui.tui.screens.quit import QuitScreen
from tests.kits.screen_dump import screen_text, settle, until
from tests.kits.screen_scenario import FakeSession, Leader, Script, approved, awaiting, finished, live, started


@contextlib.asynccontextmanager
async def showing(
    script: Script, size: tuple[int, int] = (120, 40), read_only: bool = False, **options: Any
) -> AsyncIterator[tuple[DltuiApp, Pilot[None], FakeSession]]:
    session = FakeSession(script.events, read_only=read_only)
    app = DltuiApp(session, clock=lambda: script.now, **options)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        yield app, pilot, session


def toasts(app: DltuiApp) -> list[str]:
    return [note.message for note in app._notifications]


async def sent(session: FakeSession) -> list[tuple[str, dict[str, Any]]]:
    await asyncio.to_thread(session.arrived.wait, 5)
    return [(command.name, command.args) for command in session.sent]


async def test_r_registers_the_pending_client_and_tells_the_answer() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        await pilot.press("r", "y")
        assert await sent(session) == [("client.register", {"client": "client-7"})]
        script.say(OpResult(id=session.sent[0].id, ok=True, message="client-7 takes part from round 4"))
        session.waiting = script.events[-1:]
        await until(pilot, lambda: "client-7 takes part from round 4" in toasts(app))


async def test_a_says_what_happens_on_chain_and_sends_only_after_yes() -> None:
    script = awaiting()
    async with showing(script) as (app, pilot, session):
        await pilot.press("a")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen)
        text = screen_text(app)
        assert "Approve model v1  ->  ModelRegistry.approve(1)" in text
        assert "dltui model approve 1" in text
        assert app.focused is not None and app.focused.id == "cancel"
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen) and session.sent == []
        await pilot.press("a", "left", "enter")
        assert await sent(session) == [("model.approve", {"version": 1})]


async def test_a_dialog_is_pinned_to_the_version_that_it_opened_with() -> None:
    script = awaiting()
    async with showing(script) as (app, pilot, session):
        await pilot.press("a")
        await pilot.pause()
        approved(script, 1)
        session.waiting = script.events[-5:]
        await until(pilot, lambda: app.state.last_seq == script.events[-1].seq)
        await pilot.press("y")
        assert await sent(session) == [("model.approve", {"version": 1})]


async def test_x_rejects_and_wants_the_version_typed_while_a_round_builds_on_it() -> None:
    async with showing(live()) as (app, pilot, session):
        await pilot.press("4", "x")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen)
        assert "round 3, which builds on v2, is aborted" in screen_text(app)
        await pilot.press("y", "enter")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen) and session.sent == []
        await pilot.press("backspace", "v", "2", "enter")
        assert await sent(session) == [("model.reject", {"version": 2})]


async def test_x_on_a_waiting_version_asks_with_cancel_focused() -> None:
    async with showing(awaiting()) as (app, pilot, session):
        await pilot.press("x")
        await pilot.pause()
        assert app.focused is not None and app.focused.id == "cancel"
        await pilot.press("y")
        assert await sent(session) == [("model.reject", {"version": 1})]


async def test_capital_k_stops_the_client_under_the_cursor_after_its_name_is_typed() -> None:
    async with showing(live()) as (app, pilot, session):
        await pilot.press("down", "K")
        await pilot.pause()
        target = app.main.selection.client
        assert target == "client-1"
        await pilot.press(*"client", "minus", "1", "enter")
        assert await sent(session) == [("client.stop", {"client": "client-1"})]


async def test_p_pauses_and_n_says_why_it_cannot() -> None:
    async with showing(live()) as (app, pilot, session):
        await pilot.press("n")
        await pilot.pause()
        assert toasts(app) == ["next round: round 3 is still running"]
        await pilot.press("p")
        assert await sent(session) == [("run.pause", {})]


async def test_a_refused_command_says_why() -> None:
    async with showing(live()) as (app, pilot, session):
        session.refuse = "no engine runs it now [/x]"
        await pilot.press("p")
        await until(pilot, lambda: toasts(app) == ["no engine runs it now [/x]"])


async def test_keys_that_write_do_nothing_in_a_replay() -> None:
    async with showing(awaiting(), read_only=True) as (app, pilot, session):
        able = {hint.id for hint in app.main.hints.fitting(200) if hint.enabled}
        assert not able & {"register", "approve", "reject", "pause", "verify"}
        for key in "raxnpKR":
            await pilot.press(key)
        await pilot.pause()
        assert isinstance(app.screen, MainScreen) and session.sent == []
        assert len(toasts(app)) == 7 and all("this screen only reads" in text for text in toasts(app))
        await pilot.press("q")
        assert app.return_code == 0


async def test_a_screen_that_only_reads_says_so_and_names_no_key_that_writes() -> None:
    for size in ((120, 40), (80, 24), (64, 16), (40, 8)):
        async with showing(awaiting(), size=size, read_only=True) as (app, pilot, _session):
            text = screen_text(app)
            assert " READ-ONLY " in text.splitlines()[0], size
            assert "registers" not in text and "approves" not in text
            able = {hint.id for hint in app.main.hints.fitting(400)}
            assert {"open", "quit", "help"} <= able and not able & {"register", "approve", "reject", "pause"}
            await pilot.press("4")
            await pilot.pause()
            assert "v1 to decide" in screen_text(app) and "approves" not in screen_text(app)
    async with showing(live(), read_only=True) as (app, _pilot, _session):
        assert "client-5 is late with its update" in screen_text(app) and "K stops it" not in app_alert(app)
    async with showing(live()) as (app, _pilot, _session):
        assert "K stops it" in app_alert(app)
    async with showing(awaiting()) as (app, _pilot, _session):
        assert "READ-ONLY" not in screen_text(app) and "r registers" in screen_text(app)


def app_alert(app: DltuiApp) -> str:
    """The alert line."""
    return "".join(segment.text for segment in app.main.alert.render_line(0))


async def test_q_on_a_live_run_names_what_it_stops_and_cancel_is_focused() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        await pilot.press("q")
        await pilot.pause()
        assert isinstance(app.screen, QuitScreen)
        text = screen_text(app)
        assert "embedded, pid 4121" in text and "7 clients" in text and "dltui attach 7f3a91" in text
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen)
        await pilot.press("q", "s")
        assert await sent(session) == [("run.stop", {})]
        assert app._exit is False
        script.say(RunFinished(status="stopped", exit_code=1, reason="asked"))
        session.waiting = script.events[-1:]
        await until(pilot, lambda: app._exit)
    assert app.return_code == 1
    assert app.farewell.startswith("run 7f3a91 stopped 2/10 rounds, acc 0.887")


async def test_leaving_a_live_run_keeps_it_running() -> None:
    async with showing(live()) as (app, pilot, session):
        await pilot.press("q", "l")
        await until(pilot, lambda: app._exit)
    assert session.sent == [] and app.return_code == 0
    assert app.farewell.startswith("run 7f3a91 running 2/10 rounds") and app.farewell.endswith("dltui attach 7f3a91")


async def test_a_finished_run_stays_on_screen_and_q_just_leaves() -> None:
    async with showing(finished()) as (app, pilot, _session):
        assert app._exit is False and "DONE" in screen_text(app)
        await pilot.press("q")
        await until(pilot, lambda: app._exit)
    assert app.return_code == 0
    assert app.farewell.startswith("run 7f3a91 finished 3/3 rounds, acc 0.908")
    assert app.farewell.endswith("gas - dltui replay 7f3a91")


async def test_at_the_end_of_a_walkthrough_the_screen_stays_until_q() -> None:
    script = finished()
    told: list[Event] = []

    class Director(Leader):
        def tick(self, new_events: list[Event], now: float) -> None:
            assert now == script.now
            told.extend(new_events)

    session = FakeSession(script.events)
    app = DltuiApp(session, clock=lambda: script.now, director=Director())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "over: look around, q leaves" in screen_text(app))
        assert not app._exit
        await pilot.press("3", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, PageScreen))
        await pilot.press("escape", "q")
        await until(pilot, lambda: app._exit)
    assert told == script.events and app.return_code == 0 and app.failure is None


async def test_a_failed_walkthrough_ends_with_its_error() -> None:
    class Director(Leader):
        def tick(self, new_events: list[Event], now: float) -> None:
            raise RunError("no version was approved in 30 s", where="beat 5")

    app = DltuiApp(FakeSession(awaiting().events), director=Director())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: app._exit)
    assert app.return_code == 1 and str(app.failure) == "beat 5: no version was approved in 30 s"


async def test_stopping_a_walkthrough_is_no_failure_of_it() -> None:
    script = awaiting()

    class Director(Leader):
        def tick(self, new_events: list[Event], now: float) -> None:
            if any(isinstance(event.data, RunFinished) for event in new_events):
                raise RunError("the run ended before a version was approved", where="beat 5")

    async with showing(script, director=Director()) as (app, pilot, session):
        await pilot.press("q", "s")
        assert await sent(session) == [("run.stop", {})]
        script.say(RunFinished(status="stopped", exit_code=1))
        session.waiting = script.events[-1:]
        await until(pilot, lambda: app._exit)
    assert app.failure is None and app.return_code == 1


async def test_an_unreadable_journal_is_said_on_the_alert_line() -> None:
    class Broken(FakeSession):
        def events(self) -> list[Event]:
            if not self.waiting:
                raise RunError("event 7 does not follow", where="journal/000001.jsonl:7")
            return super().events()

    script = live()
    app = DltuiApp(Broken(script.events), clock=lambda: script.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "000001.jsonl:7: event 7 does not follow" in screen_text(app))


async def test_a_journal_that_cannot_be_read_is_no_silence() -> None:
    class Unplugged(FakeSession):
        def events(self) -> list[Event]:
            if not self.waiting:
                raise OSError(5, "Input/output error")
            return super().events()

    script = live()
    app = DltuiApp(Unplugged(script.events), clock=lambda: script.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "the journal: it broke down: OSError(5" in screen_text(app))
        assert app.failure is not None


async def test_a_command_that_breaks_down_is_told_and_no_answer_is_waited_for() -> None:
    class Broken(FakeSession):
        def send(self, command: Command) -> str:
            raise ValueError("no such thing")

    script = awaiting()
    app = DltuiApp(Broken(script.events), clock=lambda: script.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        await pilot.press("p")
        await until(pilot, lambda: toasts(app) == ["it broke down: ValueError('no such thing')"])
        assert not app._asked
        await pilot.press("a")
        await until(pilot, lambda: "no estimate: it broke down: ValueError" in screen_text(app))


def test_the_program_ends_while_an_engine_keeps_it_waiting() -> None:
    """In a program of its own: threads that are waited for show only at its end."""
    code = """
import asyncio, threading
from tests.kits.screen_scenario import FakeSession, awaiting
from dltui.tui.app import DltuiApp

class Late(FakeSession):
    def send(self, command):
        reached.add(command.name)
        threading.Event().wait()

    def alive(self):
        reached.add("alive")
        threading.Event().wait()

class Leader:
    paused, speed, finished, step = False, 1.0, False, None

    def sends(self, name, client=""):
        return False

    def tick(self, events, now):
        reached.add("tick")
        threading.Event().wait()

async def use(pilot):
    while not app.state.awaiting:
        await pilot.pause(0.01)
    await pilot.press("p", "a")
    while reached != {"run.pause", "estimate", "alive", "tick"}:
        await pilot.pause(0.01)
    app.exit()

reached = set()
script = awaiting()
app = DltuiApp(Late(script.events), clock=lambda: script.now, director=Leader())
app.run(headless=True, auto_pilot=use)
print("left")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.strip().endswith("left") and "Traceback" not in done.stderr


async def test_an_engine_that_is_gone_is_said_and_q_just_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dltui.tui.app.WATCH_SECONDS", 0.01)

    class Dying(FakeSession):
        looks = 0

        def alive(self) -> bool:
            self.looks += 1
            return self.looks == 1

    script = live()
    app = DltuiApp(Dying(script.events), clock=lambda: script.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "the engine does not answer - dltui resume 7f3a91" in screen_text(app))
        await pilot.press("q")
        await until(pilot, lambda: app._exit)
    assert app.return_code == 0
    assert app.farewell == "run 7f3a91 has no engine any more - dltui resume 7f3a91"


async def test_a_slow_walkthrough_does_not_hold_up_the_screen() -> None:
    script = awaiting()
    go_on = threading.Event()

    class Director(Leader):
        def tick(self, new_events: list[Event], now: float) -> None:
            if new_events:
                assert go_on.wait(10)

    session = FakeSession(script.events)
    app = DltuiApp(session, clock=lambda: script.now, director=Director())
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        approved(script, 1)
        session.waiting = script.events[-5:]
        await until(pilot, lambda: app.state.last_seq == script.events[-1].seq)
        go_on.set()


async def test_space_holds_the_picture_and_counts_what_it_misses() -> None:
    script = started(Script(), clients=3)
    async with showing(script) as (app, pilot, session):
        await pilot.press("space")
        before = app.main.panes["clients"].render_line(1)
        length = len(script.events)
        more = live().events[length:]
        session.waiting = [Event(length + 1 + at, event.ts, event.data) for at, event in enumerate(more)]
        await until(pilot, lambda: app.state.last_seq == length + len(more))
        app.main.paint()
        await pilot.pause()
        assert f"frozen, +{len(more):,} events" in screen_text(app)
        assert app.main.panes["clients"].render_line(1) == before
        await pilot.press("space")
        await pilot.pause()
        assert "frozen" not in screen_text(app) and "following" in screen_text(app)


async def test_number_keys_focus_and_zoom_and_escape_leaves() -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("4")
        await pilot.pause()
        assert app.focused is app.main.panes["registry"]
        await pilot.press("4")
        await pilot.pause()
        assert [n for n, p in app.main.panes.items() if p.display and p.size.height > 0] == ["registry"]
        await pilot.press("escape")
        await pilot.pause()
        assert all(pane.size.height > 0 for pane in app.main.panes.values())
        await pilot.press("5", "z")
        await pilot.pause()
        assert app.main.panes["events"].size.height > 30
        await pilot.press("tab")
        await pilot.pause()
        assert app.focused is app.main.panes["round"]


async def test_a_folded_pane_opens_alone_and_closes_to_the_clients() -> None:
    async with showing(live(), size=(80, 24)) as (app, pilot, _session):
        assert not app.main.panes["chain"].display
        await pilot.press("2")
        await pilot.pause()
        assert app.focused is app.main.panes["chain"] and "gas/block" in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert app.focused is app.main.panes["clients"]
        await pilot.press("tab")
        await pilot.pause()
        assert app.focused is app.main.panes["events"]


async def test_help_is_made_from_the_registry_and_says_why_keys_are_grey() -> None:
    async with showing(finished()) as (app, pilot, _session):
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        text = screen_text(app)
        assert "open the next round now (the run is over)" in text
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen)


async def test_the_cursor_stays_on_its_client_when_others_appear() -> None:
    script = started(Script(), clients=3)
    async with showing(script) as (app, pilot, session):
        await pilot.press("down", "down")
        pane = app.main.panes["clients"]
        assert isinstance(pane, ClientsPane)
        chosen = pane.cursor
        more = live().events[len(script.events) :]
        session.waiting = [Event(len(script.events) + 1 + at, e.ts, e.data) for at, e in enumerate(more)]
        await until(pilot, lambda: len(pane.keys) > 3)
        assert pane.cursor == chosen


@pytest.mark.parametrize("number", [15, 1])
async def test_a_signal_ends_the_screen_with_its_code(number: int) -> None:
    async with showing(live()) as (app, pilot, _session):
        os.kill(os.getpid(), signal.Signals(number))
        await until(pilot, lambda: app._exit)
    assert app.return_code == 128 + number


def test_the_screen_imports_neither_chain_nor_learning() -> None:
    code = (
        "import sys, dltui.tui.app\n"
        "bad = ('web3', 'torch', 'numpy', 'eth', 'dltui.engine', 'dltui.chain', 'dltui.client', 'dltui.learning',"
        " 'dltui.aggregation', 'dltui.store', 'dltui.verify')\n"
        "print([m for m in sys.modules if m.split('.')[0] in bad or '.'.join(m.split('.')[:2]) in bad])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"
