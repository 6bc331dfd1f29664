"""The keys: one field an action, its default the key that ships. `config.toml [keys]` changes them.

Actions that send a command are declared with it (`core/commands`); the fields here are those of the screen alone.

A key is a character or a name (`space`, `f1`, `shift+tab`); commas separate several keys of one action, and `none`
leaves an action to the palette. Chords are refused: terminals send many of them as another key, or keep them.
"""

from __future__ import annotations

import string
import unicodedata
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from dltui.core.commands import COMMANDS
from dltui.errors import ConfigError

Key = Annotated[str, Meta(min_length=1, max_length=60)]

NONE = "none"
"""Stands for no key."""
NEEDED = ("back", "help", "quit")
"""Actions that are never without a key."""
_OWNED = {"ctrl+p": "palette", "ctrl+q": "quit", "end": "live", "escape": "back"}
"""Keys that mean the same on every screen, so only one action may have each."""
_MOVES = frozenset({"up", "down", "left", "right", "pageup", "pagedown", "home"})
"""Keys that the lists and dialogs keep."""
_NAMES = frozenset({"space", "tab", "enter", "backspace", "insert", "delete", *(f"f{n}" for n in range(1, 25))})
_SHORTER = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


def _name(character: str) -> str:
    name = unicodedata.name(character).lower().replace(" ", "_").replace("-", "_")
    return _SHORTER.get(name, name)


_CHARACTERS = {_name(char): char for char in string.punctuation if char != ","}
"""Character by the name that the terminal library has for its key; a comma stays a name, because commas separate."""


_Commands: Any = msgspec.defstruct(
    "_Commands",
    [(shortcut.id, Key, shortcut.key) for command in COMMANDS.values() for shortcut in command.shortcuts],
    frozen=True,
    kw_only=True,
)


class KeysSection(_Commands, frozen=True, kw_only=True, omit_defaults=True):  # type: ignore[call-arg, misc]
    """Key or keys by action. A run's frozen configuration names only those that were changed."""

    verify: Key = "v"
    open: Key = "enter"
    log: Key = "l"
    logs: Key = "L"
    only_source: Key = "o"
    level: Key = "w"
    plots: Key = "g"
    alerts: Key = "!"
    copy: Key = "y"
    filter: Key = "/"
    sort_next: Key = "s"
    sort_reverse: Key = "S"
    zoom: Key = "z"
    freeze: Key = "space"
    round_back: Key = "["
    round_forward: Key = "]"
    live: Key = "end"
    story_next: Key = "."
    story_back: Key = "comma"
    story_pause: Key = "h"
    story_faster: Key = ">"
    story_slower: Key = "<"
    export: Key = "e"
    screenshot: Key = "P"
    theme: Key = "t"
    refresh_faster: Key = "+"
    refresh_slower: Key = "-"
    pane_round: Key = "1"
    pane_chain: Key = "2"
    pane_clients: Key = "3"
    pane_registry: Key = "4"
    pane_events: Key = "5"
    next_pane: Key = "tab"
    previous_pane: Key = "shift+tab"
    palette: Key = ":,ctrl+p"
    help: Key = "?,f1"
    back: Key = "escape"
    quit: Key = "q,ctrl+q"

    def table(self) -> dict[str, tuple[str, ...]]:
        """Return the keys of each action."""
        return {name: keys_of(getattr(self, name)) for name in self.__struct_fields__}

    def clash(self) -> tuple[str, str, str] | None:
        """Return the first key that two actions want, with both; None if every key is one action's."""
        owner: dict[str, str] = {}
        for name, keys in self.table().items():
            for key in keys:
                if owner.setdefault(key, name) != name:
                    return key, owner[key], name
        return None

    def check(self) -> None:
        """Raise ConfigError for a key that no action may have or two want, and for an action that needs one."""
        for name, keys in self.table().items():
            if not keys and (name in NEEDED or getattr(self, name).strip() != NONE):
                raise ConfigError("a key is needed here", where=f"keys.{name}", hint=_HINT)
            for key in keys:
                if fault := _fault(name, key):
                    raise ConfigError(fault, where=f"keys.{name}", hint=_HINT)
        clash = self.clash()
        if clash is not None:
            key, first, second = clash
            raise ConfigError(
                f"{key!r} is the key of both {first} and {second}",
                where="keys",
                hint=f'give one of them another key, or none: {second} = "none"',
            )


_HINT = "a character, or space, tab, enter, backspace, insert, delete, f1 to f24, or shift+ before one of these names"


def _fault(action: str, key: str) -> str:
    """Return why an action cannot have a key; empty if it can."""
    owner = _OWNED.get(key, action)
    if owner != action:
        return f"{key!r} is kept for {owner}"
    if key in _MOVES:
        return f"{key!r} moves in every list"
    if key in _OWNED or key == "comma" or key.removeprefix("shift+") in _NAMES or (len(key) == 1 and key.isprintable()):
        return ""
    return f"{key!r} is no key that every terminal tells apart"


def keys_of(text: str) -> tuple[str, ...]:
    """Return the keys in a setting, each in one spelling. A comma itself is written `comma`."""
    if text.strip() == NONE:
        return ()
    return tuple(_spelled(key) for key in (part.strip() for part in text.split(",")) if key)


def _spelled(key: str) -> str:
    return key if len(key) == 1 else _CHARACTERS.get(key.lower(), key.lower())
