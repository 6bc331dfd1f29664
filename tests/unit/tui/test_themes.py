"""Themes: our own and the library's; what is drawn can be read in each, and the choice is found again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from dltui.config.sections import load
from dltui.config.themes import ThemeName
from dltui.errors import ConfigError
from dltui.tui import preferences
from dltui.tui.app import DltuiApp
from dltui.tui.theme import INKS, LIGHT, PALETTES, READABLE, THEMES, contrast, palette_of, use
from tests.kits.screen_dump import until
from tests.kits.screen_scenario import FakeSession, Leader, awaiting, live
from tests.kits.screen_showing import clients, showing

NAMES = get_args(ThemeName)[1:]


@pytest.fixture(autouse=True)
def our_own() -> Iterator[None]:
    """The inks of the next test are those of our first theme."""
    yield
    use(THEMES[0])


def test_every_theme_that_the_library_draws_in_full_colour_can_be_configured() -> None:
    assert set(NAMES) == {*PALETTES, *(name for name, theme in BUILTIN_THEMES.items() if not theme.ansi)}
    assert load(flags={"ui.theme": "nord"}).ui.theme == "nord" and load().ui.theme == ""
    with pytest.raises(ConfigError, match=r"ui\.theme"):
        load(flags={"ui.theme": "nrod"})


@pytest.mark.parametrize("name", NAMES)
def test_what_is_drawn_can_be_read(name: str) -> None:
    palette = PALETTES.get(name) or palette_of(BUILTIN_THEMES[name])
    ground = Color.parse(palette.ground)
    for ink in ("text", "strong", "quiet", "accent", "busy", "ok", "warn", "bad"):
        assert contrast(Color.parse(getattr(palette, ink)), ground) >= READABLE, ink
    assert palette.dark == (contrast(ground, Color.parse("white")) > contrast(ground, Color.parse("black")))


async def test_the_key_goes_through_all_themes_and_recolours_what_is_drawn() -> None:
    async with showing(live()) as (app, pilot, _session):
        seen: list[str] = []
        grounds = set()
        for _ in NAMES:
            seen.append(app.theme)
            await until(pilot, lambda: {ink_of(app, "state"), ink_of(app, "sent")} == {colour("quiet"), colour("ok")})
            grounds.add(clients(app).styles.background.hex + app.screen.styles.background.hex)
            await pilot.press("t")
            await until(pilot, lambda: app.theme != seen[-1])
        assert tuple(seen) == NAMES and app.theme == seen[0] and len(grounds) > 15


def colour(ink: str) -> str:
    assert INKS[ink].color is not None
    return INKS[ink].color.name


def ink_of(app: DltuiApp, word: str) -> str:
    """The colour in which a word of the first client's row, or of the header, is drawn."""
    pane = clients(app)
    parts = [s for y in (0, 1) for s in pane.render_line(y) if word in s.text.split()]
    return parts[0].style.color.name if parts[0].style is not None and parts[0].style.color else ""


async def test_every_line_of_the_screen_takes_the_new_colours() -> None:
    async with showing(awaiting(), director=Leader()) as (app, pilot, _session):
        app.theme = LIGHT.name
        wanted = {Color.parse(getattr(LIGHT, ink)).hex.lower() for ink in ("text", "strong", "accent", "quiet", "warn")}
        for widget in (app.main.status, app.main.caption, app.main.alert, app.main.hints):
            await until(
                pilot,
                lambda widget=widget: (
                    {
                        s.style.color.name
                        for y in range(widget.size.height)
                        for s in widget.render_line(y)
                        if s.text.strip() and s.style and s.style.color
                    }
                    <= wanted | {Color.parse(c).hex.lower() for c in (LIGHT.ok, LIGHT.faint)}
                ),
            )


async def test_the_choice_is_kept_for_the_next_screen() -> None:
    async with showing(live()) as (app, pilot, _session):
        await pilot.press("t", "t")
        await until(pilot, lambda: app.theme == LIGHT.name)
        assert not app.current_theme.dark
    assert preferences.theme() == LIGHT.name


def test_what_is_kept_is_read_as_little_and_never_trusted(tmp_path: Path) -> None:
    assert preferences.theme() == ""
    file = tmp_path / "state" / "dltui" / "theme"
    preferences.keep("nord")
    assert file.read_text() == "nord\n" and preferences.theme() == "nord"
    file.write_bytes(b"\x1b]0;x\x07" * 1000)
    assert preferences.theme() == ""
    file.unlink()
    file.mkdir()
    preferences.keep("nord")
    assert preferences.theme() == ""


@pytest.mark.parametrize(("wanted", "gets"), [("", "dltui"), ("solarized-light", "solarized-light"), ("?", "dltui")])
async def test_a_screen_starts_with_the_wanted_theme(wanted: str, gets: str) -> None:
    app = DltuiApp(FakeSession(live().events))
    app.wanted_theme = wanted
    async with app.run_test() as pilot:
        await pilot.pause()
        assert app.theme == gets
