"""The `dltui` program: a run with a screen by default, and a command for everything that a key does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

import dltui
from dltui.cli import chain as chain_commands
from dltui.cli import contracts, data, doctor, models, twins, verifying, viewing
from dltui.cli.console import flags, guarded
from dltui.cli.password import hide

app = typer.Typer(
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Run and watch blockchain-coordinated federated learning on one machine.",
)
twins.register(app)
viewing.register(app)
app.add_typer(contracts.app, name="contracts")
app.add_typer(data.app, name="data")
twins.model.command("show")(models.show)
app.command("doctor")(doctor.doctor)
app.command("verify")(verifying.verify)
app.add_typer(chain_commands.app, name="chain")

NoUi = Annotated[bool, typer.Option("--no-ui", help="Narrate instead of showing the screen.")]
FormatName = Annotated[str, typer.Option("--format", help="text, or jsonl: the journal on stdout.")]
ConfigFile = Annotated[Optional[Path], typer.Option("--config", help="A TOML file (default: ./config.toml).")]  # noqa: UP045
RunRef = Annotated[Optional[str], typer.Argument(help="Id, prefix or path of a run (default: the newest).")]  # noqa: UP045
Ascii = Annotated[Optional[bool], typer.Option("--ascii/--no-ascii", help="Draw with plain characters.")]  # noqa: UP045
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


def _number(text: str) -> Any:
    return typer.Option(None, text)


@app.callback(invoke_without_command=True)
def run(
    context: typer.Context,
    rounds: int = _number("--rounds"),
    clients: int = _number("--clients"),
    dataset: str = typer.Option(
        None, "--dataset", help="A name of `dltui data list`, a .npz file, folder:PATH, or module:function."
    ),
    model: str = typer.Option(None, "--model", help="linear, mlp, cnn, cnn-bn, resnet18, or module:factory."),
    partition: str = typer.Option(None, "--partition", help="iid, dirichlet, shards, quantity, or module:function."),
    alpha: float = _number("--alpha"),
    chain: str = typer.Option(None, "--chain", help="auto, embedded, anvil, or a node's URL."),
    port: int = typer.Option(None, "--port", help="Port of the chain's JSON-RPC; 0 takes a free one."),
    seed: int = _number("--seed"),
    epochs: int = _number("--epochs"),
    require_approval: bool = typer.Option(None, "--require-approval/--no-require-approval"),
    no_ui: NoUi = False,
    ascii: Ascii = None,
    format: FormatName = "text",
    config: ConfigFile = None,
    debug: Debug = False,
    version: bool = typer.Option(False, "--version", help="Print the version and exit."),
) -> None:
    """Start a run: a chain, N clients, and a screen that shows them."""
    context.obj = {"debug": debug}
    if version:
        print(dltui.__version__)
        raise typer.Exit(0)
    if context.invoked_subcommand is not None:
        return
    given = dict(context.params)

    def start() -> int:
        from dltui.cli import running

        return running.start(running.effective(config, flags(given)), no_ui, _format(format))

    raise typer.Exit(guarded(start, debug))


@app.command()
def demo(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A walkthrough that ships with dltui, or a .toml file.")] = "tour",
    list_demos: Annotated[bool, typer.Option("--list", help="List the walkthroughs and exit.")] = False,
    speed: Annotated[float, typer.Option("--speed", min=0.05, max=100, help="2 halves how long beats stay.")] = 1.0,
    seed: int = _number("--seed"),
    no_ui: NoUi = False,
    ascii: Ascii = None,
    format: FormatName = "text",
    config: ConfigFile = None,
) -> None:
    """A guided walkthrough that ends by itself: a run, its verification, and a summary."""

    def play() -> int:
        if list_demos:
            from dltui.cli.listing import print_demos

            return print_demos()
        from dltui.cli import running

        return running.demo(name, config, flags({"seed": seed, "ascii": ascii}), no_ui, _format(format), speed)

    raise typer.Exit(guarded(play, context.obj["debug"]))


@app.command()
def attach(
    context: typer.Context,
    run: RunRef = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Only look: no key sends anything.")] = False,
    no_ui: NoUi = False,
    ascii: Ascii = None,
    format: FormatName = "text",
) -> None:
    """Watch a run that goes on without a screen; several may watch it."""

    def follow() -> int:
        from dltui.cli import running
        from dltui.paths import find_run

        return running.attach(find_run(run), no_ui, _format(format), read_only, ascii)

    raise typer.Exit(guarded(follow, context.obj["debug"]))


@app.command()
def replay(
    context: typer.Context,
    run: RunRef = None,
    speed: Annotated[float, typer.Option("--speed", min=0.01, max=1000, help="1 keeps the run's own pace.")] = 1.0,
    start: Annotated[Optional[str], typer.Option("--from", help="3 for round 3, @120 for event 120.")] = None,  # noqa: UP045
    no_ui: NoUi = False,
    ascii: Ascii = None,
    format: FormatName = "text",
) -> None:
    """Show a recorded run again; without a screen it is told at once."""

    def again() -> int:
        from dltui.cli import running
        from dltui.paths import find_run

        return running.replay(find_run(run), speed, start, no_ui, _format(format), ascii)

    raise typer.Exit(guarded(again, context.obj["debug"]))


@app.command()
def runs(context: typer.Context) -> None:
    """List the runs, the newest last."""

    def show() -> int:
        from dltui.cli.listing import print_runs

        return print_runs()

    raise typer.Exit(guarded(show, context.obj["debug"]))


def _format(name: str) -> Any:
    if name not in ("text", "jsonl"):
        from dltui.errors import ConfigError

        raise ConfigError(f"unknown format {name[:40]!r}", where="--format", hint="text or jsonl")
    return name


def main() -> None:
    """The entry point; exits with the code of the one table."""
    hide()
    try:
        app()
    except BrokenPipeError:
        sys.exit(0)
