"""The start of a run as a checklist: what is done and how long it took, what is being done, what is still to come."""

from __future__ import annotations

from typing import Literal

import msgspec

from dltui.core import format as fmt
from dltui.core.chain_states import ClientStatus
from dltui.core.events import (
    ChainReady,
    ChainStarting,
    ClientSpawned,
    DataDescribed,
    ModelPublished,
    Payload,
    PlanSet,
    RunStarted,
)
from dltui.core.state.state import State

CONTRACTS = 3


class StartStep(msgspec.Struct, frozen=True):
    """One line: its name, how far it is, in words, and the seconds that it took or has taken until now."""

    name: str
    state: Literal["done", "now", "todo"]
    text: str
    seconds: float | None = None

    @property
    def line(self) -> str:
        """The step as text in columns."""
        tone = {"done": "done", "now": "busy", "todo": "idle"}[self.state]
        took = "" if self.seconds is None else fmt.duration(self.seconds)
        return f"{fmt.symbol(tone)} {self.name:<12}{took:>7}  {self.text}".rstrip()


def start_steps(state: State, now: float) -> tuple[StartStep, ...]:
    """Return the steps from the engine to the first model at `now` (unix seconds)."""
    at = _first_times(state)
    begun = RunStarted in at
    engine = StartStep("engine", "done" if begun else "now", "reads the configuration" if begun else "a process starts")
    deployed = len(state.chain.contracts)
    clients = state.setting("clients", "count", 0)
    registered = sum(client.membership == ClientStatus.ACTIVE for client in state.clients.values())
    joined = f"{registered} of {clients} registered" if clients else "each in a process"
    rows: tuple[tuple[str, type[Payload], type[Payload], str], ...] = (
        ("chain", ChainStarting, ChainReady, f"{state.chain.engine} chain" if state.chain.engine else "a node starts"),
        ("contracts", ChainReady, PlanSet, f"{min(deployed, CONTRACTS)} of {CONTRACTS} deployed, then the plan"),
        ("warm-up", RunStarted, ClientSpawned, "one process loads torch for all clients"),
        (
            "clients",
            ClientSpawned,
            ModelPublished,
            joined,
        ),
        ("data", ClientSpawned, DataDescribed, "read and divided"),
        ("first model", DataDescribed, ModelPublished, "version 0, from the seed"),
    )
    return engine, *(_step(name, at.get(begin), at.get(end), text, now) for name, begin, end, text in rows)


def _step(name: str, begun: float | None, ended: float | None, text: str, now: float) -> StartStep:
    if ended is not None:
        return StartStep(name, "done", text, None if begun is None else max(0.0, ended - begun))
    if begun is not None:
        return StartStep(name, "now", text, max(0.0, now - begun))
    return StartStep(name, "todo", text)


def _first_times(state: State) -> dict[type[Payload], float]:
    """Return when each kind of event came first, in unix seconds."""
    found: dict[type[Payload], float] = {}
    for event in state.events:
        if (at := fmt.unix(event.ts)) is not None:
            found.setdefault(type(event.data), at)
    return found
