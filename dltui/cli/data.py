"""`dltui data`: which data sets there are, fetching one, and who would hold what in a run."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from dltui.cli.console import guarded
from dltui.cli.options import flags, with_flags

app = typer.Typer(help="List, fetch and look at data sets.", no_args_is_help=True)

Root = Annotated[str, typer.Option("--root", help="Folder of public data sets (default: your cache folder).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_all(context: typer.Context, root: Root = "", json: Json = False) -> None:
    """Name the data sets that dltui knows, and which of them are on this machine."""

    def show() -> int:
        from dltui.cli.data_tables import print_known

        return print_known(root, json)

    raise typer.Exit(guarded(show, (context.obj or {}).get("debug", False)))


@app.command()
def get(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A name of `dltui data list`.")],
    root: Root = "",
) -> None:
    """Fetch a public data set once; runs read it from there without a network."""

    def fetch() -> int:
        from dltui.cli.progress_line import ProgressLine
        from dltui.learning.data.catalog import CATALOG
        from dltui.learning.data.download import get as fetch_once
        from dltui.resources import data_dir

        if name in CATALOG and not CATALOG[name].ready(root).is_file():
            print(f"{name}: up to {CATALOG[name].download} MB to fetch, into {data_dir(root)}", file=sys.stderr)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the temporary folder is removed
        line = ProgressLine()

        def told(done: int, of: int) -> None:
            line.show(f"fetching {name}", detail=f"{done / 1e6:.1f}" + (f" of {of / 1e6:.1f} MB" if of else " MB"))

        try:
            path = fetch_once(name, root, told)
        finally:
            line.clear()
        print(f"{name}: {path}")
        return 0

    raise typer.Exit(guarded(fetch, (context.obj or {}).get("debug", False)))


@app.command()
@with_flags("dataset", "partition", "alpha", "clients", "seed")
def show(
    context: typer.Context,
    config: Annotated[Optional[Path], typer.Option("--config", help="A TOML file (default: ./config.toml).")] = None,  # noqa: UP045
    *,
    json: Json = False,
    **given: Any,
) -> None:
    """Draw who would hold which records in a run with these settings; starts nothing."""

    def draw() -> int:
        from dltui.cli.data_tables import print_division
        from dltui.cli.running import effective

        return print_division(effective(config, flags(given)), json)

    raise typer.Exit(guarded(draw, (context.obj or {}).get("debug", False)))
