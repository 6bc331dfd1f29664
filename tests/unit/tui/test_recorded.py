"""What a recorded run looks like at every size, as text; `DLTUI_UPDATE_GOLDENS=1` writes the goldens anew."""

from __future__ import annotations

import pytest

from dltui.tui.app import DltuiApp
from tests.kits.goldens import same_as_golden
from tests.kits.screen_dump import screen_text, settle, until
from tests.kits.screen_scenario import FakeSession
from tests.kits.screen_tour import MOMENTS, tour

SIZES = ((120, 40), (100, 30), (80, 24), (64, 16), (40, 8))
CASES = [("killed", size) for size in SIZES] + [
    (moment, size) for moment, size in zip(("pending", "approval", "finished"), SIZES[:1] * 3, strict=True)
]


@pytest.mark.parametrize(("moment", "size"), CASES, ids=lambda value: str(value))
async def test_a_recorded_run_is_as_it_was(moment: str, size: tuple[int, int]) -> None:
    script = tour(MOMENTS[moment])
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        text = screen_text(app)
    assert len(text.splitlines()) == size[1]
    same_as_golden(text, f"tour-{moment}", size)


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_wait_is_named_at_every_size(size: tuple[int, int]) -> None:
    script = tour(MOMENTS["killed"])
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
    async with app.run_test(size=size) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        await pilot.press("1")
        await settle(app, pilot, script.events[-1].seq)
        text = screen_text(app)
    assert "waiting   for 4 updates" in text and "6 s left" in text


async def test_a_look_back_on_the_smallest_screen_shows_a_row_and_not_the_caption() -> None:
    script = tour(MOMENTS["killed"])
    app = DltuiApp(FakeSession(script.events), clock=lambda: script.now)
    async with app.run_test(size=(40, 8)) as pilot:
        await settle(app, pilot, script.events[-1].seq)
        assert "client-0" in screen_text(app) and "10/15" in screen_text(app)
        await pilot.press("left_square_bracket")
        await until(pilot, lambda: "viewing round 1" in screen_text(app))
        await until(pilot, lambda: "client-0" in screen_text(app) and "/15" not in screen_text(app))
