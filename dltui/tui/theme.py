"""Colours: a calm palette, one that is safe for colour-blind eyes, a light one, and those of the library's themes.

Stylesheet and drawn lines are made from them.

A colour never says anything alone: each state is a symbol and a word, and its colour repeats them.
"""

from __future__ import annotations

import msgspec
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

READABLE = 3.0
"""Contrast that a drawn text has to its ground at least, as WCAG measures it for large text."""


class Palette(msgspec.Struct, frozen=True):
    """The colours of a theme; `ok`, `busy`, `warn` and `bad` repeat what a symbol and a word say."""

    name: str
    text: str
    strong: str
    quiet: str
    faint: str
    line: str
    accent: str
    busy: str
    ok: str
    warn: str
    bad: str
    ground: str
    panel: str
    row: str
    row_focused: str
    dark: bool = True


CALM = Palette(
    name="dltui",
    text="#c9d1d9",
    strong="#eef2f6",
    quiet="#7d8a99",
    faint="#55626f",
    line="#34404b",
    accent="#7cc4c1",
    busy="#82b1e0",
    ok="#93c08b",
    warn="#dcb46c",
    bad="#e58a83",
    ground="#12171d",
    panel="#1b222b",
    row="#1f2a35",
    row_focused="#2a4152",
)
SAFE = Palette(
    name="dltui-safe",
    text="#d6d6d6",
    strong="#ffffff",
    quiet="#939ba3",
    faint="#666d74",
    line="#454c53",
    accent="#56b4e9",
    busy="#b0c8de",
    ok="#56b4e9",
    warn="#f0e442",
    bad="#e69f00",
    ground="#101214",
    panel="#1c1f22",
    row="#25292d",
    row_focused="#1d4a6b",
)
"""After Okabe and Ito: good is blue, a warning yellow, bad orange, so nothing rests on red against green."""

LIGHT = Palette(
    name="dltui-light",
    text="#2b333b",
    strong="#0f151a",
    quiet="#5c6873",
    faint="#818c97",
    line="#c3ccd4",
    accent="#0b7285",
    busy="#1c5fa8",
    ok="#2b7a2b",
    warn="#8f5f00",
    bad="#b92d26",
    ground="#f7f9fa",
    panel="#e8edf1",
    row="#e1e9ef",
    row_focused="#c9dff0",
    dark=False,
)

PALETTES = {palette.name: palette for palette in (CALM, SAFE, LIGHT)}
"""Palette by the name of its theme."""

INKS: dict[str, Style] = {}
"""Ink name to style; a drawn text names an ink, never a colour."""

TONES = {
    "ok": "ok",
    "busy": "busy",
    "wait": "accent",
    "warn": "warn",
    "bad": "bad",
    "idle": "quiet",
    "done": "ok",
}
"""Tone of a state, as `core.views` names it, to ink."""


def use(theme: Theme) -> None:
    """Makes the inks those of a theme. What is on the screen has to be drawn again."""
    p = PALETTES.get(theme.name) or palette_of(theme)
    INKS.update(
        {
            "": Style(color=p.text),
            "strong": Style(color=p.strong, bold=True),
            "quiet": Style(color=p.quiet),
            "faint": Style(color=p.faint),
            "accent": Style(color=p.accent),
            "head": Style(color=p.accent, bold=True),
            "busy": Style(color=p.busy),
            "ok": Style(color=p.ok),
            "warn": Style(color=p.warn),
            "bad": Style(color=p.bad, bold=theme.name == SAFE.name),
            "key": Style(color=p.accent, bold=True),
            "now": Style(color=p.ground, bgcolor=p.accent, bold=True),
            "amber": Style(color=p.ground, bgcolor=p.warn, bold=True),
            "row": Style(bgcolor=p.row),
            "row-focused": Style(bgcolor=p.row_focused),
        }
    )


def palette_of(theme: Theme) -> Palette:
    """The palette of a theme that is not ours, from its variables; colours that are too near its ground are moved."""
    made = theme.to_color_system().generate()
    ground, text = Color.parse(made["background"]), Color.parse(made["foreground"])

    def ink(name: str) -> str:
        return readable(Color.parse(made[name]), ground, text).hex

    return Palette(
        name=theme.name,
        text=text.hex,
        strong=text.hex,
        quiet=readable(text.blend(ground, 0.4), ground, text).hex,
        faint=text.blend(ground, 0.6).hex,
        line=text.blend(ground, 0.75).hex,
        accent=ink("accent"),
        busy=ink("primary"),
        ok=ink("success"),
        warn=ink("warning"),
        bad=ink("error"),
        ground=ground.hex,
        panel=made["panel"],
        row=ground.blend(text, 0.08).hex,
        row_focused=ground.blend(text, 0.18).hex,
        dark=theme.dark,
    )


def readable(colour: Color, ground: Color, text: Color) -> Color:
    """The colour, moved towards the text's until it can be read on the ground."""
    for _ in range(20):
        if contrast(colour, ground) >= READABLE:
            break
        colour = colour.blend(text, 0.15)
    return colour


def contrast(one: Color, other: Color) -> float:
    """The contrast of two colours, from 1 to 21 (WCAG)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def theme_of(p: Palette) -> Theme:
    """The stylesheet's theme of a palette."""
    return Theme(
        name=p.name,
        primary=p.busy,
        secondary=p.quiet,
        accent=p.accent,
        foreground=p.text,
        background=p.ground,
        surface=p.ground,
        panel=p.panel,
        success=p.ok,
        warning=p.warn,
        error=p.bad,
        dark=p.dark,
        variables={
            "border-blurred": p.line,
            "scrollbar": p.row,
            "scrollbar-hover": p.row_focused,
            "scrollbar-active": p.accent,
            "scrollbar-background": p.ground,
            "scrollbar-corner-color": p.ground,
            "button-focus-text-style": "b reverse",
        },
    )


THEMES = tuple(theme_of(palette) for palette in PALETTES.values())
"""The themes of the stylesheet, the calm one first."""


use(THEMES[0])
