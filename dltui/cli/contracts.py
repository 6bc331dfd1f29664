"""`dltui contracts`: build the artifacts that ship, and prove that they are what the sources give."""

from __future__ import annotations

import typer

from dltui.cli.console import guarded

app = typer.Typer(help="Build and check the compiled contracts.", no_args_is_help=True)


@app.command()
def build(context: typer.Context) -> None:
    """Compile the Solidity sources again and write the artifacts."""

    def compile_all() -> int:
        from dltui.chain.contracts import compiler

        compiler.write(compiler.build())
        print("artifacts written")
        return 0

    raise typer.Exit(guarded(compile_all, (context.obj or {}).get("debug", False)))


@app.command()
def check(context: typer.Context) -> None:
    """Compile again and compare byte for byte with the committed artifacts (exit 4 at the first difference)."""

    def compare() -> int:
        from dltui.chain.contracts import compiler

        compiler.check()
        print("the committed artifacts are what the sources give, byte for byte")
        return 0

    raise typer.Exit(guarded(compare, (context.obj or {}).get("debug", False)))
