"""What is known to go wrong in terminal applications, one test each; other traps have theirs where the widgets are."""

from __future__ import annotations

import ast
import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.app import App
from textual.worker import WorkerState

import dltui.tui
from dltui.core.events import ClientPending
from dltui.tui.actions.catalog import ACTIONS
from dltui.tui.app import HEIGHTS, WIDTHS, DltuiApp
from dltui.tui.background import aside
from dltui.tui.screens.main import MainScreen
from tests.kits.screen_dump import screen_text, settle, until
from tests.kits.screen_scenario import FakeSession, awaiting, live
from tests.kits.screen_showing import clients, more, showing

SOURCES = sorted(Path(dltui.tui.__file__).parent.rglob("*.py"))


def nodes(*kinds: type[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    """Every node of these kinds in the sources of the screen, with its place."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, kinds):
                yield f"{path.name}:{getattr(node, 'lineno', 0)}", node


def called(node: ast.AST) -> str:
    """The name of the function or method that a call is of."""
    assert isinstance(node, ast.Call)
    return getattr(node.func, "attr", "") or getattr(node.func, "id", "")


def given(node: ast.AST, name: str) -> object:
    """The constant that a call gives to an argument."""
    assert isinstance(node, ast.Call)
    return next((getattr(k.value, "value", None) for k in node.keywords if k.arg == name), None)


def calls(*names: str) -> list[tuple[str, ast.AST]]:
    """The calls of functions or methods with these names."""
    return [(place, node) for place, node in nodes(ast.Call) if called(node) in names]


def test_every_worker_lets_the_application_live_when_it_fails() -> None:
    workers = calls("run_worker", "work")
    assert len(workers) >= 6
    assert not [place for place, node in workers if given(node, "exit_on_error") is not False]


def test_no_worker_is_a_thread_that_could_keep_the_process() -> None:
    assert not [place for place, node in calls("work", "run_worker") if given(node, "thread")]
    assert not calls("to_thread", "run_in_executor")
    threads = calls("Thread")
    assert threads and all(given(node, "daemon") is True for _, node in threads)


def test_nothing_is_called_from_another_thread_nor_messages_replaced() -> None:
    assert not calls("call_from_thread")
    assert not [place for place, node in nodes(ast.FunctionDef) if getattr(node, "name", "") == "can_replace"]


async def test_a_call_beside_the_screen_is_made_on_a_thread_of_its_own_and_raises_where_it_is_awaited() -> None:
    assert await aside(threading.get_ident) != threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        await aside(lambda: 1 // 0)
    go_on = threading.Event()
    waiting = asyncio.ensure_future(aside(go_on.wait))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go_on.set()


async def test_a_worker_that_fails_is_told_and_the_application_lives() -> None:
    async def fails() -> None:
        raise ZeroDivisionError("at once")

    async with showing(live()) as (app, pilot, _session):
        worker = app.run_worker(fails(), exit_on_error=False)
        await until(pilot, lambda: worker.state is WorkerState.ERROR)
        await until(pilot, lambda: [n.message for n in app._notifications] == [f"it broke down: {worker.error!r}"])
        assert app.is_running


def test_no_widget_moves_its_cursor_by_index_or_jumps_to_its_end() -> None:
    assert not calls("DataTable", "Log", "RichLog")


def test_no_text_is_parsed_as_markup() -> None:
    for place, node in calls("Static", "Label"):
        assert isinstance(node, ast.Call)
        assert isinstance(node.args[0], ast.Constant) or given(node, "markup") is False, place
    assert not [place for place, node in calls("notify") if given(node, "markup") is not False]
    assert not calls("from_markup")


def test_programs_that_the_screen_starts_get_neither_keys_nor_terminal() -> None:
    started = calls("create_subprocess_exec", "Popen", "run_in_terminal", "suspend")
    for place, node in started:
        assert isinstance(node, ast.Call)
        assert {"stdin", "stdout", "stderr"} <= {k.arg for k in node.keywords}, place


def test_the_screen_writes_to_neither_stream() -> None:
    assert not calls("print")
    assert not [place for place, node in nodes(ast.Attribute) if getattr(node, "attr", "") in ("stdout", "stderr")
                and getattr(getattr(node, "value", None), "id", "") == "sys"]  # fmt: skip


def test_no_key_is_a_chord_that_a_terminal_sends_for_another_key() -> None:
    keys = [key for action in ACTIONS for key in action.keys]
    assert {key for key in keys if "ctrl" in key or "alt" in key} == {"ctrl+p", "ctrl+q"}
    bound = [str(node.args[0].value) for _, node in calls("Binding")
             if isinstance(node, ast.Call) and isinstance(node.args[0], ast.Constant)]  # fmt: skip
    chords = {key for binding in bound for key in binding.split(",") if "ctrl" in key}
    assert bound and chords <= {"ctrl+q"}


async def test_an_action_with_several_keys_has_one_hint() -> None:
    async with showing(live()) as (app, _pilot, _session):
        hints = app.main.hints.fitting(200)
        shown = [hint.id for hint in hints]
        assert len(app.actions["help"].keys) > 1 and [hint.key for hint in hints if hint.id == "help"] == ["?"]
        assert len(set(shown)) == len(shown)


async def test_a_key_that_writes_is_not_offered_on_a_screen_that_only_reads() -> None:
    async with showing(awaiting(), read_only=True) as (app, pilot, session):
        shown = {hint.id for hint in app.main.hints.fitting(200)}
        assert "open" in shown and not shown & {"register", "approve", "reject", "open_round", "pause"}
        await pilot.press("a")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen) and session.sent == []


async def test_a_zoomed_pane_has_the_whole_height() -> None:
    async with showing(live()) as (app, pilot, _session):
        for name in ("1", "2", "3", "4", "5"):
            await pilot.press(name, "z")
            await pilot.pause()
            assert app.main.pane.outer_size.height >= 34
            await pilot.press("z")
            await pilot.pause()


async def test_the_classes_that_the_stylesheet_folds_by_follow_the_size() -> None:
    async with showing(live()) as (app, pilot, _session):
        for size in ((120, 40), (80, 24), (40, 8), (39, 7)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            width = max(least for least in WIDTHS if least[0] <= size[0])[1]
            height = max(least for least in HEIGHTS if least[0] <= size[1])[1]
            assert app.main.has_class(width) and app.main.has_class(height)


async def test_without_colour_the_words_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    script = live()
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        assert app.no_color
        assert "● sent" in screen_text(app) and "▲ late" in screen_text(app) and "✖ killed" in screen_text(app)


async def test_what_is_copied_is_also_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    monkeypatch.setattr(App, "copy_to_clipboard", lambda _self, text: copied.append(text))
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("y")
        await pilot.pause()
        app.control.copy("a\ud800b\x1b[2J")
        await pilot.pause()
        assert len(copied) == 2 and copied[1].isprintable() and copied[1].encode()
        assert [note.message for note in app._notifications] == [f"copied {value}" for value in copied]


async def test_a_row_that_goes_above_the_cursor_does_not_move_it() -> None:
    script = live()
    async with showing(script) as (app, pilot, session):
        await pilot.press("down", "down")
        assert clients(app).cursor == "client-2"
        clients(app).filter("!client-0")
        assert clients(app).cursor == "client-2" and clients(app).cursor_index == 1
        clients(app).filter("")
        since = len(script.events)
        script.say(ClientPending(id="aaa", address="0x" + "0" * 40, name="aaa"))
        await more(app, pilot, session, script, since)
        assert clients(app).cursor == "client-2"
