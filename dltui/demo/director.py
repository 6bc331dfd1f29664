"""Plays a walkthrough: fed with events, it starts beats, waits, issues commands, and checks what it has told."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import chain

from dltui.core.commands import Command, new_command
from dltui.core.events import Event, RunFinished
from dltui.core.state.entities import Step
from dltui.demo.expectations import Count
from dltui.demo.script import Beat, Script
from dltui.errors import RunError

STEP_SECONDS = 15.0
"""How long the engine may take to accept the announcement of a beat, for instance while it starts."""
HOLD_SECONDS = 9.0
"""How long the engine is held by one word of a director."""
RENEW_SECONDS = 1.0
"""After which a director says it again, while it is read."""


class Director:
    """Plays `script`; `send` passes a command to the engine and raises RunError if it is refused.

    A beat is announced (`demo.step`, so that the journal has it), waits for its event, issues its commands, waits until
    its claims hold, and stays for its hold divided by `speed`; once the run has ended only the last one stays. Events
    count from the run's beginning, so one that came early is not missed. With `read`, each beat is first read while the
    run is held. `paused`, `speed` and `skip` may be used from another thread.
    """

    def __init__(
        self, script: Script, send: Callable[[Command], object], *, speed: float = 1.0, read: bool = False
    ) -> None:
        self.script = script
        self.paused = False
        """The present beat stays, whatever comes."""
        self.speed = speed
        self._send = send
        self._skip = False
        self._waits = [Count(beat.wait.claim) if beat.wait else None for beat in script.beats]
        self._expects = [[Count(claim) for claim in beat.expect] for beat in script.beats]
        self._index = 0
        self._steps = (self._announce, *([self._read] if read else []), self._wait, self._check, self._stay)
        self._step = 0
        self._began: float | None = None
        self._step_began = 0.0
        self._over = False
        self._holds = read
        """The run is held now."""
        self._held_at: float | None = None

    @property
    def finished(self) -> bool:
        """Every beat has been played."""
        return self._index >= len(self.script.beats)

    @property
    def beat(self) -> Beat | None:
        """The beat that is played now."""
        return None if self.finished else self.script.beats[self._index]

    @property
    def step(self) -> Step | None:
        """The announcement of the present beat, also if the engine still starts and has not taken it."""
        return None if self.finished else self._step_of(self.script.beats[self._index])

    @property
    def awaited(self) -> str:
        """What the present beat waits for before it goes on, in words; empty if it waits for nothing."""
        counts = () if self.finished else (self._waits[self._index], *self._expects[self._index])
        return next((count.claim.text for count in counts if count and count.claim.count and not count.holds), "")

    def sends(self, name: str, client: str = "") -> bool:
        """Say whether the present beat or a later one sends that command, if `client` is given about that one."""
        asks = (ask for beat in self.script.beats[self._index :] for ask in beat.commands if ask.name == name)
        return any(not client or ask.args.get("client") == client for ask in asks)

    def skip(self) -> None:
        """The present beat stays no longer than its events need, also if it is paused."""
        self._skip = True

    def tick(self, events: Sequence[Event], now: float) -> None:
        """Take in new events and do what is due at `now` (seconds of any steady clock).

        May wait for the engine's answer to a command. Raises RunError naming the beat where its event does not come in
        time, a command is refused, a claim does not hold, or the run ends under it.
        """
        counts = [count for count in (*self._waits, *chain.from_iterable(self._expects)) if count is not None]
        for event in events:
            self._over = self._over or isinstance(event.data, RunFinished)
            for count in counts:
                count.take(event)
        self._hold(now)
        while not self.finished and self._turn(self.script.beats[self._index], now):
            pass

    def _turn(self, beat: Beat, now: float) -> bool:
        """Take one step of the beat; return False if it has to wait."""
        if self._began is None:
            self._began = self._step_began = now
        if not self._steps[self._step](beat, now):
            return False
        self._step, self._step_began = self._step + 1, now
        if self._step == len(self._steps):
            self._index, self._step, self._began, self._skip = self._index + 1, 0, None, False
        return True

    def _announce(self, beat: Beat, now: float) -> bool:
        if self._over:
            return True
        try:
            self._send(new_command("demo.step", "demo", actor="demo", **asdict(self._step_of(beat))))
        except RunError as error:
            if now - self._step_began > STEP_SECONDS:
                raise self._failed(beat, f"it could not be announced: {error}") from error
            return False
        return True

    def _hold(self, now: float) -> None:
        """Have the engine take no step of its own, and say so again before it forgets."""
        if not self._holds or self._over or (self._held_at is not None and now - self._held_at < RENEW_SECONDS):
            return
        with contextlib.suppress(RunError):  # an engine that still starts does nothing yet
            self._send(new_command("demo.hold", "demo", actor="demo", seconds=HOLD_SECONDS))
            self._held_at = now

    def _read(self, beat: Beat, now: float) -> bool:
        """Let it be read; then the run goes on, unless the beat keeps it still."""
        self._holds = True
        self._hold(now)
        reads = now - self._step_began < beat.reading_seconds / self.speed
        if not self._skip and (self.paused or reads) and (beat is self.script.beats[-1] or not self._over):
            return False
        if not beat.still:
            self._holds, self._held_at = False, None
            with contextlib.suppress(RunError):  # if the engine is gone, nothing is held
                self._send(new_command("demo.hold", "demo", actor="demo", seconds=0.0))
        self._began = now
        return True

    def _wait(self, beat: Beat, now: float) -> bool:
        count = self._waits[self._index]
        if count is not None and beat.wait is not None and not self._came(beat, count, beat.wait.seconds, now):
            return False
        for ask in beat.commands:
            try:
                self._send(new_command(ask.name, "demo", actor="demo", **ask.args))
            except RunError as error:
                raise self._failed(beat, f"{ask.name} was refused: {error}") from error
        return True

    def _check(self, beat: Beat, now: float) -> bool:
        return all(
            self._came(beat, count, beat.within, now) for count in self._expects[self._index] if count.claim.count
        )

    def _stay(self, beat: Beat, now: float) -> bool:
        assert self._began is not None
        last = beat is self.script.beats[-1]
        stays = now - self._began < beat.hold / self.speed and (last or not self._over)
        if not self._skip and (self.paused or stays):
            return False
        for count in self._expects[self._index]:
            if not count.holds:
                raise self._failed(beat, f"expected {count.claim.text}, but {count.found}")
        return True

    def _came(self, beat: Beat, count: Count, seconds: float, now: float) -> bool:
        """Return whether the claim holds by now; raise if it can no longer come, or not in time."""
        if count.holds:
            return True
        expected = f"expected {count.claim.text}"
        if self._over:
            raise self._failed(beat, f"{expected}, but the run ended ({count.found})")
        if now - self._step_began > seconds:
            raise self._failed(beat, f"{expected} within {seconds:g} s, but {count.found}")
        return False

    def _step_of(self, beat: Beat) -> Step:
        return Step(n=self._index + 1, of=len(self.script.beats), title=beat.title, text=beat.text)

    def _failed(self, beat: Beat, why: str) -> RunError:
        return RunError(why, where=f"beat {self._index + 1}/{len(self.script.beats)} {beat.title!r}")
