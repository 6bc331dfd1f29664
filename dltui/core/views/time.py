"""Where a round's time went, in words: wall time by phase, what training was made of, and when nobody worked."""

from __future__ import annotations

from math import ceil

from dltui.core import format as fmt
from dltui.core.chain_states import RoundState
from dltui.core.events.outcomes import PHASE_NAMES
from dltui.core.state.entities import Round
from dltui.core.state.state import State
from dltui.core.views.taking_part import awaited

LEAST_IDLE = 0.05
"""Seconds of idleness that are worth a word."""


def spent(shown: Round) -> tuple[tuple[str, float], ...]:
    """Seconds by phase, which add up to the round's; if they are not known, by part: the slowest participant's."""
    if shown.phases:
        return tuple((PHASE_NAMES[name], seconds) for name, seconds in shown.phases.items())
    return tuple((name, seconds) for name, seconds in shown.timing.items() if name != "total")


def training(state: State, shown: Round) -> str:
    """Return what the time in train was made of; empty if it is not known."""
    if not shown.phases or not shown.trained:
        return ""
    slots = state.model.slots if state.model else 0
    queued = [f"{slots} at a time", fmt.plural(ceil(shown.trained / slots), "wave")] if slots else []
    slowest = f"slowest {fmt.duration(shown.timing.get('training', 0.0))}"
    queue = f"queue {fmt.duration(shown.timing.get('queue', 0.0))}"
    return ", ".join([f"{shown.trained:,} trained", *queued, slowest, queue])


def idle(shown: Round, most: int = 5) -> str:
    """Say how long nobody worked, and who was waited for, at most `most` names; empty if it is nothing or not known."""
    seconds = shown.timing.get("waiting", 0.0)
    if not shown.phases or seconds < LEAST_IDLE:
        return ""
    who = f", waiting for {fmt.names(shown.awaited, most)}" if shown.awaited else ""
    return f"idle {fmt.duration(seconds)}{who}"


def account(state: State, shown: Round) -> str:
    """Return all of it in one line."""
    split = ", ".join(f"{name} {fmt.duration(seconds)}" for name, seconds in spent(shown))
    return "; ".join(part for part in (split, training(state, shown), idle(shown)) if part)


def wave(state: State, shown: Round) -> str:
    """Say which wave of trainings a round is in; empty if all train at once, or if all who are missing are down."""
    slots, clients = state.model.slots if state.model else 0, len(shown.selected)
    missing = [state.clients[id] for id in awaited(state, shown) if id in state.clients]
    down = bool(missing) and all(client.down for client in missing)
    if shown.state != RoundState.OPEN or not 0 < slots < clients or down:
        return ""
    waves = ceil(clients / slots)
    return f"wave {min(len(shown.submitted) // slots + 1, waves)} of {waves}, {slots} at a time"
