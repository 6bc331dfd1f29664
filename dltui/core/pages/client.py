"""The page of a client: who it is, what its process does, what each round came to, what it paid for."""

from __future__ import annotations

from dltui.core import format as fmt
from dltui.core.pages.page import Cell, Col, Fact, Line, Page, Table, missing, share_text, tx_table, update_cell
from dltui.core.state.entities import Client, GasRow, Round
from dltui.core.state.state import State
from dltui.core.views import client_state

_COLUMNS = (
    Col("round", 5, right=True),
    Col("update", 16),
    Col("weight", 7, right=True),
    Col("share", 6, right=True),
    Col("committee", 0),
    Col("digest", 9),
)


def client_page(state: State, id: str, now: float) -> Page:
    """Return the client of that id."""
    client = state.clients.get(id)
    if client is None:
        return missing("client", id)
    history = [r for _, r in sorted(state.rounds.items(), reverse=True) if _part_in(r, id)]
    rounds = Table(
        "Rounds", _COLUMNS, tuple(_line(state, r, id) for r in history), "it has not taken part in a round yet"
    )
    mine = [tx for tx in state.txs if tx.sender == id]
    return Page(
        "client", id, id, _facts(state, client, history, now), (rounds, tx_table("Transactions", mine, senders=False))
    )


def _facts(state: State, client: Client, history: list[Round], now: float) -> tuple[Fact, ...]:
    tone, word = client_state(state, client)
    spent = state.chain.by_sender.get(client.id, GasRow())
    index = str(client.index) if client.index is not None else "none yet"
    slice_ = f"slice {client.part}: " if client.part is not None else ""
    counted = sum(any(v.client == client.id and v.included for v in r.verdicts) for r in history)
    facts = [
        Fact("state", f"{fmt.symbol(tone)} {word}", tone),
        Fact("member", f"{client.membership}, index {index}"),
        Fact("address", client.address or fmt.NONE),
        Fact("process", _process(client)),
        Fact("seen", f"{fmt.age(client.last_seen, now)} ago" if client.last_seen else fmt.NONE),
        Fact("data", f"{slice_}{client.train:,} to train, {client.held_out:,} held out" if client.train else fmt.NONE),
        Fact("weight", f"{client.records:,} approved records" if client.records else "no record count approved"),
        Fact("consent", "given" if client.granted else "withdrawn", "" if client.granted else "warn"),
        Fact("training", _training(client)),
        Fact("included", f"{counted} of {fmt.plural(len(history), 'round')}"),
        Fact("misses", f"{client.misses} in a row" if client.misses else "none", "warn" if client.misses else ""),
        Fact("gas", f"{spent.gas:,} in {spent.txs} tx"),
        Fact("fees", f"{fmt.ether(spent.fee)} ETH"),
    ]
    if client.name not in ("", client.id):
        facts.insert(0, Fact("name", client.name))
    return tuple(facts)


def _process(client: Client) -> str:
    if client.process == "none":
        return "on another host"
    if client.pid is not None:
        return f"pid {client.pid}, {client.process}"
    return client.process if client.exit_code is None else f"{client.process}: it {fmt.ending(client.exit_code)}"


def _training(client: Client) -> str:
    parts = []
    if client.epochs:
        parts.append(f"epoch {client.epoch}/{client.epochs}")
    if client.loss is not None:
        parts.append(f"loss {fmt.number(client.loss)}")
    if client.accuracy_bp is not None:
        parts.append(f"attested {fmt.accuracy(client.accuracy_bp)}")
    return ", ".join(parts) or fmt.NONE


def _part_in(shown: Round, id: str) -> bool:
    return id in shown.selected or id in shown.committee or id in shown.submitted


def _line(state: State, shown: Round, id: str) -> Line:
    digest = shown.submitted.get(id, "")
    verdict = next((v for v in shown.verdicts if v.client == id), None)
    weight = verdict.weight if verdict else shown.weights.get(id, 0)
    return Line(
        (
            str(shown.number),
            update_cell(state, shown, id),
            f"{weight:,}" if weight else fmt.NONE,
            share_text(shown, id),
            _seat(shown, id),
            (fmt.short(digest) if digest else fmt.NONE, "quiet"),
        ),
        ("round", shown.number),
        digest,
    )


def _seat(shown: Round, id: str) -> Cell:
    if id in shown.attested:
        agreed = "" if not shown.agreeing or id in shown.agreeing else ", other result"
        return f"attested {fmt.accuracy(shown.attested[id])}{agreed}", "bad" if agreed else "ok"
    if id in shown.reported:
        return "reported", "ok"
    return ("a seat", "accent") if id in shown.committee else (fmt.NONE, "quiet")
