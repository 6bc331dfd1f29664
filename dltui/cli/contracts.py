"""`dltui contracts`: build the artifacts that ship, prove that they are what the sources give, show their sizes."""

from __future__ import annotations

import sys

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
        return _show_sizes()

    raise typer.Exit(guarded(compare, (context.obj or {}).get("debug", False)))


@app.command()
def sizes(context: typer.Context) -> None:
    """Show how much of the code that a chain allows each contract takes (exit 3 above it)."""
    raise typer.Exit(guarded(_show_sizes, (context.obj or {}).get("debug", False)))


def _show_sizes() -> int:
    from dltui.chain.contracts import sizes

    found = sizes.sizes()
    print(sizes.table(found))
    for text in sizes.warnings(found):
        print(f"warning: {text}", file=sys.stderr)
    return 0
