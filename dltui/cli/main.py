"""The `dltui` program: a run with a screen by default, and a command for everything that a key does."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

import dltui
from dltui.cli import chain as chain_commands
from dltui.cli import contracts, data, doctor, models, prompt, twins, verifying, viewing
from dltui.cli.console import guarded
from dltui.cli.options import RUN, flags, with_flags
from dltui.cli.password import hide
from dltui.cli.telling import Telling

if TYPE_CHECKING:
    from dltui.headless.printer import Level

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
app.command("console")(prompt.console)
app.add_typer(chain_commands.app, name="chain")

NoUi = Annotated[bool, typer.Option("--no-ui", help="Narrate instead of showing the screen.")]
FormatName = Annotated[str, typer.Option("--format", help="text, or jsonl: the journal on stdout.")]
ConfigFile = Annotated[Optional[Path], typer.Option("--config", help="A TOML file (default: ./config.toml).")]  # noqa: UP045
RunRef = Annotated[Optional[str], typer.Argument(help="Id, prefix or path of a run (default: the newest).")]  # noqa: UP045
Ascii = Annotated[Optional[bool], typer.Option("--ascii/--no-ascii", help="Draw with plain characters.")]  # noqa: UP045
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Narrate only what went wrong, and the end.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Narrate everything: about 13 lines a round.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks.")]


@app.callback(invoke_without_command=True)
@with_flags(*RUN)
def run(
    context: typer.Context,
    *,
    no_ui: NoUi = False,
    fast: Annotated[bool, typer.Option("--fast", help="With a screen: the defaults of --no-ui.")] = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    format: FormatName = "text",
    config: ConfigFile = None,
    debug: Debug = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
    **given: Any,
) -> None:
    """Start a run: a chain, N clients, and a screen that shows them."""
    context.obj = {"debug": debug}
    if version:
        print(dltui.__version__)
        raise typer.Exit(0)
    if context.invoked_subcommand is not None:
        return

    def start() -> int:
        from dltui.cli import running

        return running.start(config, flags(given), _told(no_ui, format, quiet, verbose), fast)

    raise typer.Exit(guarded(start, debug))


@app.command()
@with_flags("seed", "chain", "ascii")
def demo(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A walkthrough that ships with dltui, or a .toml file.")] = "tour",
    list_demos: Annotated[bool, typer.Option("--list", help="List the walkthroughs and exit.")] = False,
    speed: Annotated[float, typer.Option("--speed", min=0.05, max=100, help="2 halves how long beats stay.")] = 1.0,
    *,
    no_ui: NoUi = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    format: FormatName = "text",
    config: ConfigFile = None,
    **given: Any,
) -> None:
    """A guided walkthrough that ends by itself: a run, its verification, and a summary."""

    def play() -> int:
        if list_demos:
            from dltui.cli.listing import print_demos

            return print_demos()
        from dltui.cli import running

        return running.demo(name, config, flags(given), _told(no_ui, format, quiet, verbose), speed)

    raise typer.Exit(guarded(play, context.obj["debug"]))


@app.command()
def attach(
    context: typer.Context,
    run: RunRef = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Only look: no key sends anything.")] = False,
    no_ui: NoUi = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    ascii: Ascii = None,
    format: FormatName = "text",
) -> None:
    """Watch a run that goes on without a screen; several may watch it."""

    def follow() -> int:
        from dltui.cli import running
        from dltui.rundir.paths import find_run

        return running.attach(find_run(run), _told(no_ui, format, quiet, verbose), read_only, ascii)

    raise typer.Exit(guarded(follow, context.obj["debug"]))


@app.command()
def replay(
    context: typer.Context,
    run: RunRef = None,
    speed: Annotated[float, typer.Option("--speed", min=0.01, max=1000, help="1 keeps the run's own pace.")] = 1.0,
    start: Annotated[Optional[str], typer.Option("--from", help="3 for round 3, @120 for event 120.")] = None,  # noqa: UP045
    no_ui: NoUi = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    ascii: Ascii = None,
    format: FormatName = "text",
) -> None:
    """Show a recorded run again; without a screen it is told at once."""

    def again() -> int:
        from dltui.cli import running
        from dltui.rundir.paths import find_run

        return running.replay(find_run(run), speed, start, _told(no_ui, format, quiet, verbose), ascii)

    raise typer.Exit(guarded(again, context.obj["debug"]))


@app.command()
def runs(context: typer.Context) -> None:
    """List the runs, the newest last."""

    def show() -> int:
        from dltui.cli.listing import print_runs

        return print_runs()

    raise typer.Exit(guarded(show, context.obj["debug"]))


def _told(no_ui: bool, format: str, quiet: bool, verbose: bool) -> Telling:
    from dltui.errors import ConfigError

    if format not in ("text", "jsonl"):
        raise ConfigError(f"unknown format {format[:40]!r}", where="--format", hint="text or jsonl")
    if quiet and verbose:
        raise ConfigError("--quiet and --verbose are opposites", where="flags", hint="give one of them")
    level: Level = "quiet" if quiet else "verbose" if verbose else "normal"
    return Telling(no_ui, "jsonl" if format == "jsonl" else "text", level)


def main() -> None:
    """The entry point; exits with the code of the one table."""
    hide()
    try:
        app()
    except BrokenPipeError:
        sys.exit(0)
