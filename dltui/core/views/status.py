"""The run at a glance: the top line, the alert to show first, and the last line."""

from __future__ import annotations

import msgspec

from dltui.core import alerts
from dltui.core import format as fmt
from dltui.core.chain_states import ClientStatus, RoundState
from dltui.core.state.entities import Alert
from dltui.core.state.state import State
from dltui.core.views.chain import budget
from dltui.core.views.round import lineage
from dltui.core.views.wait import planned_rounds


class StatusLine(msgspec.Struct, frozen=True):
    """The top line. `tone` is a key of `format.SYMBOLS`."""

    run: str
    tone: str
    word: str
    round: str
    block: str
    clients: str
    gas: str
    elapsed: str
    alerts: int


_STATUS = {
    "starting": ("busy", "STARTING"),
    "running": ("ok", "RUNNING"),
    "paused": ("warn", "PAUSED"),
    "done": ("done", "DONE"),
    "failed": ("bad", "FAILED"),
    "stopped": ("idle", "STOPPED"),
}


def status_line(state: State, now: float) -> StatusLine:
    """Return the run at a glance."""
    tone, word = _STATUS.get(state.status, ("idle", state.status.upper()))
    start = fmt.unix(state.started_at)
    end = (fmt.unix(state.finished_at) if state.finished_at else None) or now
    active = sum(client.membership == ClientStatus.ACTIVE for client in state.clients.values())
    number = max(state.rounds, default=0)
    return StatusLine(
        run=state.run,
        tone=tone,
        word=word,
        round=f"round {number}/{planned_rounds(state, number)}",
        block=f"block {state.chain.block}",
        clients=fmt.plural(active, "client"),
        gas=f"gas {fmt.gas(state.chain.gas)}",
        elapsed=fmt.clock(end - start if start is not None else 0.0),
        alerts=len(state.alerts),
    )


def alert_line(state: State) -> Alert | None:
    """Return the alert to show first: the newest error, else the newest warning, else a gas budget that runs out."""
    standing = list(state.alerts.values())
    errors = [alert for alert in standing if alert.severity == "error"]
    if errors or standing:
        return (errors or standing)[-1]
    spent = budget(state)
    if spent is None or spent.tone == "ok" or state.finished:
        return None
    text = f"{spent.percent} % of the gas budget of {fmt.gas(spent.limit)} is used"
    return Alert(alerts.GAS_BUDGET.id(), "warning", text, "[gas] budget sets it; nothing is stopped", state.last_ts)


def farewell(state: State) -> str:
    """Return the last line that a face prints: what became of the run and how to see it again."""
    word = "finished" if state.status == "done" else state.status
    closed = sum(r.state == RoundState.FINALISED for r in state.rounds.values())
    line = lineage(state)
    tested = [v.test_accuracy_bp for v in line if v.test_accuracy_bp is not None]
    measured = tested or [v.accuracy_bp for v in line if v.accuracy_bp is not None]
    accuracy = f", acc {fmt.accuracy(measured[-1])}" if measured else ""
    again = f" - dltui replay {state.run}" if state.finished else f" - dltui attach {state.run}"
    return f"run {state.run} {word} {closed}/{state.target} rounds{accuracy}, {fmt.gas(state.chain.gas)} gas{again}"
