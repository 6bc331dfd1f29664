"""Dialogs: what they say, what they answer, and that the harmless choice has the focus."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from dltui import exits
from dltui.config.keymap import KeysSection
from dltui.core import answers
from dltui.core.answers import CheckResult, encode
from dltui.core.commands import Command
from dltui.errors import RunError
from dltui.tui.app import DltuiApp
from dltui.tui.screens.confirm import ConfirmScreen
from dltui.tui.screens.help import HelpScreen
from dltui.tui.screens.logs import LogsScreen
from dltui.tui.screens.main import MainScreen
from dltui.tui.screens.page import PageScreen
from dltui.tui.screens.palette import PaletteScreen
from dltui.tui.screens.quit import QuitScreen
from dltui.tui.screens.verify import VerifyScreen
from dltui.tui.screens.wizard import WizardScreen
from tests.kits.goldens import SIZES, same_as_golden
from tests.kits.screen_dump import screen_text, settle, until
from tests.kits.screen_recorded import RUN, first, moment
from tests.kits.screen_scenario import ESTIMATE, FakeSession, Script, awaiting, live, started
from tests.kits.screen_showing import notes, showing

LOG = """2026-11-24 07:40:53,209 INFO join: mined in block 13, 46824 gas (0x8d25)
2026-11-24 07:41:01,100 WARNING submit reverted: the deadline has passed
Traceback (most recent call last):
2026-11-24 07:41:02,001 ERROR [/x]\x1b[2J[@click=app.quit] \x1b]0;t\x07
"""
VERSION_CHECK = (
    "version 1 matches",
    "registry row asked of the chain",
    "manifest and model hash to their names",
    "round 1 recomputed from 3 updates to the same digest and verdicts",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(RUN, tmp_path / "4c2b14")
    logs = tmp_path / "4c2b14" / "logs"
    logs.mkdir()
    (logs / "client-2.log").write_text(LOG)
    (logs / "engine.log").write_text("2026-11-24 07:40:50,000 INFO ready\n")
    return tmp_path / "4c2b14"


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize(
    ("name", "frame", "keys"),
    [
        ("confirm-suspend", "#dialog", ("3", "u")),
        ("quit", "#dialog", ("q",)),
        ("palette", "#palette", ("colon", "r", "o", "u", "n", "d")),
        ("verify-version", "#dialog", ("4", "v")),
        ("logs", "", ("L",)),
        ("help-client", "#help", ("3", "enter", "question_mark")),
    ],
)
async def test_dialogs_over_a_recorded_run_are_as_they_were(
    name: str, frame: str, keys: tuple[str, ...], size: tuple[int, int], folder: Path
) -> None:
    async with moment(first("round.opened", round=2).seq, size, run_dir=folder) as (app, pilot, session):
        session.answers["model.verify"] = answers.encode(CheckResult(ok=True, steps=VERSION_CHECK))
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await until(pilot, lambda: not any(w.node is app.screen and w.is_running for w in app.workers))
        await pilot.pause()
        same_as_golden(screen_text(app, frame), f"dialog-{name}", size)


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (64, 16), (40, 8)], ids=str)
@pytest.mark.parametrize("keys", [("3", "u"), ("q",), ("4", "v")], ids=" ".join)
async def test_every_button_and_the_word_to_type_are_on_the_screen(
    keys: tuple[str, ...], size: tuple[int, int], folder: Path
) -> None:
    async with moment(first("round.opened", round=2).seq, size, run_dir=folder) as (app, pilot, session):
        session.answers["model.verify"] = answers.encode(CheckResult(ok=True, steps=VERSION_CHECK * 4))
        await pilot.press(*keys)
        await until(pilot, lambda: not any(w.node is app.screen and w.is_running for w in app.workers))
        await whole(app, pilot)


async def whole(app: DltuiApp, pilot: Pilot[None]) -> None:
    """Waits until everything that can be used lies inside the frame."""
    frame = app.screen.query_one("#dialog")
    used = [*app.screen.query(Button), *app.screen.query(Input)]
    await until(pilot, lambda: all(frame.region.shrink((1, 1, 1, 1)).contains_region(w.region) for w in used))


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (64, 16), (40, 8)], ids=str)
async def test_the_wizard_can_be_used_at_every_size(size: tuple[int, int]) -> None:
    script = live()
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        await pilot.press("c")
        await whole(app, pilot)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_wizard_is_as_it_was(size: tuple[int, int]) -> None:
    script = live()
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        await pilot.press("c")
        await pilot.pause()
        same_as_golden(screen_text(app, "#dialog"), "dialog-wizard", size)


async def test_the_wizard_names_a_client_and_takes_a_free_slice() -> None:
    script = live()
    session = FakeSession(script.events)
    app = DltuiApp(session, clock=lambda: script.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        await pilot.press("c")
        await pilot.pause()
        assert isinstance(app.screen, WizardScreen) and app.screen.free == [8, 9]
        app.screen.query_one("#name").value = "client-3"  # type: ignore[attr-defined]
        await pilot.pause()
        assert "that name is taken" in screen_text(app)
        await pilot.press("enter")
        assert isinstance(app.screen, WizardScreen)
        app.screen.query_one("#name").value = "north"  # type: ignore[attr-defined]
        app.screen.query_one("#slice").value = 9  # type: ignore[attr-defined]
        await pilot.pause()
        app.screen.query_one("#name").focus()
        await pilot.press("enter")
        await until(pilot, lambda: bool(session.sent))
    assert (session.sent[0].name, session.sent[0].args) == ("client.register", {"client": "north", "part": 9})


async def test_without_a_free_slice_the_wizard_says_what_would_give_one() -> None:
    async with moment() as (app, pilot, _session):
        app.state.status = "running"
        app.session.finished = False  # type: ignore[misc]
        await pilot.press("c")
        await pilot.pause()
        assert "[data] parts" in [note.message for note in app._notifications][-1]


async def test_a_confirmation_asks_the_engine_for_the_gas_and_says_who_pays() -> None:
    async with moment(first("model.published", version=1).seq) as (app, pilot, session):
        await pilot.press("a")
        await until(pilot, lambda: "est. 64,210 gas (0.000064 ETH) - from op 0xabab…abab" in screen_text(app))
        assert (session.asked[0].name, session.asked[0].args) == (
            "estimate",
            {"command": "model.approve", "args": {"version": 1}},
        )
        assert app.focused is not None and app.focused.id == "cancel" and session.sent == []


@pytest.mark.parametrize(("key", "sent"), [("enter", []), ("escape", []), ("n", []), ("y", ["model.approve"])])
async def test_what_was_cancelled_is_said_and_not_sent(key: str, sent: list[str]) -> None:
    async with showing(awaiting()) as (app, pilot, session):
        await pilot.press("a")
        await until(pilot, lambda: "Cancel (esc, enter)" in screen_text(app))
        await pilot.press(key)
        await until(pilot, lambda: app.screen is app.main and bool(session.sent) == bool(sent))
        await pilot.pause()
        cancelled = "Approve model v1: cancelled, nothing was sent"
        assert [command.name for command in session.sent] == sent and (cancelled in notes(app)) == (not sent)


async def test_a_transaction_that_would_be_refused_is_said_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with moment(first("model.published", version=1).seq) as (app, pilot, session):

        def refuse(command: Command) -> str:
            raise RunError("the contract would refuse it: [/x] version 1 was rejected", where="estimate")

        monkeypatch.setattr(session, "send", refuse)
        await pilot.press("a")
        await until(pilot, lambda: "no estimate: the contract would refuse it: [/x]" in screen_text(app, "#dialog"))


@pytest.mark.parametrize("answer", ["", "[]", '{"gas": -1}', "[" * 2000, encode(ESTIMATE)[:-3]])
async def test_an_estimate_that_is_none_is_said(answer: str) -> None:
    async with moment(first("model.published", version=1).seq) as (app, pilot, session):
        session.answers["estimate"] = answer
        await pilot.press("a")
        await until(pilot, lambda: "the answer cannot be read" in screen_text(app))
        assert isinstance(app.screen, ConfirmScreen)


async def test_verify_shows_the_first_mismatch_of_a_live_run() -> None:
    async with moment(first("model.published", version=1).seq) as (app, pilot, session):
        difference = "version 1: mismatch: its digest is 5a on the chain and in the blobs, the run tells 5b"
        session.answers["model.verify"] = answers.encode(CheckResult(ok=False, steps=(difference,)))
        await pilot.press("4", "v")
        await until(pilot, lambda: "its digest is 5a" in screen_text(app))
        assert isinstance(app.screen, VerifyScreen) and "Everything matches" not in screen_text(app)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen)


async def test_verify_of_a_finished_run_runs_the_program_and_shows_where_it_stopped(folder: Path) -> None:
    async with moment(run_dir=folder) as (app, pilot, session):
        await pilot.press("v")
        await pilot.pause()
        assert isinstance(app.screen, VerifyScreen)
        await until(pilot, lambda: not any(w.node is app.screen and w.is_running for w in app.workers), 60)
        # Of this run only the journal was kept, and the program says so, in as many lines as its path takes.
        told = " ".join(screen_text(app).replace("│", " ").split())
        assert "summary is missing" in told and "Everything matches" not in told
        assert session.sent == []


async def test_what_could_not_be_checked_is_not_told_as_a_match(folder: Path) -> None:
    async def partly(kind: str, id: object, say: Callable[[str], None]) -> int:
        for said in ("facts   9 facts", "receipts NOT CHECKED: no node", "run x: NOT CHECKED: receipts; no mismatch"):
            say(said)
        return exits.NOT_CHECKED

    async with moment(run_dir=folder) as (app, pilot, _session):
        app.inquiry.verify = partly  # type: ignore[method-assign]
        await pilot.press("v")
        await until(pilot, lambda: "run x: NOT CHECKED" in screen_text(app))
        text = screen_text(app)
        assert "✔  facts" in text and "○  receipts NOT CHECKED" in text
        assert "Everything matches" not in text


async def test_a_reading_screen_on_a_live_run_verifies_nothing_and_says_so() -> None:
    async with moment(first("round.opened", round=2).seq, read_only=True) as (app, pilot, _session):
        await pilot.press("4", "v")
        await pilot.pause()
        assert [note.message for note in app._notifications] == [
            "verify: this screen only reads, and the run is not over"
        ]


async def test_logs_follow_filter_and_show_one_process_without_obeying_it(folder: Path) -> None:
    async with moment(first("round.opened", round=2).seq, run_dir=folder) as (app, pilot, _session):
        await pilot.press("L")
        await until(pilot, lambda: "5 of 5 lines · following" in screen_text(app))
        text = screen_text(app)
        assert "[/x][@click=app.quit]" in text and "2J" not in text and text.replace("\n", "").isprintable()
        with (folder / "logs" / "engine.log").open("a") as file:
            file.write("2026-11-24 07:41:03,000 INFO one more\n")
        await until(pilot, lambda: "one more" in screen_text(app))
        await pilot.press("w")
        await until(pilot, lambda: "3 of 6 lines" in screen_text(app) and "warning and above" in screen_text(app))
        await pilot.press("w", "w", "slash", *"!mined", "enter")
        await until(pilot, lambda: "5 of 6 lines" in screen_text(app) and "without mined" in screen_text(app))
        await pilot.press("escape")
        await until(pilot, lambda: "6 of 6 lines" in screen_text(app))
        await pilot.press("home", "o")
        await until(pilot, lambda: "1 of" not in screen_text(app) and ">  engine" in screen_text(app))
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen)


async def test_logs_say_why_nothing_is_there_match_words_in_any_order_hold_and_are_exported(folder: Path) -> None:
    async with moment(first("round.opened", round=2).seq, run_dir=folder) as (app, pilot, _session):
        await pilot.press("L", "slash", *"zzz", "enter")
        await until(pilot, lambda: 'No line fits the filter "zzz": / changes it, esc clears it.' in screen_text(app))
        await pilot.press("escape", "slash", *"deadline reverted", "enter")
        await until(pilot, lambda: "1 of 5 lines" in screen_text(app) and "has passed" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: bool(app._notifications))
        (document,) = (folder / "exports").glob("logs-*.json")
        (row,) = json.loads(document.read_text(encoding="utf-8"))
        assert (row["source"], row["level"]) == ("client-2", "warning") and "the deadline has passed" in row["text"]
        await pilot.press("escape", "space")
        await until(pilot, lambda: "+0 new · end follows" in screen_text(app))
        await pilot.press("space")
        await until(pilot, lambda: "following" in screen_text(app))


@pytest.mark.parametrize("size", [(39, 7), (39, 40), (120, 7)], ids=str)
async def test_what_asks_something_is_on_the_screen_where_only_a_line_is_left(size: tuple[int, int]) -> None:
    async with moment(first("round.opened", round=2).seq, size) as (app, pilot, _session):
        assert "needs 40x8" in screen_text(app) and "q quits" in screen_text(app)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, QuitScreen))
        await pilot.pause()
        text = screen_text(app)
        assert all(
            words in text for words in ("This run is live.", "Stop all (s)", "Leave running (l)", "Cancel (esc)")
        )
        await pilot.press("escape", "question_mark")
        await until(pilot, lambda: "One row a client" in " ".join(screen_text(app).split()))
        await pilot.press("escape", "colon", *"approve")
        await until(pilot, lambda: "Approve" in screen_text(app))
        await pilot.press("escape", "q", "l")
        await until(pilot, lambda: app._exit)


async def test_an_empty_log_says_so(tmp_path: Path) -> None:
    async with moment(first("round.opened", round=2).seq, run_dir=tmp_path) as (app, pilot, _session):
        await pilot.press("L", "w")
        await until(pilot, lambda: "No process has written to its log yet." in screen_text(app))
        (tmp_path / "logs").mkdir()
        (tmp_path / "logs" / "engine.log").write_text("2026-11-24 07:40:50,000 INFO ready\n")
        await until(pilot, lambda: "No line at the level warning or above is here yet." in screen_text(app))


async def test_l_opens_the_log_of_the_selected_client(folder: Path) -> None:
    async with moment(first("round.opened", round=2).seq, run_dir=folder) as (app, pilot, _session):
        await pilot.press("3", "down", "down", "l")
        await until(pilot, lambda: isinstance(app.screen, LogsScreen))
        assert app.screen.only == "client-2" and "4 of 5 lines" in screen_text(app)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("typed", "about"),
    [
        ("v1", ("version", 1)),
        ("round 2", ("round", 2)),
        ("client-3", ("client", "client-3")),
        ("3", ("client", "client-3")),
    ],
)
async def test_the_palette_goes_to_things(typed: str, about: tuple[str, object]) -> None:
    async with moment(first("round.opened", round=2).seq) as (app, pilot, _session):
        await pilot.press("colon")
        await pilot.pause()
        app.screen.query_one("#query").value = typed  # type: ignore[attr-defined]
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PageScreen))
        assert app.screen.about == about  # type: ignore[attr-defined]


async def test_the_palette_finds_a_transaction_by_the_beginning_of_its_hash_and_actions_by_letters() -> None:
    async with moment(first("round.opened", round=2).seq) as (app, pilot, session):
        hash = app.state.txs[7].hash
        await pilot.press("ctrl+p")
        await pilot.pause()
        assert isinstance(app.screen, PaletteScreen)
        app.screen.query_one("#query").value = hash[:9]  # type: ignore[attr-defined]
        await pilot.pause()
        assert app.screen.list.chosen.what == ("tx", hash)  # type: ignore[union-attr]
        app.screen.query_one("#query").value = "paus"  # type: ignore[attr-defined]
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: bool(session.sent))
        assert session.sent[0].name == "run.pause"


async def test_an_action_chosen_in_the_palette_that_cannot_be_done_says_why() -> None:
    async with moment(first("round.opened", round=2).seq) as (app, pilot, session):
        await pilot.press("colon", *"register", "enter")
        await pilot.pause()
        assert [n.message for n in app._notifications] == ["register: no client is waiting to be registered"]
        assert session.sent == []


async def test_help_is_about_the_focused_pane() -> None:
    async with moment() as (app, pilot, _session):
        for key, words in (
            ("1", "The round in flight"),
            ("2", "The node and what it has used"),
            ("5", "as the journal"),
        ):
            await pilot.press(key, "question_mark")
            await pilot.pause()
            assert isinstance(app.screen, HelpScreen) and words in screen_text(app)
            await pilot.press("escape")
            await pilot.pause()


async def test_quit_lists_what_it_would_stop() -> None:
    async with moment(first("round.opened", round=2).seq) as (app, pilot, _session):
        await pilot.press("q")
        await pilot.pause()
        text = screen_text(app)
        assert isinstance(app.screen, QuitScreen) and f"pid {app.state.chain.pid}" in text and "5 clients" in text
        assert app.focused is not None and app.focused.id == "cancel"


async def test_alerts_screenshot_and_theme_have_keys(tmp_path: Path) -> None:
    script = awaiting()
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now, run_dir=tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        await pilot.press("P")
        await pilot.pause()
        (file,) = (tmp_path / "exports").glob("*.svg")
        assert file.read_text().startswith("<svg")
        assert [n.message for n in app._notifications] == [f"screen saved as {file}"]
        await pilot.press("t")
        await pilot.pause()
        assert app.theme.startswith("dltui")
        await pilot.press("exclamation_mark")
        await pilot.pause()
        assert isinstance(app.screen, PageScreen) and "nothing needs you" in screen_text(app)


@pytest.mark.parametrize(
    ("key", "membership", "process", "name", "typed"),
    [
        ("u", "active", "ready", "client.suspend", True),
        ("U", "suspended", "ready", "client.reinstate", False),
        ("B", "suspended", "ready", "client.ban", True),
        ("D", "pending", "ready", "client.reject", False),
        ("r", "pending", "ready", "client.register", False),
        ("f6", "leaving", "ready", "client.complete-leave", False),
        ("K", "active", "ready", "client.stop", True),
        ("R", "active", "stopped", "client.restart", False),
    ],
)
async def test_every_key_about_a_client_sends_its_command_for_the_selected_one(
    key: str, membership: str, process: str, name: str, typed: bool
) -> None:
    script = live()
    session = FakeSession(script.events)
    app = DltuiApp(session, clock=lambda: script.now, keys=KeysSection(complete_leave="f6"))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        client = app.state.clients["client-2"]
        client.membership, client.process = membership, process
        await pilot.press("3", "down", "down", key)
        await pilot.pause()
        if name != "client.restart":
            assert isinstance(app.screen, ConfirmScreen) and session.sent == []
            if typed:
                await pilot.press(*"client", "minus", "2", "enter")
            else:
                await pilot.press("y")
        await until(pilot, lambda: bool(session.sent))
    assert [(c.name, c.args, c.source) for c in session.sent] == [(name, {"client": "client-2"}, "key")]


async def test_n_asks_with_the_gas_before_it_opens_a_round() -> None:
    script = started(Script(), clients=4, approval=False)
    session = FakeSession(script.events)
    app = DltuiApp(session, clock=lambda: script.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        await pilot.press("n")
        await until(pilot, lambda: "FLContract.openRound()" in screen_text(app) and "64,210 gas" in screen_text(app))
        await pilot.press("y")
        await until(pilot, lambda: bool(session.sent))
    assert [(c.name, c.args) for c in session.sent] == [("round.open", {})]
