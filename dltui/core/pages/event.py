"""The page of an event: every field of one line of the journal, and the way to what it names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from dltui.core import format as fmt
from dltui.core.pages.page import Fact, Page, Target, missing
from dltui.core.state.state import State
from dltui.core.views.events import event_row

_CLIENTS = frozenset({"client", "id", "member", "sender"})
_VERSIONS = frozenset({"version", "base", "parent", "new_base"})
_TXS = frozenset({"tx", "hash"})
_LONGEST = 400


def event_page(state: State, seq: int, now: float) -> Page:
    """Return the event of that number."""
    event = next((event for event in state.events if event.seq == seq), None)
    if event is None:
        return missing("event", seq)
    row = event_row(event)
    fields: dict[str, Any] = msgspec.to_builtins(event.data)
    facts = [
        Fact("event", f"{seq:,}"),
        Fact("kind", event.kind, "strong"),
        Fact("time", f"{event.ts} ({fmt.age(event.ts, now)} ago)"),
        Fact("says", row.text),
        *(fact for name, value in fields.items() for fact in _field(state, name, value)),
    ]
    return Page("event", seq, f"event {seq}", tuple(facts))


def _field(state: State, name: str, value: Any) -> Iterator[Fact]:
    """A field as facts: a list of structs with one line for each."""
    if isinstance(value, (list, tuple)) and value and all(isinstance(item, dict) for item in value):
        for at, item in enumerate(value):
            target = next((found for key in item if (found := _target(state, key, item[key]))), None)
            words = ", ".join(f"{key} {_text(part)}" for key, part in item.items())
            yield Fact("" if at else name, words[:_LONGEST], "", target)
    else:
        yield Fact(name, _text(value), "", _target(state, name, value))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value or fmt.NONE
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return ", ".join(value) or "none"
    return json.dumps(value, ensure_ascii=False)[:_LONGEST]


def _target(state: State, name: str, value: Any) -> Target | None:
    if name in _CLIENTS and isinstance(value, str) and value in state.clients:
        return "client", value
    if name in _VERSIONS and value in state.versions:
        return "version", value
    if name == "round" and value in state.rounds:
        return "round", value
    if name in _TXS and any(tx.hash == value for tx in state.txs):
        return "tx", value
    return None
