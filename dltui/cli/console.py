"""How commands speak and fail: errors in one line on stderr, exit codes from the one table."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

from dltui import exits
from dltui.core.sanitize import clean
from dltui.errors import DltuiError

LONGEST = 8_000
"""Characters of a line of an error."""


def guarded(command: Callable[[], int], debug: bool = False) -> int:
    """Run a command and return its exit code; an error becomes one line on stderr, a traceback only with `debug`."""
    try:
        return command()
    except DltuiError as error:
        if debug:
            traceback.print_exc()
        complain(error)
        return error.exit_code
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    except BrokenPipeError:
        return exits.OK


def complain(error: DltuiError) -> None:
    """Say on stderr what happened, where, and what to do next."""
    where = f"{error.where}: " if error.where else ""
    print(f"error: {_harmless(where + error.message)}", file=sys.stderr)
    if error.hint:
        print(f"  try: {_harmless(error.hint)}", file=sys.stderr)


def _harmless(text: str) -> str:
    """What an error quotes may be anybody's; its lines stay."""
    return "\n".join(clean(line, LONGEST) for line in text.split("\n"))
