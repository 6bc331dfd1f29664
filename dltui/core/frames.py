"""Copies of the state: one that stays as it is while the run goes on, and those of the ends of the last rounds."""

from __future__ import annotations

from collections import deque
from copy import copy
from dataclasses import replace

from dltui.core.events import Event, RoundOpened
from dltui.core.model import GasRow, Round
from dltui.core.state import State

KEPT = 64
"""Rounds that can be looked back on."""
EVENTS = 500
"""Last events and transactions that the end of a round keeps."""


def still(state: State, *, events: int | None = None) -> State:
    """A copy that no later event changes, with the last `events` events and transactions, or all that there are."""
    last = state.round
    return replace(
        state,
        chain=replace(
            state.chain,
            blocks=list(state.chain.blocks),
            by_function=_rows(state.chain.by_function),
            by_sender=_rows(state.chain.by_sender),
            by_round={number: copy(row) for number, row in state.chain.by_round.items()},
            contracts=dict(state.chain.contracts),
        ),
        clients={id: copy(client) for id, client in state.clients.items()},
        # A closed round changes no more, save the last one, whose verdicts and times may come after its end.
        rounds={number: _round(r) if r is last else r for number, r in state.rounds.items()},
        versions={number: copy(version) for number, version in state.versions.items()},
        txs=deque(_last(state.txs, events), state.txs.maxlen),
        alerts=dict(state.alerts),
        commands=dict(state.commands),
        events=deque(_last(state.events, events), state.events.maxlen),
        deployments=set(state.deployments),
    )


class Frames:
    """What was known when each of the last rounds ended; round 0 is the set-up."""

    def __init__(self) -> None:
        self._frames: dict[int, State] = {}

    def note(self, state: State, event: Event) -> None:
        """Told every event before it is applied: the one that opens a round ends the round before."""
        number = max(state.rounds, default=0)
        if isinstance(event.data, RoundOpened) and event.data.round == number + 1 and state.in_flight is None:
            self._frames.pop(number, None)
            self._frames[number] = still(state, events=EVENTS)
            if len(self._frames) > KEPT:
                del self._frames[next(iter(self._frames))]

    def before(self, number: int) -> int | None:
        """The newest kept round before this one."""
        return max((n for n in self._frames if n < number), default=None)

    def after(self, number: int) -> int | None:
        """The oldest kept round after this one."""
        return min((n for n in self._frames if n > number), default=None)

    def at(self, number: int) -> State:
        """The state when round `number` had ended. Raises KeyError where that is not kept."""
        return self._frames[number]


def _rows(rows: dict[str, GasRow]) -> dict[str, GasRow]:
    return {name: copy(row) for name, row in rows.items()}


def _round(r: Round) -> Round:
    return replace(
        r,
        submitted=dict(r.submitted),
        weights=dict(r.weights),
        reported=dict(r.reported),
        attested=dict(r.attested),
        late=dict(r.late),
        timing=dict(r.timing),
    )


def _last(items: deque, count: int | None) -> list:
    return list(items) if count is None else list(items)[-count:]
