"""`dltui verify`: check a run, and say what was checked, what was not, and the first mismatch."""

from __future__ import annotations

import json
from typing import Annotated, Optional

import typer

from dltui.cli.console import guarded

RunRef = Annotated[Optional[str], typer.Argument(help="Id, prefix or path of a run (default: the newest).")]  # noqa: UP045


def verify(
    context: typer.Context,
    run: RunRef = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout: every step and its status.")
    ] = False,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Measure every version on the test split again.")
    ] = True,
    node: Annotated[
        str, typer.Option("--node", help="Ask this node instead of the one that the run names; ${NAME} is replaced.")
    ] = "",
) -> None:
    """Re-execute, re-hash, recompute and compare a run.

    Exit 4 names the first mismatch; exit 5: there is none, but the parts that are named could not be checked.
    """
    raise typer.Exit(guarded(lambda: _check(run, as_json, measure, node), context.obj["debug"]))


def _check(run: str | None, as_json: bool, measure: bool, node: str) -> int:
    from dltui.cli.progress_line import ProgressLine
    from dltui.core.sanitize import clean
    from dltui.errors import MismatchError
    from dltui.rundir.paths import find_run
    from dltui.verify.report import CheckResult, Step, line
    from dltui.verify.run import verify as check_run

    paths, shown = find_run(run), ProgressLine()
    result = CheckResult(clean(paths.id))

    def say(step: Step) -> None:
        result.add(step)
        if not as_json:
            shown.clear()
            print(line(step), flush=True)

    try:
        check_run(paths, say, shown.show, measure=measure, node=node)
    except MismatchError as error:
        if not as_json:
            raise
        result.fail(error)
    finally:
        shown.clear()
    print(json.dumps(result.document(), indent=1) if as_json else result.headline)
    return result.exit_code
