"""The journal part of `verify`: the chain's facts, derived again, against the journal's, in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from dltui.core import events as ev
from dltui.core.events import Event, Payload, payload_from
from dltui.core.sanitize import clean_all
from dltui.errors import MismatchError
from dltui.protocol.facts import FACTS


def written(payload: Payload) -> Payload:
    """The payload as the journal holds it: its text made harmless."""
    return payload_from(payload.KIND, clean_all(msgspec.to_builtins(payload)))


def compare(expected: Iterable[tuple[int, Payload]], events: Sequence[Event], complete: int, where: str) -> int:
    """Compare the chain's facts (block number, fact) with the journal's, in order; returns their number.

    The journal must tell every fact up to block `complete`. Raises MismatchError at the first difference.
    """
    told = iter([event for event in events if type(event.data) in FACTS])
    count = 0
    for block, payload in expected:
        event = next(told, None)
        if event is None:
            if block <= complete:
                raise MismatchError(f"the journal lacks {_say(payload)}, which is on the chain", where=where)
            return count
        if _comparable(event.data) != _comparable(written(payload), event.data):
            raise MismatchError(
                f"event {event.seq} tells {_say(event.data)}, the chain says {_say(payload)}", where=where
            )
        count += 1
    extra = next(told, None)
    if extra is not None:
        raise MismatchError(f"event {extra.seq} tells {_say(extra.data)}, which is not on the chain", where=where)
    return count


def _comparable(payload: Payload, told: Payload | None = None) -> Payload:
    """Without what is not on the chain, the words for a revert, and what the journal was too old to have `told`."""
    if isinstance(payload, ev.TxReverted):
        return msgspec.structs.replace(payload, reason="")
    if told is None or type(told) is not type(payload):
        return payload
    defaults = {field.name: field.default for field in msgspec.structs.fields(type(payload))}
    missing = {name: defaults[name] for name in payload.ADDED if getattr(told, name) == defaults[name]}
    return msgspec.structs.replace(payload, **missing) if missing else payload


def _say(payload: Payload) -> str:
    fields = msgspec.to_builtins(payload)
    return f"{payload.KIND} {', '.join(f'{key}={value}' for key, value in fields.items())}"[:300]
