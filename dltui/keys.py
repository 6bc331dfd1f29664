"""The keys: one field an action, its default the key that ships. `config.toml [keys]` changes them.

A key is a character or a name (`space`, `f1`, `shift+tab`); commas separate several keys of one action, and `none`
leaves an action to the palette.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

Key = Annotated[str, Meta(min_length=1, max_length=60)]

NONE = "none"
"""Stands for no key."""


class KeysSection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Key or keys by action. A run's frozen configuration names only those that were changed."""

    register: Key = "r"
    add_client: Key = "c"
    refuse: Key = "D"
    approve: Key = "a"
    reject: Key = "x"
    suspend: Key = "u"
    reinstate: Key = "U"
    ban: Key = "B"
    complete_leave: Key = "none"
    stop_client: Key = "K"
    restart_client: Key = "R"
    open_round: Key = "n"
    pause: Key = "p"
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
        """Action to its keys."""
        return {name: keys_of(getattr(self, name)) for name in self.__struct_fields__}

    def clash(self) -> tuple[str, str, str] | None:
        """The first key that two actions want, with both; None where every key is one action's."""
        owner: dict[str, str] = {}
        for name, keys in self.table().items():
            for key in keys:
                if key in owner:
                    return key, owner[key], name
                owner[key] = name
        return None


def keys_of(text: str) -> tuple[str, ...]:
    """The keys in a setting. A comma itself is written `comma`."""
    if text.strip() == NONE:
        return ()
    return tuple(key for key in (part.strip() for part in text.split(",")) if key)
