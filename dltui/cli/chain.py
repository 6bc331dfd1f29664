"""`dltui chain`: which engine a run would use and why, and getting anvil."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from dltui.cli.console import guarded
from dltui.cli.options import flags, with_flags

app = typer.Typer(help="Show and install chain engines.", no_args_is_help=True)


@app.command()
@with_flags("chain")
def show(
    context: typer.Context,
    config: Annotated[Optional[Path], typer.Option("--config", help="A TOML file.")] = None,  # noqa: UP045
    **given: Any,
) -> None:
    """Say which chain a run would use now and why, and where anvil was looked for."""

    def tell() -> int:
        from dltui.chain.nodes.anvil import places
        from dltui.chain.nodes.choice import choose, refuse_open
        from dltui.cli import running

        wanted = running.effective(config, flags(given)).chain
        refuse_open(wanted.engine, wanted.keystore)
        choice = choose(wanted.engine, wanted.anvil)
        print(f"{choice.engine}: {choice.reason}")
        for source, path in places(wanted.anvil):
            print(f"  {source:<20} {path if path else '-'}")
        return 0

    raise typer.Exit(guarded(tell, (context.obj or {}).get("debug", False)))


@app.command()
def install(
    context: typer.Context,
    again: Annotated[bool, typer.Option("--again", help="Replace a copy that is there already.")] = False,
) -> None:
    """Get anvil through npm into your data folder; its checksum is verified now and before every start."""

    def get() -> int:
        from dltui.chain.nodes.anvil import BINARY_SHA256, VERSION
        from dltui.chain.nodes.anvil_install import install as install_anvil
        from dltui.chain.nodes.choice import OPEN
        from dltui.cli.progress_line import ProgressLine

        line = ProgressLine(plain=True)
        try:
            path = install_anvil(again, told=line.show)
        finally:
            line.clear()
        print(f"anvil {VERSION} is installed: {path}")
        print(f"  sha256 {BINARY_SHA256}")
        print(f"  runs use it with --chain anvil; {OPEN}")
        return 0

    raise typer.Exit(guarded(get, (context.obj or {}).get("debug", False)))
