"""A line on stderr that says what a long command is doing, if stderr is a terminal."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


class ProgressLine:
    """Shows one activity at a time; `clear` takes the line away before something else is printed.

    With `plain`, a stderr that is no terminal gets a line for each activity.
    """

    def __init__(self, *, plain: bool = False) -> None:
        self._shown = sys.stderr.isatty()
        self._plain = plain and not self._shown
        self._what = ""
        self._live: Progress | None = None

    def show(self, what: str, done: int = 0, of: int = 0, detail: str = "") -> None:
        """Say what is being done; `of` 0 means that nobody knows how much it is."""
        if self._plain:
            print(what, file=sys.stderr)
        if not self._shown:
            return
        if self._live is None or self._what != what:
            self.clear()
            self._live, self._what = _line(), what
            self._live.add_task(what, total=of or None)
            self._live.start()
        count = f"{what} {done}/{of}" if of else f"{what} {detail}"
        self._live.update(self._live.task_ids[0], description=count, completed=done)

    def clear(self) -> None:
        """Take the line away."""
        if self._live is not None:
            self._live.stop()
            self._live = None


def _line() -> Progress:
    # What the command prints goes to stdout, which may be a file while stderr is not.
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
