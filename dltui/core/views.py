"""Rows for any face: pure functions of the state, and of `now` in unix seconds where ages and deadlines are shown."""

from __future__ import annotations

from dataclasses import dataclass

from dltui.core import format as fmt
from dltui.core.model import Alert, Client, GasRow, Version
from dltui.core.state import State
from dltui.core.view_events import EventRow, event_row
from dltui.core.view_round import Phase, RoundView, Waiting, curves, round_view, waiting

__all__ = [
    "ChainView",
    "ClientRow",
    "EventRow",
    "GasLine",
    "Phase",
    "RegistryRow",
    "RoundView",
    "StatusLine",
    "Waiting",
    "alert_line",
    "chain_view",
    "client_rows",
    "curves",
    "event_row",
    "farewell",
    "registry_rows",
    "round_view",
    "status_line",
    "waiting",
]


@dataclass(frozen=True)
class StatusLine:
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


@dataclass(frozen=True)
class ClientRow:
    """A line of the clients pane: texts to show, and the values behind them to sort by."""

    id: str
    label: str
    tone: str
    word: str
    epoch: str
    loss: str
    accuracy: str
    records: int
    gas: str
    last_seen: str
    address: str
    pid: int | None
    membership: str
    process: str
    misses: int
    txs: int
    seat: bool
    """It sits in the committee of the round in flight."""
    loss_value: float | None
    accuracy_bp: int | None
    gas_value: int
    seen_at: float


@dataclass(frozen=True)
class RegistryRow:
    """A line of the registry pane, newest first."""

    version: int
    label: str
    tone: str
    word: str
    """genesis, review, verified, approved, released, rejected or tainted."""
    accuracy: str
    test_accuracy: str
    digest: str
    cid: str
    round: int
    parent: str
    by: str
    awaiting: bool
    released: bool


@dataclass(frozen=True)
class GasLine:
    """Gas of one function, sender or round, with its share of all gas in per cent."""

    name: str
    txs: int
    gas: int
    fee: int
    share: int


@dataclass(frozen=True)
class ChainView:
    """The chain pane: figures from receipts only. Gas in gas, fee in wei, age in seconds (None before a block)."""

    state: str
    tone: str
    engine: str
    port: int
    chain_id: int
    pid: int | None
    block: int
    age: float | None
    age_text: str
    gas_per_block: tuple[int, ...]
    average: int
    highest: int
    gas: int
    fee: int
    txs: int
    reverted: int
    by_function: tuple[GasLine, ...]
    by_client: tuple[GasLine, ...]
    by_round: tuple[GasLine, ...]
    contracts: tuple[tuple[str, str], ...]


_STATUS = {
    "starting": ("busy", "STARTING"),
    "running": ("ok", "RUNNING"),
    "paused": ("warn", "PAUSED"),
    "done": ("done", "DONE"),
    "failed": ("bad", "FAILED"),
    "stopped": ("idle", "STOPPED"),
}
_AWAY = {
    "banned": ("bad", "banned"),
    "rejected": ("bad", "rejected"),
    "suspended": ("warn", "suspended"),
    "left": ("idle", "left"),
}


def status_line(state: State, now: float) -> StatusLine:
    """The run at a glance."""
    tone, word = _STATUS.get(state.status, ("idle", state.status.upper()))
    start = fmt.unix(state.started_at)
    end = (fmt.unix(state.finished_at) if state.finished_at else None) or now
    active = sum(client.membership == "active" for client in state.clients.values())
    return StatusLine(
        run=state.run,
        tone=tone,
        word=word,
        round=f"round {max(state.rounds, default=0)}/{state.target}",
        block=f"block {state.chain.block}",
        clients=fmt.plural(active, "client"),
        gas=f"gas {fmt.gas(state.chain.gas)}",
        elapsed=fmt.clock(end - start if start is not None else 0.0),
        alerts=len(state.alerts),
    )


def client_rows(state: State, now: float) -> list[ClientRow]:
    """Every client in the order of its index, those without one after them."""
    unplaced = len(state.clients) + 256
    clients = sorted(state.clients.values(), key=lambda c: (c.index if c.index is not None else unplaced, c.id))
    current = state.in_flight
    seats = (current.members or current.committee) if current else ()
    return [_client_row(state, client, now, client.id in seats) for client in clients]


def registry_rows(state: State) -> list[RegistryRow]:
    """Every version, newest first."""
    return [_registry_row(state, version) for _, version in sorted(state.versions.items(), reverse=True)]


def chain_view(state: State, now: float) -> ChainView:
    """The node and what it has used."""
    chain = state.chain
    used = tuple(gas for _, gas in chain.blocks)
    at = fmt.unix(chain.block_at)
    age = max(0.0, now - at) if at is not None else None
    tones = {"ready": "ok", "starting": "busy", "lost": "bad", "stopped": "idle"}
    return ChainView(
        state=chain.state,
        tone=tones.get(chain.state, "idle"),
        engine=chain.engine,
        port=chain.port,
        chain_id=chain.chain_id,
        pid=chain.pid,
        block=chain.block,
        age=age,
        age_text=fmt.duration(age) if age is not None else fmt.NONE,
        gas_per_block=used,
        average=sum(used) // len(used) if used else 0,
        highest=max(used, default=0),
        gas=chain.gas,
        fee=chain.fee,
        txs=chain.txs,
        reverted=chain.reverted,
        by_function=_gas_lines(chain.by_function, chain.gas),
        by_client=_gas_lines(chain.by_sender, chain.gas),
        by_round=tuple(
            _gas_line("set-up" if number == 0 else f"round {number}", row, chain.gas)
            for number, row in sorted(chain.by_round.items())
        ),
        contracts=tuple(sorted(chain.contracts.items())),
    )


def alert_line(state: State) -> Alert | None:
    """The alert to show first: the newest error, else the newest warning."""
    alerts = list(state.alerts.values())
    errors = [alert for alert in alerts if alert.severity == "error"]
    shown = errors or alerts
    return shown[-1] if shown else None


def farewell(state: State) -> str:
    """The last line that a face prints: what became of the run and how to see it again."""
    word = "finished" if state.status == "done" else state.status
    closed = sum(r.state == "finalised" for r in state.rounds.values())
    acc, _ = curves(state)
    accuracy = f", acc {fmt.accuracy(acc[-1])}" if acc else ""
    again = f" - dltui replay {state.run}" if state.finished else f" - dltui attach {state.run}"
    return f"run {state.run} {word} {closed}/{state.target} rounds{accuracy}, {fmt.gas(state.chain.gas)} gas{again}"


def _client_row(state: State, client: Client, now: float, seat: bool) -> ClientRow:
    tone, word = client_state(state, client)
    spent = state.chain.by_sender.get(client.id, GasRow())
    named = client.name and client.name != client.id
    return ClientRow(
        id=client.id,
        label=f"{client.id} {client.name}" if named else client.id,
        tone=tone,
        word=word,
        epoch=f"{client.epoch}/{client.epochs}" if client.epochs else fmt.NONE,
        loss=fmt.number(client.loss),
        accuracy=fmt.accuracy(client.accuracy_bp),
        records=client.records,
        gas=fmt.gas(spent.gas),
        last_seen=fmt.age(client.last_seen, now),
        address=client.address,
        pid=client.pid,
        membership=client.membership,
        process=client.process,
        misses=client.misses,
        txs=spent.txs,
        seat=seat,
        loss_value=client.loss,
        accuracy_bp=client.accuracy_bp,
        gas_value=spent.gas,
        seen_at=fmt.unix(client.last_seen) or 0.0,
    )


def client_state(state: State, client: Client) -> tuple[str, str]:
    """A client in a tone and a word: what stops it first, then what it does in the round."""
    if client.membership in _AWAY:
        return _AWAY[client.membership]
    if client.process == "exited":
        return "bad", "exited"
    if client.process == "stopped":
        return "idle", "stopped"
    if client.membership == "pending":
        return "wait", "pending"
    if client.membership == "unknown":
        return ("busy", "starting") if client.process == "starting" else ("wait", "joining")
    return _in_round(state, client)


def _in_round(state: State, client: Client) -> tuple[str, str]:
    current = state.round
    idle = ("idle", "leaving") if client.membership == "leaving" else ("idle", "waiting")
    if current is None or client.id not in current.selected:
        return idle
    if client.id in current.late:
        return "warn", "late"
    activity = client.activity[:12]
    if current.state == "open":
        return ("ok", "sent") if client.id in current.submitted else ("busy", activity or "training")
    if current.state == "reporting" and client.id in current.committee:
        return ("ok", "reported") if client.id in current.reported else ("busy", activity or "checking")
    if current.state == "attesting" and client.id in current.members:
        return ("ok", "attested") if client.id in current.attested else ("busy", activity or "attesting")
    verdict = next((v for v in current.verdicts if v.client == client.id), None)
    if verdict is not None:
        return ("done", "included") if verdict.included else ("bad", verdict.reason.lower().replace("_", " "))
    return ("ok", "sent") if client.id in current.submitted else idle


def _registry_row(state: State, version: Version) -> RegistryRow:
    base = state.base
    awaiting = version.state == "verified" and not version.tainted
    if version.state == "rejected":
        tone, word = "bad", "rejected"
    elif version.tainted:
        tone, word = "bad", "tainted"
    elif version.released:
        tone, word = "done", "released"
    elif version.parent is None:
        tone, word = "done", "genesis"
    elif version.state == "approved":
        tone, word = "done", "approved"
    elif state.require_approval and base is not None and base.number == version.number:
        tone, word = "warn", "review"
    else:
        tone, word = "ok", "verified"
    return RegistryRow(
        version=version.number,
        label=f"v{version.number}",
        tone=tone,
        word=word,
        accuracy=fmt.accuracy(version.accuracy_bp),
        test_accuracy=fmt.accuracy(version.test_accuracy_bp),
        digest=version.digest,
        cid=version.cid,
        round=version.round,
        parent=f"v{version.parent}" if version.parent is not None else fmt.NONE,
        by=version.by,
        awaiting=awaiting,
        released=version.released,
    )


def _gas_lines(rows: dict[str, GasRow], total: int) -> tuple[GasLine, ...]:
    ordered = sorted(rows.items(), key=lambda item: (-item[1].gas, item[0]))
    return tuple(_gas_line(name, row, total) for name, row in ordered)


def _gas_line(name: str, row: GasRow, total: int) -> GasLine:
    return GasLine(name, row.txs, row.gas, row.fee, (200 * row.gas + total) // (2 * total) if total else 0)
