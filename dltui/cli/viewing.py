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


def report(
    context: typer.Context,
    run: RunRef = None,
    output: OutFile = None,
    verify: Annotated[bool, typer.Option("--verify/--no-verify", help="Verify the run first, and say so.")] = True,
) -> None:
    """Write one HTML file that tells the whole run; exit 4 where the verification finds a mismatch."""

    def write() -> int:
        from dltui.paths import find_run
        from dltui.report.file import write_report

        outcome = write_report(find_run(run), output, with_verification=verify, say=_say)
        return exits.MISMATCH if outcome == "mismatch" else exits.OK

    raise typer.Exit(guarded(write, (context.obj or {}).get("debug", False)))


def _say(text: str) -> None:
    print(text, file=sys.stderr)
