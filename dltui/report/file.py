"""Writing the report of a run to a file or to stdout."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from dltui.errors import RunError
from dltui.report import verification
from dltui.report.content import gather
from dltui.report.page import render
from dltui.rundir.paths import RunPaths


def write_report(
    paths: RunPaths,
    output: Path | None,
    *,
    with_verification: bool,
    say: Callable[[str], None],
    heard: Callable[[str], None] = lambda line: None,
) -> str:
    """Write the page to `output` (`-` is stdout, None is `./report-RUN.html`) and return the verification's outcome.

    `say` gets narration, `heard` what the verification has checked so far. Raises RunError if there is no journal, or
    the file cannot be written.
    """
    content = gather(paths)
    checked = verification.NOT_ASKED
    if with_verification:
        say("verifying the run ...")
        checked = verification.verify(paths.root, heard)
    page = render(content, checked)
    if output == Path("-"):
        sys.stdout.write(page)
    else:
        target = output or Path(f"report-{paths.id}.html")
        try:
            target.write_text(page, encoding="utf-8")
        except OSError as error:
            raise RunError(f"cannot be written ({error.strerror})", where=str(target), hint="choose -o FILE") from error
        say(f"{target}: {checked.symbol} {checked.outcome}")
    return checked.outcome
