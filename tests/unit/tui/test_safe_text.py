"""States can be told apart without colour, without red and green, and in grey."""

from __future__ import annotations

import re

import pytest
from textual.color import Color

from dltui.tui.theme import SAFE, THEMES, use
from dltui.tui.widgets.safe_text import plain_ascii
from tests.kits.screen_dump import screen_text, settle
from tests.kits.screen_scenario import finished, live
from tests.kits.screen_showing import clients, showing
from tests.kits.screen_tour import MOMENTS, tour


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
        use(THEMES[0])


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
        for pane, column in ((app.main.panes["clients"], 1), (app.main.panes["registry"], 2)):
            for key in pane.keys:
                symbol, _, word = pane._row_of(key).cells[column][0].partition(" ")
                assert len(symbol) == 1 and not symbol.isalnum() and word.replace(" ", "").isalpha()


def test_a_rise_is_no_warning_in_plain_characters() -> None:
    assert plain_ascii("0.920▲") == "0.920^" and plain_ascii("0.920▼") == "0.920v"
    assert plain_ascii("▲ +0.021") == "^ +0.021" and plain_ascii("sort gas ▲ · order held") == "sort gas ^ - order held"
    assert plain_ascii("▲ late") == "! late" and plain_ascii("   ▲ 2 alerts") == "   ! 2 alerts"


async def test_every_arrow_of_a_figure_is_one_in_plain_characters_too() -> None:
    async with showing(finished(), ascii=True) as (app, _pilot, _session):
        text = screen_text(app)
        assert "0.908^" in text and "0.912^" in text and "^ +0.021" in text and "v -0.200 better" in text
        assert not re.search(r"[0-9]!", text)
