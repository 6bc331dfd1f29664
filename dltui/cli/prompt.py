"""`dltui console`: a Python prompt on a run and its chain, for an operator who looks or acts by hand."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, Optional

import typer

from dltui import exits
from dltui.cli.console import complain, guarded
from dltui.errors import ConfigError, DltuiError, RunError

if TYPE_CHECKING:
    from code import InteractiveConsole

RunRef = Annotated[Optional[str], typer.Argument(help="Id, prefix or path of a run (default: the newest).")]  # noqa: UP045
Code = Annotated[Optional[str], typer.Option("-c", metavar="CODE", help="Run this and exit; - or a pipe is stdin.")]  # noqa: UP045
As = Annotated[Optional[str], typer.Option("--as", metavar="operator", help="Sign what web3 sends with that key.")]  # noqa: UP045


def console(context: typer.Context, run: RunRef = None, code: Code = None, actor: As = None) -> None:
    """Open a Python prompt with web3 on a run's chain, its contracts bound, and its state."""

    def ask() -> int:
        from dltui.cli.namespace import opened
        from dltui.cli.progress_line import ProgressLine
        from dltui.rundir.paths import find_run

        if actor not in (None, "operator"):
            raise ConfigError(f"nobody signs as {actor[:40]!r}", where="--as", hint="--as operator")
        shown = ProgressLine()
        try:
            with opened(find_run(run), actor is not None, shown.show) as (names, banner):
                shown.clear()
                if code is None and sys.stdin.isatty():
                    interpreter(names).interact(banner, exitmsg="")
                    return exits.OK
                text = sys.stdin.read() if code in (None, "-") else code
                return _execute(text or "", names, "stdin" if code in (None, "-") else "-c")
        finally:
            shown.clear()

    raise typer.Exit(guarded(ask, (context.obj or {}).get("debug", False)))


def _execute(text: str, names: dict[str, Any], where: str) -> int:
    """Run a script and return its exit code. Raises RunError that says in which line it failed."""
    try:
        exec(compile(text, where, "exec"), names)
    except DltuiError:
        raise
    except SystemExit as ended:
        if ended.code is None or isinstance(ended.code, int):
            return ended.code or exits.OK
        print(ended.code, file=sys.stderr)
        return exits.FAILED
    except Exception as error:
        line, frame = getattr(error, "lineno", None), error.__traceback__
        while frame is not None:
            line = frame.tb_lineno if frame.tb_frame.f_code.co_filename == where else line
            frame = frame.tb_next
        raise RunError(f"{type(error).__name__}: {error}", where=f"{where}, line {line}") from error
    return exits.OK


def interpreter(names: dict[str, Any]) -> InteractiveConsole:
    """A prompt that completes names and tells our own errors in one line."""
    from code import InteractiveConsole

    class Prompt(InteractiveConsole):
        def showtraceback(self) -> None:
            error = sys.exc_info()[1]
            if isinstance(error, DltuiError):
                complain(error)
            else:
                super().showtraceback()

    try:
        import readline
        import rlcompleter
    except ImportError:
        return Prompt(names)
    readline.set_completer(rlcompleter.Completer(names).complete)
    readline.parse_and_bind("tab: complete")
    return Prompt(names)
