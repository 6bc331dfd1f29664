"""What a person chose on the screen and finds again the next time, in this user's state folder."""

from __future__ import annotations

import contextlib
from pathlib import Path

import platformdirs

from dltui.errors import DltuiError
from dltui.files import read_regular

MOST_BYTES = 64


def _file() -> Path:
    return platformdirs.user_state_path("dltui") / "theme"


def theme() -> str:
    """The name of the theme that was chosen last; empty if none was, or the file cannot be read."""
    try:
        return read_regular(_file(), MOST_BYTES).decode("ascii", "replace").strip()
    except (DltuiError, OSError):
        return ""


def keep(name: str) -> None:
    """Remember a theme by its name; where there is no room for it, it is not remembered."""
    with contextlib.suppress(OSError):
        _file().parent.mkdir(parents=True, exist_ok=True)
        _file().write_text(name + "\n", encoding="ascii")
