"""The page of a transaction: what was called with which arguments, what it cost, and what became of it."""

from __future__ import annotations

from dltui.core import format as fmt
from dltui.core.answers import DecodedTx
from dltui.core.pages.page import Col, Fact, Line, Page, Table, known_client, known_round, missing
from dltui.core.state.entities import Tx
from dltui.core.state.state import State
from dltui.core.views.events import event_row

_ARGUMENTS = (Col("argument", 16), Col("value", 0))
_EVENTS = (Col("time", 10), Col("event", 0))


def tx_page(state: State, hash: str, now: float, decoded: DecodedTx | None = None, note: str = "") -> Page:
    """Return the transaction of that hash; `note` says why it is not decoded."""
    tx = next((tx for tx in state.txs if tx.hash == hash), None)
    if tx is None:
        return missing("tx", hash)
    tables = (_arguments(decoded, note), _events(state, hash))
    return Page("tx", hash, f"{tx.function} {fmt.short(hash)}", _facts(state, tx, decoded), tables)


def _facts(state: State, tx: Tx, decoded: DecodedTx | None) -> tuple[Fact, ...]:
    tone = "done" if tx.ok else "bad"
    price = tx.fee // tx.gas_used if tx.gas_used else 0
    called = f"{decoded.contract}.{decoded.function}" if decoded and decoded.contract else tx.function
    facts = [
        Fact("state", f"{fmt.symbol(tone)} {'succeeded' if tx.ok else 'reverted'}", tone),
        Fact("call", called, "strong"),
        Fact("from", tx.sender, "", known_client(state, tx.sender)),
        Fact("block", f"{tx.block:,}"),
        Fact("round", str(tx.round or fmt.NONE), "", known_round(state, tx.round)),
        Fact("gas", _gas(tx, decoded)),
        Fact("fee", f"{fmt.ether(tx.fee)} ETH, {price / 10**9:.3f} gwei per gas"),
        Fact("hash", tx.hash),
    ]
    if not tx.ok:
        facts.insert(1, Fact("because", tx.reason or "no reason was given", "bad"))
    if decoded is not None:
        facts += [
            Fact("to", decoded.to or "a new contract"),
            Fact("value", f"{fmt.ether(decoded.value)} ETH"),
            Fact("nonce", str(decoded.nonce)),
            Fact("at most", f"{decoded.max_fee / 10**9:.3f} gwei per gas, tip {decoded.max_tip / 10**9:.3f}"),
        ]
    return tuple(facts)


def _gas(tx: Tx, decoded: DecodedTx | None) -> str:
    limit = f" of {decoded.gas_limit:,} allowed" if decoded and decoded.gas_limit else ""
    return f"{tx.gas_used:,}{limit}"


def _arguments(decoded: DecodedTx | None, note: str) -> Table:
    lines = tuple(Line((name, text), None, text) for name, text in (decoded.arguments if decoded else ()))
    return Table("Arguments", _ARGUMENTS, lines, note or ("none" if decoded else "reading them from the chain …"))


def _events(state: State, hash: str) -> Table:
    """Return the events that name this transaction."""
    lines = []
    for event in state.events:
        if hash in (getattr(event.data, "tx", None), getattr(event.data, "hash", None)):
            row = event_row(event)
            lines.append(Line(((row.time, "quiet"), row.text), ("event", event.seq)))
    return Table("What it told", _EVENTS, tuple(lines), "its events are not in memory any more")
