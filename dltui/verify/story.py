"""The journal as a story: it begins once, ends once, its times do not go back, and it tells what this version knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

import dltui
from dltui.core import events as ev
from dltui.core import format as fmt
from dltui.core.events import Event, Unknown
from dltui.errors import MismatchError

CLOCK_SLACK = 60.0
"""Seconds that a computer's clock may be set back while a run goes on."""
_VERSION = re.compile(r"(\d{1,4}(?:\.\d{1,4}){1,3})[\w.+-]{0,40}", re.ASCII)
"""The numbers of a release, and what a build may have behind them."""


def check_order(events: Sequence[Event], where: str) -> None:
    """Raise MismatchError if the run begins twice, something follows its end, or the time goes back."""
    latest = fmt.unix(events[0].ts) or 0.0
    for before, event in zip((None, *events), events, strict=False):
        place = f"{where}, event {event.seq}"
        if isinstance(event.data, ev.RunStarted) != (before is None):
            raise MismatchError("a journal begins with run.started, and only there", where=place)
        if before is not None and isinstance(before.data, ev.RunFinished) and not isinstance(event.data, ev.RunResumed):
            raise MismatchError(f"{event.kind} follows run.finished: only run.resumed may", where=place)
        now = fmt.unix(event.ts)
        if now is None:
            raise MismatchError(f"{event.ts} is no time", where=place)
        if now < latest - CLOCK_SLACK:
            raise MismatchError(f"the time goes back by {latest - now:,.0f} s, to {event.ts}", where=place)
        latest = max(latest, now)


def check_block_times(events: Sequence[Event], genesis: int, by_clock: bool, where: str) -> None:
    """Hold the journal's times against those of the run's own blocks (unix seconds).

    A block is told after it was made, if its time is `by_clock` (anvil's blocks may be ahead of it), and the first one
    was made between the run's start and the node's. Raises MismatchError.
    """
    for event in events:
        told = fmt.unix(event.ts) or 0.0
        if isinstance(event.data, ev.ChainReady) and told < genesis - CLOCK_SLACK:
            raise MismatchError("the node is told ready before its first block", where=f"{where}, event {event.seq}")
        if by_clock and isinstance(event.data, ev.ChainBlock) and told < event.data.timestamp - CLOCK_SLACK:
            raise MismatchError(
                f"block {event.data.number} is told {event.data.timestamp - told:,.0f} s before it was made",
                where=f"{where}, event {event.seq}",
            )
    began = fmt.unix(events[0].ts) or 0.0
    if began > genesis + CLOCK_SLACK:
        raise MismatchError(f"the run is told to begin {began - genesis:,.0f} s after its first block", where=where)


def unknown(events: Iterable[tuple[Event, dict[str, Any]]], where: str) -> int:
    """The number of events with a kind or a field that this program does not know.

    Only a newer version may have written them: otherwise MismatchError names the first.
    """
    count, later = 0, False
    for event, fields in events:
        if isinstance(event.data, ev.RunStarted):
            later = newer(event.data.version, where)
        data = event.data
        strange = f"kind {data.kind}" if isinstance(data, Unknown) else _strange(fields, data)
        if strange and not later:
            raise MismatchError(f"has the unknown {strange}", where=f"{where}, event {event.seq}")
        count += bool(strange)
    return count


def newer(version: str, where: str) -> bool:
    """Whether a version is newer than this program's. Raises MismatchError if it is none."""
    return _numbers(version, where) > _numbers(dltui.__version__, where)


def _numbers(version: str, where: str) -> list[int]:
    match = _VERSION.fullmatch(version)
    if match is None:
        raise MismatchError(f"{version[:20]} is no version of this program", where=where)
    return [int(part) for part in match[1].split(".")]


def _strange(told: Any, typed: Any) -> str:
    """The first field that was `told` and is none of the `typed` value; empty if there is none."""
    if isinstance(typed, msgspec.Struct) and isinstance(told, dict):
        known = msgspec.structs.asdict(typed)
        return next((f"field {name}" for name in told if name not in known), "") or _first(
            _strange(value, known[name]) for name, value in told.items()
        )
    if isinstance(typed, tuple) and isinstance(told, list):
        return _first(_strange(*pair) for pair in zip(told, typed, strict=True))
    return ""


def _first(found: Iterable[str]) -> str:
    return next(filter(None, found), "")


def untold(events: Sequence[Event], versions: Iterable[int]) -> list[str]:
    """What a run that is done should have told of data, model, `versions` and node, and has not, in words.

    An evaluator that died may be the reason, or a person who took the events out: their absence says nothing.
    """
    last = events[-1].data
    if not isinstance(last, ev.RunFinished) or last.status != "done":
        return []
    told = {type(event.data) for event in events}
    measured = {event.data.version for event in events if isinstance(event.data, ev.ModelEvaluated)}
    kinds = ((ev.DataDescribed, "the data"), (ev.ModelDescribed, "the model"), (ev.ChainStopped, "the end of its node"))
    return [
        *(what for kind, what in kinds if kind not in told),
        *(f"the test accuracy of version {number}" for number in sorted(set(versions) - measured)),
    ]
