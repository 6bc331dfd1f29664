"""The pages of what gas was paid for: a function or a contract, the operator, and what came before the first round."""

from __future__ import annotations

from dltui.core import format as fmt
from dltui.core.pages.page import Fact, Page, missing, tx_table
from dltui.core.state.entities import GasRow, Tx
from dltui.core.state.state import State
from dltui.core.views.chain import DEPLOY


def call_page(state: State, function: str, now: float) -> Page:
    """Show the transactions that called a function; those of a contract's deployment have its name behind `deploy`."""
    address = state.chain.contracts.get(function.removeprefix(DEPLOY)) if function.startswith(DEPLOY) else None
    row = state.chain.by_function.get(function)
    if row is None and address is None:
        return missing("call", function)
    facts = (Fact("address", address),) if address else ()
    return _page(state, "call", function, row, [tx for tx in state.txs if tx.function == function], facts)


def operator_page(state: State, _id: object, now: float) -> Page:
    """Return what the operator has sent."""
    row = state.chain.by_sender.get("operator")
    return _page(state, "operator", "operator", row, [tx for tx in state.txs if tx.sender == "operator"])


def setup_page(state: State, _id: object, now: float) -> Page:
    """Return what came before the first round."""
    row = state.chain.by_round.get(0)
    return _page(state, "set-up", "set-up", row, [tx for tx in state.txs if not tx.round])


def _page(state: State, kind: str, name: str, row: GasRow | None, txs: list[Tx], facts: tuple[Fact, ...] = ()) -> Page:
    row = row or GasRow()
    reverted = sum(not tx.ok for tx in txs)
    counted = fmt.plural(row.txs, "transaction") if len(txs) == row.txs else f"{row.txs:,}, the last {len(txs):,} here"
    share = f"{row.gas / state.chain.gas:.1%} of the run" if state.chain.gas else fmt.NONE
    told = (
        Fact("what", name, "strong"),
        *facts,
        Fact("sent", counted),
        Fact("reverted", f"{reverted:,}" if reverted else "none", "bad" if reverted else ""),
        Fact("gas", f"{row.gas:,}, {share}"),
        Fact("each", f"{row.gas // row.txs:,} on average" if row.txs else fmt.NONE),
        Fact("fees", f"{fmt.ether(row.fee)} ETH"),
    )
    return Page(kind, name, name, told, (tx_table("Transactions", txs, senders=True),))
