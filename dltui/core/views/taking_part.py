"""A client's part in a round: whether its update is awaited, what it weighs in the result, and how long the round took.

Each question has its one answer here, for panes, pages, figures and the line printer.
"""

from __future__ import annotations

from fractions import Fraction

from dltui.core import format as fmt
from dltui.core.chain_states import ClientStatus, RoundState
from dltui.core.state.entities import Round
from dltui.core.state.state import State

_OUT = (ClientStatus.SUSPENDED, ClientStatus.LEAVING, ClientStatus.LEFT, ClientStatus.BANNED)
"""The contract no longer waits for the update of such a client."""


def awaited(state: State, shown: Round) -> tuple[str, ...]:
    """Return the clients whose updates an open round waits for; none if its submissions have closed."""
    if shown.state != RoundState.OPEN:
        return ()
    return tuple(id for id in shown.selected if id not in shown.submitted and not _out(state, id))


def missed(shown: Round, client: str) -> bool:
    """Return whether the deadline passed without the client's update, which the contract waited for."""
    return client in shown.selected and client not in shown.submitted and client in shown.late


def verdict_word(included: bool, reason: str) -> str:
    """Return what was decided on an update, in words: `included`, or the reason against it."""
    return "included" if included else reason.lower().replace("_", " ")


def weight_shares(shown: Round) -> dict[str, Fraction]:
    """Return each judged client's part of the weights in the result; 0 for one that was left out.

    Empty if nobody was judged, or if nothing counted.
    """
    total = sum(verdict.weight for verdict in shown.verdicts if verdict.included)
    if not total:
        return {}
    return {v.client: Fraction(v.weight if v.included else 0, total) for v in shown.verdicts}


def seconds_since_opening(shown: Round, ts: str) -> float | None:
    """Return the seconds from the round's opening until an event's time, at least 0; None if one is unknown."""
    start, at = fmt.unix(shown.opened_at), fmt.unix(ts)
    return None if start is None or at is None else max(0.0, at - start)


def duration(shown: Round, now: float) -> float:
    """Return the seconds that the round took; until `now` (unix seconds) if it is still open."""
    start = fmt.unix(shown.opened_at)
    took = seconds_since_opening(shown, shown.closed_at)
    if took is not None or start is None:
        return took or 0.0
    return max(0.0, now - start)


def _out(state: State, client: str) -> bool:
    return client in state.clients and state.clients[client].membership in _OUT
