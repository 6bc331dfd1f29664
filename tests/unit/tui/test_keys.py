"""Keys: one registry, from which the page, the configuration and the bindings are made, and which can be remapped."""

from __future__ import annotations

import importlib.util
import string
from pathlib import Path

import pytest
from textual.keys import _character_to_key

from dltui.config.keymap import KeysSection, keys_of
from dltui.config.sections import load
from dltui.core.commands import COMMANDS
from dltui.errors import ConfigError
from dltui.tui.actions.catalog import ACTIONS, BY_ID, GROUPS
from dltui.tui.app import DltuiApp
from dltui.tui.screens.confirm import ConfirmScreen
from dltui.tui.screens.help import HelpScreen
from dltui.tui.screens.main import MainScreen
from tests.kits.screen_dump import screen_text, settle, until
from tests.kits.screen_scenario import FakeSession, awaiting, live

ROOT = Path(__file__).parents[3]


def test_the_page_of_keys_and_the_configuration_are_those_of_the_registry() -> None:
    spec = importlib.util.spec_from_file_location("keys_tool", ROOT / "tools" / "keys.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.DOCS.read_text(encoding="utf-8") == tool.page(), "stale: run python tools/keys.py"
    text = tool.CONFIG.read_text(encoding="utf-8")
    assert text == tool.config(text), "stale: run python tools/keys.py"


def test_every_action_has_a_setting_and_every_setting_an_action() -> None:
    assert list(BY_ID) and set(BY_ID) == set(KeysSection().table())
    assert {action.group for action in ACTIONS} == set(GROUPS)
    assert KeysSection().clash() is None


def test_every_command_of_the_operator_has_a_key_or_is_a_question() -> None:
    assert len([action for action in ACTIONS if action.request is not None]) == 13
    keyless = {name for name, c in COMMANDS.items() if not (c.shortcuts or c.checks or c.query)}
    # `pause` also resumes, `quit` also stops, `register` also approves.
    assert keyless == {"client.approve", "run.resume", "run.stop", "run.hold", "demo.step", "demo.hold",
                       "registry.read"}  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"aprove": "a"}, "keys.approve"),
        ({"approve": "x"}, "'x' is the key of both approve and reject"),
        ({"help": "?,q"}, "'q' is the key of both help and quit"),
        ({"approve": 1}, "keys.approve"),
        ({"approve": "question_mark"}, "'?' is the key of both approve and help"),
        ({"approve": "left_square_bracket"}, r"'\[' is the key of both approve and round_back"),
        ({"approve": "Full_Stop"}, "'.' is the key of both approve and story_next"),
        *(({"approve": chord}, "keys.approve: .*no key that every terminal") for chord in
          ("ctrl+m", "ctrl+i", "ctrl+a", "ctrl+c", "alt+x", "shift+a", "bogus_key_name", "esc")),
        *(({"approve": key}, "keys.approve: .* moves in every list") for key in ("up", "pagedown", "home")),
        ({"approve": "ctrl+p"}, r"keys.approve: 'ctrl\+p' is kept for palette"),
        ({"approve": "end", "live": "f7"}, "keys.approve: 'end' is kept for live"),
        ({"approve": "escape", "back": "f9"}, "keys.approve: 'escape' is kept for back"),
        *(({name: "none"}, f"keys.{name}: a key is needed here") for name in ("back", "help", "quit")),
        ({"approve": " "}, "keys.approve: a key is needed here"),
    ],
)  # fmt: skip
def test_unknown_actions_and_clashes_are_refused(keys: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words.replace("?", r"\?")) as error:
        load(flags={"keys": keys})
    assert error.value.exit_code == 2


def test_only_changed_keys_are_frozen_into_a_run() -> None:
    assert "keys" not in load().sections()
    assert load(flags={"keys": {"approve": "A"}}).sections()["keys"] == {"approve": "A"}
    assert keys_of("comma, F1") == ("comma", "f1") and keys_of("none") == ()
    assert keys_of("a, at, minus, question_mark, shift+f2") == ("a", "@", "-", "?", "shift+f2")


def test_characters_go_by_the_names_that_the_terminal_library_has_for_their_keys() -> None:
    for char in set(string.punctuation) - {","}:
        assert keys_of(_character_to_key(char)) == (char,)


async def test_remapped_keys_act_and_are_what_footer_and_help_show() -> None:
    script = awaiting()
    keys = load(flags={"keys": {"approve": "x", "reject": "a", "register": "f5", "pause": "none"}}).keys
    session = FakeSession(script.events)
    app = DltuiApp(session, clock=lambda: script.now, keys=keys)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        assert " f5 Register  x Approve  a Reject" in screen_text(app) and "Pause" not in screen_text(app)
        await pilot.press("x")
        await pilot.pause()
        assert isinstance(app.screen, ConfirmScreen) and "ModelRegistry.approve(1)" in screen_text(app)
        await pilot.press("escape", "p")
        await pilot.pause()
        assert isinstance(app.screen, MainScreen) and session.sent == []
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        assert "   f5          register the selected pending" in screen_text(app)


async def test_remapped_keys_are_those_that_the_panes_and_dialogs_speak_of() -> None:
    script = awaiting()
    changed = {"approve": "f2", "reject": "f3", "register": "f4", "filter": "f5", "back": "f6", "live": "f7",
               "open": "f8", "round_back": "f9", "add_client": "f10", "quit": "Q"}  # fmt: skip
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now, keys=load(flags={"keys": changed}).keys)
    async with app.run_test(size=(120, 60)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        text = screen_text(app)
        assert "v1 to decide: f2 approves, f3 rejects" in text and "1 pending, f4 registers" in text
        await pilot.press("2", "2")
        await until(pilot, lambda: "f8 opens one" in screen_text(app))
        await pilot.press("2", "3", "f10")
        await until(pilot, lambda: "It asks to join; f4 registers it" in screen_text(app))
        await pilot.press("escape", "f5", "z", "z", "enter")
        await until(pilot, lambda: "f5 changes it, f6 clears it" in screen_text(app))
        await pilot.press("f6", "5", "f5", "z", "z", "enter")
        await until(pilot, lambda: "f5 changes it, f6 clears it" in screen_text(app))
        await pilot.press("f6", "f9")
        await until(pilot, lambda: " - f7 = live" in screen_text(app))
        app.action_help_quit()
        await until(pilot, lambda: "press Q to quit" in [n.message for n in app._notifications])


async def test_an_action_without_a_key_is_spoken_of_by_its_name_in_the_palette() -> None:
    script = awaiting()
    keys = load(flags={"keys": {"approve": "none"}}).keys
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now, keys=keys)
    async with app.run_test(size=(200, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        assert 'v1 to decide: "Approve" in the palette approves, x rejects' in screen_text(app)


async def test_an_action_that_ships_without_a_key_can_be_given_one() -> None:
    script = live()
    keys = load(flags={"keys": {"complete_leave": "f6"}}).keys
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now, keys=keys)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        await pilot.press("f6")
        await until(pilot, lambda: bool(app._notifications))
        assert [n.message for n in app._notifications] == ["complete leave: client-0 is active, not leaving"]


async def test_every_key_does_something_or_says_why_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of the registry is silent or breaks the screen."""
    monkeypatch.chdir(tmp_path)
    script = live()
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        for action in ACTIONS:
            if action.id in ("quit", "screenshot"):
                continue
            for key in action.keys[:1]:
                await pilot.press(key)
                await pilot.pause()
                while len(app.screen_stack) > 2:
                    await pilot.press("escape")
                    await pilot.pause()
        assert app._exception is None and isinstance(app.screen, MainScreen)
