"""Colours: one calm palette, one that is safe for colour-blind eyes; stylesheet and drawn lines are made from them.

A colour never says anything alone: each state is a symbol and a word, and its colour repeats them.
"""

from __future__ import annotations

import msgspec
from rich.style import Style
from textual.theme import Theme


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

PALETTES = {palette.name: palette for palette in (CALM, SAFE)}
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


def use(name: str) -> None:
    """Makes the inks those of the theme of that name. What is on the screen has to be drawn again."""
    p = PALETTES[name]
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
            "bad": Style(color=p.bad, bold=name == SAFE.name),
            "key": Style(color=p.accent, bold=True),
            "now": Style(color=p.ground, bgcolor=p.accent, bold=True),
            "amber": Style(color=p.ground, bgcolor=p.warn, bold=True),
            "row": Style(bgcolor=p.row),
            "row-focused": Style(bgcolor=p.row_focused),
        }
    )


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
        dark=True,
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


use(CALM.name)
