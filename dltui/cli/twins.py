"""The CLI twins: what keys do on the screen, as commands to the engine of a run."""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from dltui.cli.console import guarded
from dltui.cli.telling import Telling

Run = Annotated[Optional[str], typer.Option("--run", help="Id, prefix or path of a run (default: the newest).")]  # noqa: UP045
ClientName = Annotated[str, typer.Argument(help="The client's id, such as client-3.")]
VersionNumber = Annotated[int, typer.Argument(min=0, help="The version's number.")]

Part = Annotated[Optional[int], typer.Option("--part", min=0, max=255, help="A new client's slice of the data.")]  # noqa: UP045
TxHash = Annotated[str, typer.Argument(metavar="HASH", help="The transaction's hash, 0x and 64 hex digits.")]

Force = Annotated[
    bool,
    typer.Option("--force", help="Send it although the contract would refuse it: it costs gas and changes nothing."),
]

Json = Annotated[bool, typer.Option("--json", help="Print JSON: accuracies in basis points, fees in wei.")]

client = typer.Typer(help="List, register, suspend, ban, stop and restart clients.", no_args_is_help=True)
model = typer.Typer(help="List, approve, reject and verify versions of the model.", no_args_is_help=True)
rounds = typer.Typer(help="List, open and verify rounds.", no_args_is_help=True)
tx = typer.Typer(help="List, read and verify transactions.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the groups and the commands about the whole run to the program."""
    app.add_typer(client, name="client")
    app.add_typer(model, name="model")
    app.add_typer(rounds, name="round")
    app.add_typer(tx, name="tx")
    for name in ("pause", "stop"):
        _about_run(app, name)
    app.command("resume")(resume)


def _send(context: typer.Context, run: str | None, name: str, **args: Any) -> None:
    def ask() -> int:
        from dltui.cli import running

        return running.send(run, name, **args)

    raise typer.Exit(guarded(ask, (context.obj or {}).get("debug", False)))


def _check(context: typer.Context, run: str | None, name: str, **args: Any) -> None:
    def ask() -> int:
        from dltui.cli import running

        return running.check(run, name, **args)

    raise typer.Exit(guarded(ask, (context.obj or {}).get("debug", False)))


def _list(context: typer.Context, run: str | None, kind: str, as_json: bool) -> None:
    def show() -> int:
        from dltui.cli import lists

        return lists.show(run, kind, as_json)

    raise typer.Exit(guarded(show, (context.obj or {}).get("debug", False)))


def _about_client(verb: str, text: str) -> None:
    def command(context: typer.Context, name: ClientName, force: Force = False, run: Run = None) -> None:
        _send(context, run, f"client.{verb}", force=force, client=name)

    command.__doc__ = text
    client.command(verb)(command)


def _about_model(verb: str, text: str) -> None:
    def command(context: typer.Context, version: VersionNumber, force: Force = False, run: Run = None) -> None:
        _send(context, run, f"model.{verb}", force=force, version=version)

    command.__doc__ = text
    model.command(verb)(command)


def _about_run(app: typer.Typer, verb: str) -> None:
    def command(context: typer.Context, run: Run = None) -> None:
        _send(context, run, f"run.{verb}")

    command.__doc__ = {"pause": "Open no new round until the run is resumed.", "stop": "End a run."}[verb]
    app.command(verb)(command)


for _verb, _text in {
    "approve": "Accept a client that asked to join.",
    "reject": "Refuse a pending client.",
    "suspend": "Leave a client out until it is reinstated.",
    "reinstate": "Let a suspended client take part again.",
    "ban": "Shut a client out for good.",
    "complete-leave": "Let a client go that left during a round which is over.",
}.items():
    _about_client(_verb, _text)
for _verb, _text in {
    "approve": "Approve a version: it is the released one.",
    "reject": "Reject a version and all that come from it.",
}.items():
    _about_model(_verb, _text)


@client.command("restart")
def restart_client(context: typer.Context, name: ClientName, run: Run = None) -> None:
    """Start the process of a client again."""
    _send(context, run, "client.restart", client=name)


@client.command("list")
def list_clients(context: typer.Context, run: Run = None, as_json: Json = False) -> None:
    """List the clients of a run, live or over."""
    _list(context, run, "client", as_json)


@client.command("register")
def register_client(
    context: typer.Context,
    name: ClientName,
    part: Part = None,
    force: Force = False,
    run: Run = None,
) -> None:
    """Accept a client, or start a new one.

    One that asked to join is accepted, as `approve` does; for any other name a process starts, with a free slice of
    the data, and asks to join.
    """
    _send(context, run, "client.register", force=force, client=name, part=part)


@client.command("verify")
def verify_client(context: typer.Context, name: ClientName, run: Run = None) -> None:
    """Compare what a live run tells of a client with the chain (exit 4 names the first mismatch)."""
    _check(context, run, "client.verify", client=name)


@client.command("stop")
def stop_client(
    context: typer.Context,
    name: ClientName,
    kill: Annotated[bool, typer.Option("--kill", help="Without a chance to end by itself.")] = False,
    run: Run = None,
) -> None:
    """End the process of a client; the round goes on without it."""
    _send(context, run, "client.stop", client=name, signal="kill" if kill else "term")


@model.command("verify")
def verify_model(context: typer.Context, version: VersionNumber, run: Run = None) -> None:
    """Check a version of a live run: registry, blobs, and its round recomputed (exit 4 names the first mismatch)."""
    _check(context, run, "model.verify", version=version)


@model.command("list")
def list_models(
    context: typer.Context,
    run: Run = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON from the journal of a run, live or over.")] = False,
) -> None:
    """Read the registry of a live run from the chain."""
    if as_json:
        _list(context, run, "model", as_json)
    _send(context, run, "registry.read")


@rounds.command("list")
def list_rounds(context: typer.Context, run: Run = None, as_json: Json = False) -> None:
    """List the rounds of a run, live or over."""
    _list(context, run, "round", as_json)


@rounds.command("open")
def open_round(context: typer.Context, force: Force = False, run: Run = None) -> None:
    """Open the next round now."""
    _send(context, run, "round.open", force=force)


@rounds.command("verify")
def verify_round(
    context: typer.Context,
    number: Annotated[int, typer.Argument(metavar="ROUND", min=1, help="The round's number.")],
    run: Run = None,
) -> None:
    """Check a round of a live run against the chain, and recompute its result (exit 4 names the first mismatch)."""
    _check(context, run, "round.verify", round=number)


@tx.command("list")
def list_txs(context: typer.Context, run: Run = None, as_json: Json = False) -> None:
    """List the last transactions of a run, live or over: 2,000 at most."""
    _list(context, run, "tx", as_json)


@tx.command("verify")
def verify_tx(context: typer.Context, hash: TxHash, run: Run = None) -> None:
    """Compare what a live run tells of a transaction with the chain (exit 4 names the first mismatch)."""
    _check(context, run, "tx.verify", hash=hash)


@tx.command("show")
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

    raise typer.Exit(guarded(show, (context.obj or {}).get("debug", False)))


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

    raise typer.Exit(guarded(go_on, (context.obj or {}).get("debug", False)))
