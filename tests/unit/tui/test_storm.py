"""Steps of anything: events, keys and sizes in random order, from seeds; the screen must keep its head."""

from __future__ import annotations

import asyncio
import random

import pytest
from rich.cells import cell_len
from textual import events
from textual.keys import _character_to_key

from dltui.core.events import ChainLost, ChainRewound, ClientExited, ClientLate, ClientPending, RunAlert, TxReverted
from dltui.tui.actions.catalog import ACTIONS
from dltui.tui.app import DltuiApp
from dltui.tui.panes.table import TablePane
from dltui.tui.screens.main import MainScreen
from tests.kits.screen_dump import screen_text
from tests.kits.screen_scenario import (
    FakeSession,
    Script,
    address,
    approved,
    opened,
    started,
    submitted,
    train,
    whole_round,
)

HOSTILE = "[/x]\x1b[2J[@click=app.quit]\x1b]0;t\x07\x9b31m\u202e\ud800\nx"
MOVES = ("up", "down", "pageup", "pagedown", "home", "end")
LEAVING = ("quit", "screenshot")
"""Actions whose keys are not pressed."""
KEYS = (
    *MOVES, "left", "right", "backspace", *["escape"] * 8,
    *(key for action in ACTIONS if action.id not in LEAVING for key in action.keys),
)  # fmt: skip
SIZES = ((120, 40), (100, 30), (80, 24), (64, 16), (40, 8), (39, 7), (1, 1), (200, 60), (63, 50))


class Storm:
    """Tells a run in which anything may happen next."""

    def __init__(self, rng: random.Random) -> None:
        self.rng, self.script = rng, started(Script(), clients=6, rounds=400)
        self.round, self.members = 0, tuple(f"client-{n}" for n in range(5))
        self.extra = 0

    def blow(self) -> None:
        """Something happens, legal or not."""
        script, rng = self.script, self.rng
        kind = rng.randrange(9)
        if kind == 0:
            self.round += 1
            whole_round(script, self.round, self.members, rng.randrange(10_000))
            if rng.random() < 0.7:
                approved(script, self.round)
        elif kind == 1:
            self.extra += 1
            name = f"late-{self.extra}" if rng.random() < 0.7 else f"{HOSTILE}{self.extra}"
            script.say(ClientPending(id=name, address=address(90 + self.extra), name=HOSTILE))
        elif kind == 2:
            script.say(ClientExited(id=rng.choice(self.members), pid=1, code=-9))
        elif kind == 3:
            script.say(RunAlert(id=HOSTILE, severity=rng.choice(("error", "warning")), text=HOSTILE, hint=HOSTILE))
        elif kind == 4:
            script.say(ChainLost(reason=HOSTILE), ChainRewound(block=script.block))
        elif kind == 5:
            script.block += 1
            script.say(
                TxReverted(hash=f"0x{script.block:064x}", function=HOSTILE, sender="client-1", address="0x", gas_used=5,
                           block=script.block, fee=5, reason=HOSTILE)
            )  # fmt: skip
        elif kind == 6:
            train(script, self.round, self.members, loss=rng.random(), accuracy=rng.randrange(10_000))
        elif kind == 7:
            script.say(ClientLate(id=rng.choice(self.members), round=max(1, self.round), what="submit"))
        else:
            opened(script, self.round + 2, self.members, self.members[:3], 0)
            submitted(script, self.round + 2, "client-1")


async def _press(app: DltuiApp, key: str) -> None:
    """A key as the driver sends it, without the pauses of a patient tester; only those that move choose another row."""
    chosen = {name: pane.wanted for name, pane in _tables(app).items()}
    moves = key in MOVES and (key != "end" or app.picture.live)
    app.post_message(events.Key(_character_to_key(key) if len(key) == 1 else key, key if len(key) == 1 else None))
    await _drained()
    if not moves:
        assert chosen == {name: pane.wanted for name, pane in _tables(app).items()}, key


async def _drained() -> None:
    """Until messages have gone from the application through the screen to a widget and back."""
    for _ in range(60):
        await asyncio.sleep(0)


async def _tell(app: DltuiApp, session: FakeSession, storm: Storm) -> None:
    await _drained()
    before = {name: pane.cursor for name, pane in _tables(app).items()}
    since = len(storm.script.events)
    storm.blow()
    session.waiting = storm.script.events[since:]
    while app.state.last_seq < storm.script.events[-1].seq:
        await asyncio.sleep(0.002)
    app.main.paint()
    for name, pane in _tables(app).items():
        if pane.wanted is not None and before[name] in pane.keys:
            assert pane.cursor in (before[name], pane.wanted), name


def _tables(app: DltuiApp) -> dict[str, TablePane]:
    return {name: pane for name, pane in app.main.panes.items() if isinstance(pane, TablePane)}


def _sound(app: DltuiApp, size: tuple[int, int]) -> None:
    lines = screen_text(app).splitlines()
    assert all(line.isprintable() for line in lines) and "2J" not in "".join(lines)
    assert len(lines) <= size[1] and max(map(cell_len, lines), default=0) <= size[0]
    if not isinstance(app.screen, MainScreen):
        return
    for pane in app.main.panes.values():
        assert pane.cursor is None or pane.cursor in pane.keys or not pane.size.height
    for name, table in _tables(app).items():
        assert table.wanted not in table.keys or table.cursor == table.wanted, name
    shown = app.main.shown
    selected = app.main.selected
    if selected is not None and app.main.pane.size.height:
        kind, id = selected
        there = {"client": shown.clients, "version": shown.versions, "round": shown.rounds}.get(kind)
        assert there is None or id in there


@pytest.mark.parametrize(
    ("seed", "steps"), [(1, 300), *(pytest.param(seed, 1_000, marks=pytest.mark.slow) for seed in (1, 2, 3))]
)
async def test_many_steps_of_anything(seed: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dltui.tui.app.POLL_SECONDS", 0.01)
    rng = random.Random(seed)
    storm, size = Storm(rng), (120, 40)
    session = FakeSession(storm.script.events)
    app = DltuiApp(session, clock=lambda: storm.script.now)
    monkeypatch.setattr(app, "exit", lambda *_args, **_options: None)
    async with app.run_test(size=size) as pilot:
        for step in range(steps):
            dice = rng.random()
            if dice < 0.35:
                await _tell(app, session, storm)
            elif dice < 0.97:
                await _press(app, rng.choice(KEYS))
            else:
                size = rng.choice(SIZES)
                await pilot.resize_terminal(*size)
            if step % 10 == 0:
                await pilot.pause()
                _sound(app, size)
        assert app._exception is None and app.is_running
