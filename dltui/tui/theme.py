"""Colours: one calm palette, from which the stylesheet's theme and the inks of every drawn line are made.

A colour never says anything alone: each state is a symbol and a word, and its colour repeats them.
"""

from __future__ import annotations

from rich.style import Style
from textual.theme import Theme

TEXT = "#c9d1d9"
QUIET = "#7d8a99"
FAINT = "#55626f"
LINE = "#34404b"
ACCENT = "#7cc4c1"
BUSY = "#82b1e0"
OK = "#93c08b"
WARN = "#dcb46c"
BAD = "#e58a83"
GROUND = "#12171d"
PANEL = "#1b222b"
ROW = "#1f2a35"
ROW_FOCUSED = "#2a4152"

INKS: dict[str, Style] = {
    "": Style(color=TEXT),
    "strong": Style(color="#eef2f6", bold=True),
    "quiet": Style(color=QUIET),
    "faint": Style(color=FAINT),
    "accent": Style(color=ACCENT),
    "head": Style(color=ACCENT, bold=True),
    "busy": Style(color=BUSY),
    "ok": Style(color=OK),
    "warn": Style(color=WARN),
    "bad": Style(color=BAD),
    "key": Style(color=ACCENT, bold=True),
    "now": Style(color=GROUND, bgcolor=ACCENT, bold=True),
}
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

THEME = Theme(
    name="dltui",
    primary=BUSY,
    secondary=QUIET,
    accent=ACCENT,
    foreground=TEXT,
    background=GROUND,
    surface=GROUND,
    panel=PANEL,
    success=OK,
    warning=WARN,
    error=BAD,
    dark=True,
    variables={
        "border-blurred": LINE,
        "scrollbar": "#2b3641",
        "scrollbar-hover": "#3a4855",
        "scrollbar-active": ACCENT,
        "scrollbar-background": GROUND,
        "scrollbar-corner-color": GROUND,
        "button-focus-text-style": "b reverse",
    },
)
"""The theme of the stylesheet."""
