"""A session made of ready events, and what `follow` says about it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from dltui.core.commands import Command
from dltui.core.events import Event, RunFinished
from dltui.errors import RunError
from dltui.headless.run import follow
from dltui.rundir.journal import read

STORY = Path(__file__).parent.parent / "fixtures" / "runs" / "story"


def story() -> list[Event]:
    """The recorded run."""
    return list(read(STORY / "journal"))


class Recorded:
    """Hands out `turns` one after the other; `on_send` says what a command brings."""

    def __init__(
        self,
        turns: Iterable[list[Event]],
        on_send: Callable[[Command], list[Event]] | None = None,
        read_only: bool = False,
    ) -> None:
        self.turns = list(turns)
        self.sent: list[Command] = []
        self.read_only = read_only
        self.finished = False
        self._on_send = on_send

    def events(self) -> list[Event]:
        events = self.turns.pop(0) if self.turns else []
        self.finished = self.finished or any(isinstance(event.data, RunFinished) for event in events)
        return events

    def send(self, command: Command) -> str:
        self.sent.append(command)
        if self._on_send is None:
            raise RunError("no engine runs it now")
        self.turns.append(self._on_send(command))
        return "done"


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 1_795_478_400.0
        self.slept: list[Callable[[], None]] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        if self.slept:
            self.slept.pop(0)()


def told(session: Any, format: Any = "text", **options: Any) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of following a session to its end."""
    out, err, clock = io.StringIO(), io.StringIO(), options.pop("clock", None) or Clock()
    code = follow(session, format, out=out, err=err, clock=clock, sleep=clock.sleep, **options)
    return code, out.getvalue(), err.getvalue()
