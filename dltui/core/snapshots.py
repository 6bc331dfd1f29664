"""Copies of the state: one that stays as it is while the run goes on, and those of the ends of the last rounds."""

from __future__ import annotations

from collections import deque
from copy import copy
from typing import TypeVar

from dltui.core.events import Event, RoundOpened
from dltui.core.state.state import State

K = TypeVar("K")
T = TypeVar("T")

KEPT = 64
"""Rounds that can be looked back on."""
EVENTS = 500
"""Last events and transactions that the end of a round keeps."""


def still(state: State, *, events: int | None = None) -> State:
    """Return a copy that no later event changes, with the last `events` events and transactions, or with all."""
    last, twin = state.round, _twin(state)
    chain = twin.chain = _twin(state.chain)
    chain.by_function, chain.by_sender = _each(chain.by_function), _each(chain.by_sender)
    chain.by_round = _each(chain.by_round)
    twin.clients, twin.versions = _each(state.clients), _each(state.versions)
    if last is not None:
        # A closed round changes no more, save the last one, whose verdicts and times may come after its end.
        twin.rounds[last.number] = _twin(last)
    if events is not None:
        twin.events = deque(list(state.events)[-events:], state.events.maxlen)
        twin.txs = deque(list(state.txs)[-events:], state.txs.maxlen)
    return twin


class Frames:
    """What was known when each of the last rounds ended; round 0 is the set-up."""

    def __init__(self) -> None:
        self._frames: dict[int, State] = {}

    def note(self, state: State, event: Event) -> None:
        """Note an event before it is applied: the one that opens a round ends the round before."""
        if not isinstance(event.data, RoundOpened):
            return
        number = max(state.rounds, default=0)
        if event.data.round == number + 1 and state.in_flight is None:
            self._frames.pop(number, None)
            frame = self._frames[number] = still(state, events=EVENTS)
            if number in state.rounds:
                # Its times and verdicts are its own, although they may be known only after the next round has opened.
                frame.rounds[number] = state.rounds[number]
            if len(self._frames) > KEPT:
                del self._frames[next(iter(self._frames))]

    def before(self, number: int) -> int | None:
        """Return the newest kept round before this one."""
        return max((n for n in self._frames if n < number), default=None)

    def after(self, number: int) -> int | None:
        """Return the oldest kept round after this one."""
        return min((n for n in self._frames if n > number), default=None)

    def at(self, number: int) -> State:
        """Return the state when round `number` had ended. Raises KeyError if that is not kept."""
        return self._frames[number]


def _twin(thing: T) -> T:
    """Return a copy with collections of its own; what is in them is shared."""
    twin = copy(thing)
    for name, value in vars(thing).items():
        if isinstance(value, (dict, list, set, deque)):
            setattr(twin, name, copy(value))
    return twin


def _each(things: dict[K, T]) -> dict[K, T]:
    return {key: copy(thing) for key, thing in things.items()}
