"""Write `docs/keys.md` and `[keys]` in `config.toml` from the registry of actions: `python tools/keys.py`."""

from __future__ import annotations

import json
from pathlib import Path

from dltui.config.keymap import NONE, KeysSection
from dltui.tui.actions.catalog import ACTIONS, BY_ID, GROUPS, Action

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs" / "keys.md"
CONFIG = ROOT / "config.toml"
_SECTION = """[keys]
# The key of each action, as `?` and docs/keys.md show them: a character, or a name such as space, f1 or shift+tab.
# Commas separate several keys, "none" leaves an action to the palette; back, help and quit need one. Chords with ctrl
# or alt and the keys that move in lists are refused. This section is written by tools/keys.py.
"""


def page() -> str:
    """Return the page of keys."""
    lines = [
        "# Keys",
        "",
        "Made from the registry of actions (`dltui/tui/actions/catalog.py`) by `python tools/keys.py`; a test fails",
        "if it is stale.",
        "Any key can be changed in `config.toml`, section `[keys]`, by the name in the last column. Keys that move in",
        "lists and chords are refused, because terminals keep many chords or send them as another key.",
        "A key that can do nothing now is grey in the footer; pressing it says why.",
        "What sends a transaction asks first, and shows what it would cost. With *, it asks in red; if a round that",
        "runs is hit, the id has to be typed.",
    ]
    for group in GROUPS:
        lines += ["", f"## {group}", "", "| key | action | what it does | name |", "|---|---|---|---|"]
        lines += [_row(action) for action in ACTIONS if action.group == group]
    lines += [
        "",
        "In every list: arrows, page up and down, home and end move; a click selects. shift and drag select text with",
        "the terminal itself. In dialogs: `y` or enter on the button agrees, `esc` cancels, Cancel has the focus.",
    ]
    return "\n".join(lines) + "\n"


def _row(action: Action) -> str:
    keys = " ".join(f"`{key}`" for key in action.shown_keys.split()) or "in the palette"
    return f"| {keys} | {action.label}{' *' if action.dangerous else ''} | {action.help} | `{action.id}` |"


def config(text: str) -> str:
    """Return the configuration file with its section of keys written again."""
    section = _SECTION
    for name, keys in KeysSection().table().items():
        section += f"# {BY_ID[name].help.capitalize()}.\n{name} = {json.dumps(','.join(keys) or NONE)}\n"
    return text.partition("[keys]\n")[0].rstrip() + "\n\n" + section


if __name__ == "__main__":
    DOCS.write_text(page(), encoding="utf-8")
    CONFIG.write_text(config(CONFIG.read_text(encoding="utf-8")), encoding="utf-8")
