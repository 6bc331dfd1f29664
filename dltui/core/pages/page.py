"""A page about one thing: facts by label, and tables whose rows lead to other things. Pure, for any face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dltui.core import format as fmt
from dltui.core.state.entities import Round, Tx
from dltui.core.state.state import State
from dltui.core.views.chain import DEPLOY
from dltui.core.views.taking_part import awaited, missed, verdict_word, weight_shares

Target = tuple[str, Any]
"""A kind (client, version, round, tx, event; call, operator or set-up for gas) and its id."""


@dataclass(frozen=True)
class Fact:
    """A label and its value; `tone` is an ink's or a tone's name, `copy` what is copied if the text is shortened."""

    label: str
    text: str
    tone: str = ""
    target: Target | None = None
    copy: str = ""


@dataclass(frozen=True)
class Col:
    """A column of a table: its title and its width in cells; the one of width 0 takes what is left."""

    title: str
    width: int
    right: bool = False


Cell = str | tuple[str, str]
"""A text, or a text and its tone."""


@dataclass(frozen=True)
class Line:
    """A row of a table, and what it leads to."""

    cells: tuple[Cell, ...]
    target: Target | None = None
    copy: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under a title; `empty` says why there are none."""

    title: str
    columns: tuple[Col, ...]
    lines: tuple[Line, ...]
    empty: str = "none"


@dataclass(frozen=True)
class Page:
    """Everything about one thing. `name` is what the crumbs call it."""

    kind: str
    id: Any
    name: str
    facts: tuple[Fact, ...]
    tables: tuple[Table, ...] = ()


def tx_table(title: str, txs: list[Tx], *, senders: bool) -> Table:
    """Transactions, the newest first; with `senders` it says who sent each, else in which round it was."""
    columns = (
        Col("call", 18),
        Col("sender" if senders else "round", 0),
        Col("block", 6, right=True),
        Col("gas", 9, right=True),
        Col("result", 8),
    )
    lines = (
        Line(
            (
                tx.function,
                tx.sender if senders else f"round {tx.round}" if tx.round else ("set-up", "quiet"),
                str(tx.block),
                f"{tx.gas_used:,}",
                ("ok", "ok") if tx.ok else ("reverted", "bad"),
            ),
            ("tx", tx.hash),
            tx.hash,
        )
        for tx in reversed(txs)
    )
    return Table(title, columns, tuple(lines), "no transaction yet")


def digest_fact(label: str, digest: str) -> Fact:
    """Return a hash that may not be there yet."""
    return Fact(label, digest or fmt.NONE, "quiet" if not digest else "")


def missing(kind: str, id: Any) -> Page:
    """Return the page of a thing that the run does not know, or no longer holds in memory."""
    name = f"{kind} {fmt.short(str(id))}"
    return Page(kind, id, name, (Fact("", f"{name} is not known here", "warn"), *_where_else(kind, id)))


def _where_else(kind: str, id: Any) -> tuple[Fact, ...]:
    return (Fact("", f"dltui tx show {id}", "quiet"),) if kind == "tx" else ()


def verdict_cell(included: bool, reason: str) -> Cell:
    """Return a verdict as symbol and word."""
    tone = "done" if included else "bad"
    return f"{fmt.symbol(tone)} {verdict_word(included, reason)}", tone


def update_cell(state: State, shown: Round, client: str) -> Cell:
    """Return what became of a client's update in a round, as symbol and word."""
    verdict = next((v for v in shown.verdicts if v.client == client), None)
    if verdict is not None:
        return verdict_cell(verdict.included, verdict.reason)
    if client in shown.submitted:
        return f"{fmt.symbol('ok')} submitted", "ok"
    if client not in shown.selected:
        return "not selected", "quiet"
    if missed(shown, client):
        return f"{fmt.symbol('warn')} missed", "warn"
    if client in awaited(state, shown):
        return f"{fmt.symbol('busy')} awaited", "busy"
    return "not waited for", "quiet"


def share_text(shown: Round, client: str) -> str:
    """Return a client's part of the weights in a round's result, in per cent; a dash if its update does not count."""
    share = weight_shares(shown).get(client)
    return f"{float(share):.1%}" if share else fmt.NONE


def known_round(state: State, number: int | None) -> Target | None:
    """Return the way to a round, if there is one of that number."""
    return ("round", number) if number in state.rounds else None


def known_version(state: State, number: int | None) -> Target | None:
    """Return the way to a version, if there is one of that number."""
    return ("version", number) if number in state.versions else None


def known_client(state: State, id: str) -> Target | None:
    """Return the way to a client, if there is one of that id."""
    return ("client", id) if id in state.clients else None


def handle(state: State, thing: Target) -> str:
    """Return what other programs know a thing by: an address, a digest or a hash if it has one, else its id."""
    match thing:
        case "client", id if id in state.clients:
            return state.clients[id].address or str(id)
        case "version", number if number in state.versions:
            return state.versions[number].digest
        case "round", number if number in state.rounds:
            made = state.rounds[number]
            version = state.versions.get(made.version) if made.version is not None else None
            return version.digest if version is not None else made.verdicts_root or f"round {number}"
        case "call", name:
            return state.chain.contracts.get(name.removeprefix(DEPLOY)) or str(name)
    return str(thing[1])
