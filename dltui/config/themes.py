"""The names of the screen's themes: our own, then those of the terminal library, which is not imported here."""

from __future__ import annotations

from typing import Literal

ThemeName = Literal[
    "",
    "dltui",
    "dltui-safe",
    "dltui-light",
    "textual-dark",
    "textual-light",
    "nord",
    "gruvbox",
    "catppuccin-mocha",
    "dracula",
    "tokyo-night",
    "monokai",
    "flexoki",
    "catppuccin-latte",
    "catppuccin-frappe",
    "catppuccin-macchiato",
    "solarized-light",
    "solarized-dark",
    "rose-pine",
    "rose-pine-moon",
    "rose-pine-dawn",
    "atom-one-dark",
    "atom-one-light",
]
"""A theme that can be configured; empty is the one that was chosen last."""
