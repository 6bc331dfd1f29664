"""The groups of commands to the engine of a run, and those that the command line does in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Annotated, Optional

import typer

from dltui.cli.console import guarded
from dltui.cli.declared import Run, function_of
from dltui.cli.telling import Telling
from dltui.core.commands import COMMANDS, Declaration

Json = Annotated[bool, typer.Option("--json", help="Print JSON: accuracies in basis points, fees in wei.")]
TxHash = Annotated[str, typer.Argument(help="The transaction's hash, 0x and 64 hex digits.")]

client = typer.Typer(help="List, register, suspend, ban, stop and restart clients.", no_args_is_help=True)
model = typer.Typer(help="List, approve, reject and verify versions of the model.", no_args_is_help=True)
rounds = typer.Typer(help="List, open and verify rounds.", no_args_is_help=True)
tx = typer.Typer(help="List, read and verify transactions.", no_args_is_help=True)
GROUPS = {"client": client, "model": model, "round": rounds, "tx": tx}


def register(app: typer.Typer) -> None:
    """Add the groups and the commands about the whole run to the program."""
    for name, group in GROUPS.items():
        app.add_typer(group, name=name)
    _add_list("client", "List the clients of a run, live or over.")
    _add_list("round", "List the rounds of a run, live or over.")
    _add_list("tx", "List the last transactions of a run, live or over: 2,000 at most.")
    add_commands(app, COMMANDS.values())


def add_commands(app: typer.Typer, commands: Iterable[Declaration]) -> None:
    """Add each of these commands under its words: to a group, or to the program."""
    for command in commands:
        if command.words:
            *group, word = command.words.split()
            target = GROUPS[group[0]] if group else app
            target.command(word)(_OWN.get(command.name) or function_of(command))


def _guard(context: typer.Context, command: Callable[[], int]) -> None:
    raise typer.Exit(guarded(command, (context.obj or {}).get("debug", False)))


def _show_list(run: str | None, kind: str, as_json: bool) -> int:
    from dltui.cli import lists

    return lists.show(run, kind, as_json)


def _add_list(kind: str, text: str) -> None:
    def command(context: typer.Context, run: Run = None, as_json: Json = False) -> None:
        _guard(context, lambda: _show_list(run, kind, as_json))

    GROUPS[kind].command("list", help=text)(command)


def list_models(
    context: typer.Context,
    run: Run = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON from the journal of a run, live or over.")] = False,
) -> None:
    """Read the registry of a live run from the chain."""

    def show() -> int:
        from dltui.cli import running

        return _show_list(run, "model", as_json) if as_json else running.send(run, "registry.read")

    _guard(context, show)


def show_tx(
    context: typer.Context,
    hash: TxHash,
    run: Run = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of lines.")] = False,
) -> None:
    """Decode a transaction of a run, live or not, from the run's transaction log."""

    def show() -> int:
        from dltui.cli import transactions

        return transactions.show(run, hash, as_json)

    _guard(context, show)


def resume(
    context: typer.Context,
    ref: Annotated[Optional[str], typer.Argument(metavar="RUN", help="Id, prefix or path of a run.")] = None,  # noqa: UP045
    run: Run = None,
    no_ui: Annotated[bool, typer.Option("--no-ui", help="Narrate instead of showing the screen.")] = False,
    ascii: Annotated[Optional[bool], typer.Option("--ascii/--no-ascii", help="Draw with plain characters.")] = None,  # noqa: UP045
) -> None:
    """Go on: a paused run opens rounds again; a run whose engine is gone gets a new one."""

    def go_on() -> int:
        from dltui.cli import running

        return running.go_on(ref or run, Telling(no_ui), ascii)

    _guard(context, go_on)


_OWN: dict[str, Callable[..., None]] = {"registry.read": list_models, "run.resume": resume, "tx.show": show_tx}
"""Commands that the command line does in its own way, by their name."""
