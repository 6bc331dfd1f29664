"""What the screens look like: text goldens at every size, and foreign text that tries to break out.

`DLTUI_UPDATE_GOLDENS=1` writes the goldens anew; read the difference before you keep it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from dltui.core.events import (
    ChainLost,
    ClientExited,
    ClientLate,
    ClientPending,
    ClientProgress,
    ClientSpawned,
    DemoStep,
    ModelPublished,
    OpResult,
    RunAlert,
    TxReverted,
)
from dltui.tui.app import DltuiApp
from dltui.tui.screens.confirm import ConfirmScreen
from dltui.tui.screens.help import HelpScreen
from dltui.tui.screens.quit import QuitScreen
from tests.kits.goldens import same_as_file, same_as_golden
from tests.kits.screen_dump import screen_colours, screen_text, settle, until
from tests.kits.screen_scenario import (
    FakeSession,
    Script,
    address,
    awaiting,
    finished,
    live,
    opened,
    started,
    whole_round,
)

HOSTILE = "[/x]\x1b[2J[@click=app.quit]\x1b]0;t\x07\x9b31m\u202e\ud800\nx"


def nothing() -> Script:
    return Script()


def lost() -> Script:
    script = live()
    script.say(ChainLost(reason="the node was ended by SIGKILL"))
    return script


SCREENS: dict[str, tuple[Callable[[], Script], tuple[str, ...], bool]] = {
    "live": (live, (), False),
    "awaiting": (awaiting, (), False),
    "finished": (finished, (), False),
    "ascii": (awaiting, (), True),
    "chain-zoomed": (finished, ("2", "z"), False),
    "confirm": (awaiting, ("a",), False),
    "help": (live, ("question_mark",), False),
    "empty": (nothing, (), False),
    "lost": (lost, (), False),
    "frozen": (live, ("space",), False),
    "past": (live, ("left_square_bracket",), False),
    "plots": (finished, ("g",), False),
}
SIZES = ((120, 40), (80, 24), (60, 15), (39, 7))
CASES = [("live", size) for size in SIZES]
CASES += [(name, size) for name in ("awaiting", "ascii") for size in SIZES[:2]]
CASES += [(name, SIZES[0]) for name in ("finished", "chain-zoomed", "confirm", "help", "plots")]
CASES += [(name, size) for name in ("empty", "lost", "frozen", "past") for size in SIZES[:2]]


@pytest.mark.parametrize(("name", "size"), CASES, ids=lambda value: str(value))
async def test_screens_are_as_they_were(name: str, size: tuple[int, int]) -> None:
    make, keys, ascii = SCREENS[name]
    script = make()
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now, ascii=ascii)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, len(script.events))
        await pilot.press(*keys)
        await pilot.pause()
        text = screen_text(app)
    lines = text.splitlines()
    assert len(lines) == size[1]
    if ascii:
        assert text.isascii()
    same_as_golden(text, name, size)


@pytest.mark.parametrize("name", ["live", "awaiting", "finished", "confirm", "help", "lost", "past", "plots"])
async def test_screens_have_the_colours_that_they_had(name: str) -> None:
    make, keys, _ascii = SCREENS[name]
    script = make()
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(app, pilot, len(script.events))
        await pilot.press(*keys)
        await pilot.pause()
        same_as_file(screen_colours(app), f"colours-{name}")


@pytest.mark.parametrize(
    ("size", "keys"),
    [
        ((80, 24), ("c",)),
        ((80, 24), ("c", "tab", "enter")),
        ((120, 40), ("slash",)),
        ((40, 8), ("1", "enter")),
        ((40, 8), ("L",)),
        ((40, 8), ("g",)),
    ],
)
async def test_plain_characters_are_all_there_is_where_they_are_wanted(
    size: tuple[int, int], keys: tuple[str, ...], tmp_path: Path
) -> None:
    script = live()
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now, ascii=True, run_dir=tmp_path)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        await until(pilot, lambda: screen_text(app).isascii())


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15), (40, 8)], ids=str)
async def test_the_first_run_opens_with_the_way_to_the_demo_and_the_help(size: tuple[int, int]) -> None:
    script = live()
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now, first=True)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        assert "`dltui demo` shows" in screen_text(app)
        await pilot.press("escape")
        await until(pilot, lambda: "`dltui demo` shows" not in screen_text(app) and not app.main.caption.display)


async def test_an_empty_run_teaches_what_will_appear() -> None:
    app = DltuiApp(FakeSession(), clock=lambda: 0.0)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(app, pilot, 0)
        text = screen_text(app)
    assert f"engine{15 * ' '}a process starts" in text and f"first model{10 * ' '}version 0, from the seed" in text
    assert "No clients yet" not in text and "No version yet" in text and "no run yet" in text
    assert "for the engine to start" in text and "No run yet" in text and "no chain yet" in text


async def test_resizing_ends_where_starting_at_that_size_does() -> None:
    script = live()
    resized = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
    async with resized.run_test(size=(120, 40)) as pilot:
        for size in ((80, 24), (39, 7), (60, 15), (1, 1), (41, 9), (120, 40)):
            await pilot.resize_terminal(*size)
            await settle(resized, pilot, script.events[-1].seq)
            fresh = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
            async with fresh.run_test(size=size) as other:
                await settle(fresh, other, script.events[-1].seq)
                await until(other, lambda fresh=fresh: screen_text(resized) == screen_text(fresh))


def hostile() -> Script:
    """Every field that a client, the chain or a file may fill says the worst."""
    script = started(Script(), clients=4)
    script.say(
        ClientSpawned(id=HOSTILE, pid=1, address=address(66)),
        ClientPending(id=HOSTILE, address=HOSTILE, name=HOSTILE),
        ClientProgress(id="client-1", round=1, activity=HOSTILE, epoch=1, epochs=2),
        RunAlert(id=HOSTILE, severity="error", text=HOSTILE, hint=HOSTILE),
    )
    whole_round(script, 1, ("client-0", "client-1", "client-2"), 5000)
    script.say(ModelPublished(version=2, round=1, digest=HOSTILE, cid=HOSTILE, parent=1, accuracy_bp=1))
    opened(script, 2, ("client-0", HOSTILE), (HOSTILE,), 1)
    script.say(
        ClientLate(id=HOSTILE, round=2, what=HOSTILE),
        ClientExited(id="client-0", pid=1, code=1),
        TxReverted(hash="0x0", function=HOSTILE, sender=HOSTILE, address=HOSTILE, block=99, gas_used=1, fee=1,
                   reason=HOSTILE),
        DemoStep(n=1, of=2, title=HOSTILE, text=HOSTILE),
        OpResult(id="c", ok=False, message=HOSTILE),
    )  # fmt: skip
    return script


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15)])
async def test_foreign_text_is_harmless_in_every_pane(size: tuple[int, int]) -> None:
    script = hostile()
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        for keys in ((), ("1", "z"), ("2",), ("3",), ("4",), ("5",)):
            await pilot.press(*keys)
            await settle(app, pilot, script.events[-1].seq)
            lines = screen_text(app).splitlines()
            assert all(line.isprintable() for line in lines)
            assert "2J" not in "".join(lines)
            assert len(lines) == size[1] and max(map(cell_len, lines)) <= size[0]


async def test_foreign_text_is_harmless_in_dialogs_and_toasts() -> None:
    script = hostile()
    session = FakeSession(script.events)
    app = DltuiApp(session, clock=lambda: script.now)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        await pilot.press("end", "R")
        app.tell(HOSTILE, "error")
        await pilot.pause()
        assert "[/x]" in screen_text(app)
        for key, kind in (("q", QuitScreen), ("question_mark", HelpScreen), ("K", ConfirmScreen)):
            app.state.clients[HOSTILE].process = "ready"
            await pilot.press(key)
            await pilot.pause()
            assert isinstance(app.screen, kind)
            assert all(line.isprintable() for line in screen_text(app).splitlines())
            await pilot.press("escape")
            await pilot.pause()
        assert session.sent == []
