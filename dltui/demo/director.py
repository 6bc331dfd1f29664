"""Plays a walkthrough: fed with events, it starts beats, waits and issues commands."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from dltui.core.commands import Command, new_command
from dltui.core.events import Event, RunFinished
from dltui.demo.script import Ask, Beat, Script
from dltui.errors import RunError

STEP_SECONDS = 15.0
"""How long the engine may take to accept the announcement of a beat, for instance while it starts."""


class Director:
    """Plays `script`; `send` passes a command to the engine and raises RunError where it is refused.

    A beat is announced (`demo.step`, so that the journal has it), waits for its event, issues its commands, and stays
    for its hold times `pace`. Events count from the run's beginning, so one that came early is not missed.
    """

    def __init__(self, script: Script, send: Callable[[Command], object], *, pace: float = 1.0) -> None:
        self.script = script
        self._send = send
        self._pace = pace
        self._seen = [0] * len(script.beats)
        self._index = 0
        self._announced = False
        self._asked = False
        self._began: float | None = None
        self._over = False

    @property
    def finished(self) -> bool:
        """Every beat has been played."""
        return self._index >= len(self.script.beats)

    @property
    def beat(self) -> Beat | None:
        """The beat that is played now."""
        return None if self.finished else self.script.beats[self._index]

    @property
    def awaited(self) -> str:
        """What the present beat waits for, in words; empty where it waits for nothing."""
        beat = self.beat
        return beat.wait.text if beat is not None and beat.wait is not None and not self._met(beat) else ""

    def tick(self, events: Sequence[Event], now: float) -> None:
        """Takes in new events and does what is due at `now` (seconds of any steady clock).

        May wait for the engine's answer to a command. Raises RunError naming the beat where its event does not come in
        time, a command is refused, or the run ends under it.
        """
        for event in events:
            self._over = self._over or isinstance(event.data, RunFinished)
            for index, beat in enumerate(self.script.beats):
                if beat.wait is not None and beat.wait.matches(event):
                    self._seen[index] += 1
        while self._turn(now):
            pass

    def _turn(self, now: float) -> bool:
        """One step forward; False where there is nothing to do at this moment."""
        beat = self.beat
        if beat is None:
            return False
        began = self._began = now if self._began is None else self._began
        if not self._announced and not self._announce(beat, now - began):
            return False
        if not self._asked:
            if not self._met(beat):
                self._check(beat, now - began)
                return False
            for ask in beat.commands:
                self._ask(beat, ask)
            self._asked = True
        if now - began < beat.hold * self._pace and not self._over:
            return False
        self._index, self._announced, self._asked, self._began = self._index + 1, False, False, None
        return True

    def _met(self, beat: Beat) -> bool:
        return beat.wait is None or self._seen[self._index] >= beat.wait.count

    def _announce(self, beat: Beat, waited: float) -> bool:
        if not self._over:
            step = {"n": self._index + 1, "of": len(self.script.beats), "title": beat.title, "text": beat.text}
            try:
                self._send(new_command("demo.step", "demo", actor="demo", **step))
            except RunError as error:
                if waited > STEP_SECONDS:
                    raise self._failed(beat, f"it could not be announced: {error}") from error
                return False
        self._announced = True
        return True

    def _ask(self, beat: Beat, ask: Ask) -> None:
        try:
            self._send(new_command(ask.name, "demo", actor="demo", **ask.args))
        except RunError as error:
            raise self._failed(beat, f"its command was refused: {error}") from error

    def _check(self, beat: Beat, waited: float) -> None:
        wait = beat.wait
        if wait is None:
            return
        came = f" ({self._seen[self._index]} of {wait.count} came)" if wait.count > 1 else ""
        if self._over:
            raise self._failed(beat, f"the run ended before {wait.text}{came}")
        if waited > wait.seconds:
            raise self._failed(beat, f"{wait.text} did not come within {wait.seconds:g} s{came}")

    def _failed(self, beat: Beat, why: str) -> RunError:
        return RunError(why, where=f"beat {self._index + 1} {beat.title!r}")
