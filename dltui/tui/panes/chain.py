"""Chain and gas: the node, its blocks, and what was paid for, all from receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from itertools import islice
from typing import Any, ClassVar

from rich.text import Text

from dltui.core import format as fmt
from dltui.core.state.entities import Tx
from dltui.core.state.state import State
from dltui.core.views import ChainView, GasLine, chain_view
from dltui.core.views.chain import DEPLOY
from dltui.tui.hints import key_of
from dltui.tui.panes.base import Thing
from dltui.tui.panes.sheet import SheetPane
from dltui.tui.theme import TONES
from dltui.tui.widgets.charts import bar, spark
from dltui.tui.widgets.safe_text import Part, fit, line
from dltui.tui.widgets.sheet import Entry

_LABEL = 10
_SHOWN_TXS = 200
_BLANK = Entry(line)
_BUDGET = {"ok": "", "warn": "  ▲ nearly used", "bad": "  ✖ exceeded"}


class ChainPane(SheetPane):
    """The figures, then gas by function, client and round, the contracts, and the last transactions."""

    heading: ClassVar[str] = "Chain & gas"
    needs: ClassVar[frozenset[str]] = frozenset({"chain", "round"})
    ages: ClassVar[bool] = True

    def draw_state(self, state: State, now: float) -> None:
        """The page; it scrolls where it is longer than the pane."""
        view = chain_view(state, now)
        width = self.size.width
        figures = [_node(view, width), _blocks(view, width), _totals(view), *_budget(view, width), _deployed(view)]
        entries = [Entry(partial(_same, text)) for text in figures]
        entries += _table("by call", view.by_function, width, "call")
        entries += [_BLANK, *_table("by client", view.by_client, width, "client")]
        entries += [_BLANK, *_table("by round", view.by_round, width, "round")]
        if view.reason:
            entries += [_BLANK, Entry(partial(line, ("engine  ", "quiet"), view.engine))]
            entries += [Entry(partial(line, ("  " + view.reason, "quiet")))]
        if view.contracts:
            entries += [_BLANK, Entry(partial(line, ("contracts", "quiet")))]
            entries += [_contract(name, address) for name, address in view.contracts]
        entries += _txs(state, width, key_of(self, "open"))
        self.show_fitting(entries)
        self.subtitle(self.note_of_filter(), *_price(view))

    def exported(self, state: State, now: float) -> list[dict[str, Any]]:
        """The transactions, newest first."""
        return [asdict(tx) for tx in reversed(state.txs)]


def _same(text: Text) -> Text:
    return text


def _labelled(label: str, *parts: Part | str) -> Text:
    return line((f"{label:<{_LABEL}}", "quiet"), *parts)


def _node(view: ChainView, width: int) -> Text:
    if view.state == "lost":
        then = "it is waited for" if view.engine == "url" else "the engine starts it again"
        return line(("✖ chain lost", "bad"), f": {then}")
    if view.state == "none":
        return line(("◌ no chain yet: the engine starts it", "quiet"))
    block = f"  block {view.block}" if view.block else ""
    age = f"  {view.age_text}" if view.age is not None else ""
    words = ""
    for where in (f" :{view.port}" if view.port else "", ""):
        words = f"{fmt.symbol(view.tone)} {view.engine or 'chain'}{where} {view.state}"
        if len(words) + len(block) + len(age) <= width:
            break
    return line((words, TONES[view.tone]), (block, "strong"), (age, TONES[view.age_tone]))


def _blocks(view: ChainView, width: int) -> Text:
    if not view.gas_per_block:
        return _labelled("gas/block", ("no block with transactions yet", "quiet"))
    facts = f"  avg {fmt.gas(view.average)}  max {fmt.gas(view.highest)}"
    room = max(4, min(64, width - _LABEL - len(facts)))
    return _labelled("gas/block", (spark(view.gas_per_block, room, floor=0), "busy"), (facts, "quiet"))


def _totals(view: ChainView) -> Text:
    reverted: Part = (f"  {view.reverted} reverted", "bad" if view.reverted else "quiet")
    return _labelled("this run", (f"{view.gas:,}", "strong"), (" gas  ", "quiet"), f"{view.txs:,} tx", reverted)


def _budget(view: ChainView, width: int) -> list[Text]:
    spent = view.budget
    if spent is None:
        return []
    words = f" {spent.percent}% of {fmt.gas(spent.limit)}"
    note = _BUDGET[spent.tone]
    filled, empty = bar(spent.used, spent.limit, max(4, min(40, width - _LABEL - len(words) - len(note))))
    ink = "accent" if spent.tone == "ok" else TONES[spent.tone]
    return [_labelled("budget", (filled, ink), (empty, "faint"), words, (note, TONES[spent.tone]))]


def _deployed(view: ChainView) -> Text:
    deployed = view.deployed
    if not deployed.txs:
        return _labelled("deployed", ("no contract yet", "quiet"))
    of_all = (f"  {deployed.share}% of the run", "quiet")
    return _labelled("deployed", fmt.plural(deployed.txs, "contract"), (f"  {fmt.gas(deployed.gas)}", "strong"), of_all)


def _price(view: ChainView) -> tuple[str, ...]:
    if not view.fee:
        return ()
    return (f"{fmt.ether(view.fee)} ETH", view.money, f"{view.price:,} wei/gas")


def _table(title: str, rows: Sequence[GasLine], width: int, kind: str) -> list[Entry]:
    if not rows:
        return []
    name_width = max(10, min(22, width - 26))
    chart = max(0, min(24, width - name_width - 20))
    head = f"{title:<{name_width}}" + " " * (chart + 1) + f"{'share':>6}{'gas':>7}{'tx':>5}"
    most = max(row.gas for row in rows)
    return [
        Entry(partial(line, (head, "quiet"))),
        *(Entry(partial(_gas_line, row, most, name_width, chart), _thing(kind, row)) for row in rows),
    ]


def _thing(kind: str, row: GasLine) -> Thing:
    if (kind, row.name) in (("client", "operator"), ("round", "set-up")):
        return row.name, row.name
    return (kind, int(row.name.removeprefix("round "))) if kind == "round" else (kind, row.name)


def _contract(name: str, address: str) -> Entry:
    return Entry(partial(line, f"  {name:<16}", (address, "quiet")), ("call", DEPLOY + name))


def _gas_line(row: GasLine, most: int, name_width: int, chart: int) -> Text:
    filled, empty = bar(row.gas, most, chart)
    return line(
        fit(row.name, name_width),
        " ",
        (filled, "accent"),
        " " * len(empty),
        f"{row.share:>5}%",
        (f"{fmt.gas(row.gas):>7}", "strong"),
        (f"{row.txs:>5,}", "quiet"),
    )


def _txs(state: State, width: int, opens: str) -> list[Entry]:
    if not state.txs:
        return []
    newest = list(islice(reversed(state.txs), _SHOWN_TXS))
    head = f"last transactions: {len(newest)} of {state.chain.txs:,}, {opens} opens one"
    return [
        _BLANK,
        Entry(partial(line, (head, "quiet"))),
        *(Entry(partial(_tx_line, tx, width), ("tx", tx.hash)) for tx in newest),
    ]


def _tx_line(tx: Tx, width: int) -> Text:
    mark = ("● ", "ok") if tx.ok else ("✖ ", "bad")
    tail = (f"  {fmt.short(tx.hash)}", "quiet") if width >= 60 else ("", "")
    name = max(8, min(24, (width - 26) // 2))
    reason: Part = (f"  {tx.reason}", "bad") if tx.reason else ("", "")
    return line(
        mark,
        (f"{tx.block:>6} ", "quiet"),
        fit(tx.function, name),
        " ",
        (fit(tx.sender, name), "quiet"),
        (f"{fmt.gas(tx.gas_used):>6}", "strong"),
        tail,
        reason,
    )
