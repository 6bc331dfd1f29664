"""The CLI twins: what keys do on the screen, as commands to the engine of a run."""

from __future__ import annotations

from typing import Annotated, Any, Optional

import typer

from dltui.cli.console import guarded

Run = Annotated[Optional[str], typer.Option("--run", help="Id, prefix or path of a run (default: the newest).")]  # noqa: UP045
ClientName = Annotated[str, typer.Argument(help="The client's id, such as client-3.")]
VersionNumber = Annotated[int, typer.Argument(min=0, help="The version's number.")]

client = typer.Typer(help="Register, suspend, stop and restart clients.", no_args_is_help=True)
model = typer.Typer(help="Approve and reject versions of the model.", no_args_is_help=True)
rounds = typer.Typer(help="Open rounds.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the groups and the commands about the whole run to the program."""
    app.add_typer(client, name="client")
    app.add_typer(model, name="model")
    app.add_typer(rounds, name="round")
    for name in ("pause", "stop"):
        _about_run(app, name)
    app.command("resume")(resume)


def _send(context: typer.Context, run: str | None, name: str, **args: Any) -> None:
    def ask() -> int:
        from dltui.cli import running

        return running.send(run, name, **args)

    raise typer.Exit(guarded(ask, (context.obj or {}).get("debug", False)))


def _about_client(verb: str, text: str) -> None:
    def command(context: typer.Context, name: ClientName, run: Run = None) -> None:
        _send(context, run, f"client.{verb}", client=name)

    command.__doc__ = text
    client.command(verb)(command)


def _about_model(verb: str, text: str) -> None:
    def command(context: typer.Context, version: VersionNumber, run: Run = None) -> None:
        _send(context, run, f"model.{verb}", version=version)

    command.__doc__ = text
    model.command(verb)(command)


def _about_run(app: typer.Typer, verb: str) -> None:
    def command(context: typer.Context, run: Run = None) -> None:
        _send(context, run, f"run.{verb}")

    command.__doc__ = {"pause": "Open no new round until the run is resumed.", "stop": "End a run."}[verb]
    app.command(verb)(command)


for _verb, _text in {
    "register": "Accept a pending client, or start a new one where a slice of the data is left.",
    "approve": "Accept a pending client.",
    "reject": "Refuse a pending client.",
    "suspend": "Leave a client out until it is reinstated.",
    "reinstate": "Let a suspended client take part again.",
    "restart": "Start the process of a client again.",
}.items():
    _about_client(_verb, _text)
for _verb, _text in {
    "approve": "Approve a version: it is the released one.",
    "reject": "Reject a version and all that come from it.",
}.items():
    _about_model(_verb, _text)


@client.command("stop")
def stop_client(
    context: typer.Context,
    name: ClientName,
    kill: Annotated[bool, typer.Option("--kill", help="Without a chance to end by itself.")] = False,
    run: Run = None,
) -> None:
    """End the process of a client; the round goes on without it."""
    _send(context, run, "client.stop", client=name, signal="kill" if kill else "term")


@model.command("list")
def list_models(context: typer.Context, run: Run = None) -> None:
    """Read the registry from the chain."""
    _send(context, run, "registry.read")


@rounds.command("open")
def open_round(context: typer.Context, run: Run = None) -> None:
    """Open the next round now."""
    _send(context, run, "round.open")


def resume(
    context: typer.Context,
    ref: Annotated[Optional[str], typer.Argument(metavar="RUN", help="Id, prefix or path of a run.")] = None,  # noqa: UP045
    run: Run = None,
    no_ui: Annotated[bool, typer.Option("--no-ui", help="Narrate instead of showing the screen.")] = False,
) -> None:
    """Go on: a paused run opens rounds again; a run whose engine is gone gets a new one."""

    def go_on() -> int:
        from dltui.cli import running

        return running.go_on(ref or run, no_ui)

    raise typer.Exit(guarded(go_on, (context.obj or {}).get("debug", False)))
