"""Chain and gas: the node, its blocks, and what was paid for, all from receipts."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text

from dltui.core import format as fmt
from dltui.core.state import State
from dltui.core.views import ChainView, GasLine, chain_view
from dltui.tui.panes.base import Pane
from dltui.tui.theme import TONES
from dltui.tui.widgets.charts import bar, spark
from dltui.tui.widgets.ink import Part, fit, line
from dltui.tui.widgets.lines import Lines


class ChainPane(Pane, Lines):
    """The figures, then gas by function, client and round as far as there is room."""

    heading: ClassVar[str] = "Chain & gas"
    needs: ClassVar[frozenset[str]] = frozenset({"chain"})
    ages: ClassVar[bool] = True

    def draw_state(self, state: State, now: float) -> None:
        """As many lines as fit."""
        view = chain_view(state, now)
        width = self.size.width
        lines = [_node(view, width), *_blocks(view, width), _totals(view)]
        for title, rows in (("by call", view.by_function), ("by sender", view.by_client), ("by round", view.by_round)):
            if rows:
                lines += _table(title, rows, width)
        if view.contracts:
            lines.append(line(("contracts", "quiet")))
            lines += [line(f"  {name:<16}", (address, "quiet")) for name, address in view.contracts]
        self.show(lines[: self.size.height])
        self.subtitle(f"fees {fmt.ether(view.fee)} ETH" if view.fee else "")


def _node(view: ChainView, width: int) -> Text:
    block = f"  block {view.block}" if view.block else ""
    age = f"  {view.age_text} ago" if view.age is not None else ""
    words = ""
    for where in (f" :{view.port}" if view.port else "", ""):
        words = f"{fmt.symbol(view.tone)} {view.engine or 'chain'}{where} {view.state}"
        if len(words) + len(block) + len(age) <= width:
            break
    return line((words, TONES[view.tone]), (block, "strong"), (age, "quiet"))


def _blocks(view: ChainView, width: int) -> list[Text]:
    if not view.gas_per_block:
        return [line(("gas/block ", "quiet"), ("no block with transactions yet", "quiet"))]
    facts = f"  avg {fmt.gas(view.average)}  max {fmt.gas(view.highest)}"
    room = max(4, width - 10 - len(facts))
    return [line(("gas/block ", "quiet"), (spark(view.gas_per_block, room, floor=0), "busy"), (facts, "quiet"))]


def _totals(view: ChainView) -> Text:
    reverted: Part = (f"  {view.reverted} reverted", "bad" if view.reverted else "quiet")
    return line((f"{view.gas:,}", "strong"), (" gas  ", "quiet"), f"{view.txs:,} tx", reverted)


def _table(title: str, rows: tuple[GasLine, ...], width: int) -> list[Text]:
    name_width = max(10, min(22, width - 26))
    chart = max(0, min(24, width - name_width - 20))
    head = f"{title:<{name_width}}"
    lines = [line((head + " " * (chart + 1) + f"{'share':>6}{'gas':>7}{'tx':>5}", "quiet"))]
    most = max(row.gas for row in rows)
    for row in rows:
        filled, empty = bar(row.gas, most, chart)
        lines.append(
            line(
                fit(row.name, name_width),
                " ",
                (filled, "accent"),
                (" " * len(empty), ""),
                f"{row.share:>5}%",
                (f"{fmt.gas(row.gas):>7}", "strong"),
                (f"{row.txs:>5,}", "quiet"),
            )
        )
    return lines
