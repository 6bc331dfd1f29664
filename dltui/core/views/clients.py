"""The clients as rows, made only for those that are looked at."""

from __future__ import annotations

import signal
from fractions import Fraction
from math import floor

import msgspec

from dltui.core import format as fmt
from dltui.core.chain_states import ClientStatus, RoundState
from dltui.core.state.entities import Client, GasRow, Round
from dltui.core.state.state import State
from dltui.core.views.taking_part import verdict_word, weight_shares


class ClientRow(msgspec.Struct, frozen=True):
    """A client: texts to show, and the values behind them to sort by."""

    id: str
    label: str
    tone: str
    word: str
    epoch: str
    loss: str
    accuracy: str
    """What it measured the round's result at, on records that it keeps back, if it has a seat."""
    share: str
    """Its weight's part of the last aggregate: 18.2%."""
    change: str
    """▲ or ▼ against the aggregate before, empty if it is equal or unknown."""
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
    share_bp: int | None
    gas_value: int
    seen_at: float


_AWAY = {
    ClientStatus.BANNED: ("bad", "banned"),
    ClientStatus.REJECTED: ("bad", "rejected"),
    ClientStatus.SUSPENDED: ("warn", "suspended"),
    ClientStatus.LEFT: ("idle", "left"),
}


REST_SECONDS = 60.0
"""Silence between rounds that is no longer news."""


class ClientTable:
    """The clients of a moment (`now` in unix seconds), in the order of their indexes, those without one last."""

    def __init__(self, state: State, now: float) -> None:
        self._state, self._now = state, now
        unplaced = len(state.clients) + 256
        clients = sorted(state.clients.values(), key=lambda c: (c.index if c.index is not None else unplaced, c.id))
        self.ids = [client.id for client in clients]
        current = state.in_flight
        self._seats = frozenset((current.members or current.committee) if current else ())
        self._share, self._before = shares(state)

    def row(self, id: str) -> ClientRow:
        """Return the row of one client. Raises KeyError if there is none."""
        state, client = self._state, self._state.clients[id]
        tone, word = client_state(state, client)
        spent = state.chain.by_sender.get(id, GasRow())
        named = client.name and client.name != id
        share = self._share.get(id)
        return ClientRow(
            id=id,
            label=f"{id} {client.name}" if named else id,
            tone=tone,
            word=word,
            epoch=f"{client.epoch}/{client.epochs}" if client.epochs else fmt.NONE,
            loss=fmt.number(client.loss),
            accuracy=fmt.accuracy(client.accuracy_bp),
            share=fmt.percent(share),
            change=fmt.arrow(share, self._before.get(id)),
            records=client.records,
            gas=fmt.gas(spent.gas),
            last_seen=self._seen(client),
            address=client.address,
            pid=client.pid,
            membership=client.membership,
            process=client.process,
            misses=client.misses,
            txs=spent.txs,
            seat=id in self._seats,
            loss_value=client.loss,
            accuracy_bp=client.accuracy_bp,
            share_bp=share,
            gas_value=spent.gas,
            seen_at=fmt.unix(client.last_seen) or 0.0,
        )

    def _seen(self, client: Client) -> str:
        """Say the age of its last word; a dash for one that runs and owes no word, such as in a pause."""
        resting = client.process == "ready" and self._state.in_flight is None and not self._state.finished
        quiet = self._now - (fmt.unix(client.last_seen) or self._now) >= REST_SECONDS
        return fmt.NONE if resting and quiet else fmt.age(client.last_seen, self._now)


def client_rows(state: State, now: float) -> list[ClientRow]:
    """Return every client in the order of its index, those without one after them."""
    table = ClientTable(state, now)
    return [table.row(id) for id in table.ids]


def shares(state: State) -> tuple[dict[str, int], dict[str, int]]:
    """Return each client's part of the weights in the last aggregate, and in the one before, in basis points.

    A client whose update was judged and left out has 0; one that sent none is missing.
    """
    judged = (r for r in reversed(list(state.rounds.values())) if r.state == RoundState.FINALISED and r.verdicts)
    return _shares(next(judged, None)), _shares(next(judged, None))


def _shares(closed: Round | None) -> dict[str, int]:
    if closed is None:
        return {}
    return {client: floor(share * 10_000 + Fraction(1, 2)) for client, share in weight_shares(closed).items()}


def client_state(state: State, client: Client) -> tuple[str, str]:
    """Return a client in a tone and a word: what stops it first, then what it does in the round."""
    if client.membership in _AWAY:
        return _AWAY[client.membership]
    if client.down and client.exit_code == -signal.SIGKILL:
        return "bad", "killed"
    if client.process == "exited":
        return "bad", "exited"
    if client.process == "stopped":
        return "idle", "stopped"
    if client.membership == ClientStatus.PENDING:
        return "wait", "pending"
    if client.membership == ClientStatus.NONE:
        return ("busy", "starting") if client.process == "starting" else ("wait", "joining")
    return _in_round(state, client)


def _in_round(state: State, client: Client) -> tuple[str, str]:
    current = state.round
    idle = ("idle", "leaving") if client.membership == ClientStatus.LEAVING else ("idle", "waiting")
    if current is None or client.id not in current.selected:
        return idle
    if client.id in current.late:
        return "warn", "late"
    activity = client.activity[:12]
    if current.state == RoundState.OPEN:
        return ("ok", "sent") if client.id in current.submitted else _training(client)
    if current.state == RoundState.REPORTING and client.id in current.committee:
        return ("ok", "reported") if client.id in current.reported else ("busy", activity or "checking")
    if current.state == RoundState.ATTESTING and client.id in current.members:
        return ("ok", "attested") if client.id in current.attested else ("busy", activity or "attesting")
    verdict = next((v for v in current.verdicts if v.client == client.id), None)
    if verdict is not None:
        return "done" if verdict.included else "bad", verdict_word(verdict.included, verdict.reason)
    return ("ok", "sent") if client.id in current.submitted else idle


def _training(client: Client) -> tuple[str, str]:
    """Clients of this machine take turns; of one that runs elsewhere nothing is heard before its update."""
    if client.process != "none" and client.activity in ("", "wait"):
        return "wait", "queued"
    return "busy", client.activity[:12] or "training"
