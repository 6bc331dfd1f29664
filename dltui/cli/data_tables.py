"""The tables of `dltui data`: known data sets, and a picture of who holds what."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dltui.config.sections import Config
from dltui.core import format as fmt
from dltui.core.sanitize import clean
from dltui.learning.data.catalog import BUILT_IN, CATALOG
from dltui.learning.data.report import Report
from dltui.resources import data_dir

COUNT_WIDTH, OTHER_WIDTH, BAR = 5, 30, 8
"""Columns of a class's count, of all else in a row, and of a client's bar; more classes become one shade each."""
SHADES = ("·", "░", "▒", "▓", "█")
PLAIN = (".", ":", "+", "x", "#")
HEAT = ("", "#ffffff on #1f3a5f", "#ffffff on #2b5c94", "#000000 on #4f94d4", "#000000 on #9fcbf5")
"""From few to many; the count stands there too, so nothing rests on colour."""


def print_known(root: str, as_json: bool) -> int:
    """Print the data sets by name, and whether they are there."""
    rows = [
        {
            "name": known.name,
            "records": known.records,
            "shape": "x".join(str(side) for side in known.shape),
            "classes": known.classes,
            "present": known.ready(root).is_file(),
            "download_mb": known.download,
        }
        for known in CATALOG.values()
    ]
    built_in = {"records": 10_000, "shape": "1x28x28", "classes": 10, "present": True, "download_mb": 0}
    rows.insert(0, {"name": BUILT_IN, **built_in})
    if as_json:
        print(json.dumps({"root": str(data_dir(root)), "datasets": rows}, indent=1))
        return 0
    table = Table(box=None, pad_edge=False)
    for column in ("name", "records", "shape", "classes", "here"):
        table.add_column(column, justify="right" if column in ("records", "classes") else "left")
    for row in rows:
        here = "yes" if row["present"] else f"no, {row['download_mb']} MB to fetch"
        table.add_row(str(row["name"]), f"{row['records']:,}", str(row["shape"]), str(row["classes"]), here)
    Console().print(table)
    print(f"\n`dltui data get NAME` fetches one into {data_dir(root)}.")
    print("A data set may also be a file.npz, folder:PATH of images, or module:function.")
    return 0


def print_division(config: Config, as_json: bool) -> int:
    """Print each client's records by class, as they would be in a run with `config`."""
    from dltui.engine.specs import name_of
    from dltui.learning.data.report import describe
    from dltui.learning.plan import learning_spec
    from dltui.learning.training import task

    spec = learning_spec(config)
    data = task.data(spec)
    report = describe(data, task.division(spec.plan, data))
    names = [clean(name_of(config, part)) for part in range(config.parts)]
    if as_json:
        plain: dict[str, Any] = dataclasses.asdict(report)
        clients = [{"name": name, **row} for name, row in zip(names, plain["clients"], strict=True)]
        print(json.dumps({"dataset": spec.dataset, "partition": spec.plan.data.partition, **plain, "clients": clients}))
        return 0
    console = Console()
    console.print(_heading(config, report), soft_wrap=True)
    console.print(_picture(report, names, console, config.ui.ascii))
    console.print(_legend(report), soft_wrap=True)
    return 0


def _heading(config: Config, report: Report) -> Text:
    data = config.data
    how = f" (alpha {data.alpha:g})" if data.partition in ("dirichlet", "quantity") else ""
    dealt = f"{data.partition}{how}, seed {config.run.seed}, {fmt.plural(len(report.clients), 'client')}"
    what = f"{fmt.plural(report.records, 'record')} of {report.schema}"
    return Text(f"{clean(data.dataset)}: {what}", style="bold").append(f"\n{dealt}\n", style="not bold")


def _picture(report: Report, names: Sequence[str], console: Console, ascii: bool) -> Table:
    """A row a client: its records of each class, shaded by their share of its largest class, and a bar of them all."""
    plain = ascii or not console.encoding.lower().startswith("utf")
    classes = len(report.test)
    counted = classes * COUNT_WIDTH + OTHER_WIDTH <= console.width
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("client", no_wrap=True, max_width=16)
    for number in range(classes) if counted else ():
        table.add_column(str(number), justify="right", no_wrap=True)
    if not counted:
        table.add_column(f"0 to {classes - 1}", overflow="fold")
    table.add_column("train", justify="right", no_wrap=True)
    table.add_column("held", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    largest = max(holding.total for holding in report.clients)
    for name, holding in zip(names, report.clients, strict=True):
        cells = _counts(holding.by_class) if counted else [_shades(holding.by_class, plain)]
        bar = ("#" if plain else "█") * max(1, round(BAR * holding.total / largest))
        train, held = f"{sum(holding.train):,}", f"{sum(holding.held_out):,}"
        table.add_row(Text(name), *cells, train, held, Text(bar, style="cyan"))
    tested = [Text(str(n)) for n in report.test] if counted else [_shades(report.test, plain)]
    table.add_row("test split", *tested, f"{sum(report.test):,}", "-", "", style="dim")
    return table


def _counts(by_class: Sequence[int]) -> list[Text]:
    return [Text(str(n), style=HEAT[_level(n, max(by_class))]) if n else Text("-", style="dim") for n in by_class]


def _shades(by_class: Sequence[int], plain: bool) -> Text:
    return Text("".join((PLAIN if plain else SHADES)[_level(n, max(by_class))] for n in by_class))


def _level(count: int, largest: int) -> int:
    """0 for none, else 1 to 4 by the share of the largest."""
    return min(4, 1 + 4 * count // (largest + 1)) if count else 0


def _legend(report: Report) -> Text:
    mean, deviation = ([f"{value:g}" for value in part] for part in (report.mean, report.deviation))
    text = f"\nmean {', '.join(mean)} and deviation {', '.join(deviation)} of prepared records"
    text += f"\nsha256 {report.sha256}"
    if report.unused:
        text += f"\n{fmt.plural(report.unused, 'record')} belong to nobody"
    return Text(text)
