"""The key of an action in running text, as it is under the configuration."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textual.dom import DOMNode

from dltui.core.commands import COMMANDS

if TYPE_CHECKING:
    from dltui.tui.actions.catalog import Action
    from dltui.tui.playback import Story

_TWIN = re.compile(r" \(dltui (?P<words>[^)]*)\)")
_NAMES_A_KEY = re.compile(r"(?:^|; |then )[arRU] \w+s\b")
"""How hints of older journals began: with a key."""


def key_of(node: DOMNode, name: str) -> str:
    """The key that does it, for a sentence that begins with it; without a key, its name in the palette."""
    actions: dict[str, Action] = getattr(node.app, "actions", {})
    action = actions[name]
    return action.shown_key or f'"{action.label}" in the palette'


def with_keys(node: DOMNode, hint: str, short: bool = False) -> str:
    """A hint of the engine, which names commands as a shell has them, with the keys that do the same here.

    `short` leaves the shell's form out. A hint of an older journal names the key that shipped, and gets no other one.
    """
    actions: dict[str, Action] = getattr(node.app, "actions", {})
    keys = {
        declaration.words: actions[declaration.shortcuts[0].id].shown_key
        for declaration in COMMANDS.values()
        if declaration.words and declaration.shortcuts and declaration.shortcuts[0].id in actions
    }

    def shown(twin: re.Match[str]) -> str:
        words = twin["words"]
        key = next((key for known, key in keys.items() if f"{words} ".startswith(f"{known} ")), "")
        said = ("" if _NAMES_A_KEY.search(hint) else key, "" if short else f"dltui {words}")
        inside = ", ".join(part for part in said if part)
        return f" ({inside})" if inside else ""

    return _TWIN.sub(shown, hint)


def answered(node: DOMNode, alert: str) -> bool:
    """A walkthrough does what the alert of this id asks for."""
    story: Story | None = getattr(node.app, "story", None)
    return story is not None and story.answers(alert)


def may_write(node: DOMNode) -> bool:
    """Keys of this screen can change something, so that hints may name them."""
    return not getattr(node.app, "read_only", False)


def filter_keys(node: DOMNode) -> str:
    """What becomes of a filter that nothing fits."""
    return f"{key_of(node, 'filter')} changes it, {key_of(node, 'back')} clears it"
