"""Commands that show a run elsewhere than in this terminal: a report as a file, a screen in a browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from dltui import exits
from dltui.cli.console import guarded

RunRef = Annotated[Optional[str], typer.Argument(help="Id, prefix or path of a run (default: the newest).")]  # noqa: UP045
OutFile = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("-o", "--output", help="Where to; - is stdout (default: ./report-RUN.html)."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("report")(report)
    app.command("web")(web)


def report(
    context: typer.Context,
    run: RunRef = None,
    output: OutFile = None,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Verify the run first, and say so.")] = True,
) -> None:
    """Write one HTML file that tells the whole run; exits with 4 or 5 as the verification does."""

    def write() -> int:
        from dltui.cli.progress_line import ProgressLine
        from dltui.report.file import write_report
        from dltui.rundir.paths import find_run
        from dltui.verify.report import EXIT_CODES

        shown = ProgressLine()

        def say(text: str) -> None:
            shown.clear()
            print(text, file=sys.stderr)

        def heard(line: str) -> None:
            shown.show("verifying the run, compared so far:", detail=line.partition(" ")[0])

        try:
            outcome = write_report(find_run(run), output, with_verification=verify, say=say, heard=heard)
        finally:
            shown.clear()
        return EXIT_CODES.get(outcome, exits.OK)

    raise typer.Exit(guarded(write, (context.obj or {}).get("debug", False)))


def web(
    context: typer.Context,
    run: RunRef = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.")] = 0,
    write: Annotated[bool, typer.Option("--write", help="Browsers may send commands to the run.")] = False,
) -> None:
    """Serve the screen of a run to browsers of this machine, behind a token; needs `pip install dltui[web]`."""

    def show() -> int:
        from dltui.errors import ConfigError
        from dltui.rundir.paths import find_run

        paths = find_run(run)
        try:
            from dltui.web.serve import serve
        except ModuleNotFoundError as error:
            raise ConfigError(f"{error.name} is not installed", where="web", hint="pip install 'dltui[web]'") from error
        serve(paths, port=port, write=write, say=lambda text: print(text, flush=True))
        return exits.OK

    raise typer.Exit(guarded(show, (context.obj or {}).get("debug", False)))
