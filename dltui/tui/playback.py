"""Where one is in a walkthrough or a recording, and how one moves through it.

A walkthrough goes on while an earlier beat is looked at: the state of that beat is a fold of the events up to its end.
A recording itself is moved.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dltui.core.events import Event
from dltui.core.marks import Marks
from dltui.core.state.entities import Step
from dltui.core.state.state import State

if TYPE_CHECKING:
    from dltui.tui.host import Host

ANSWERS = {"pending": "client.register", "approval": "model.approve", "exited": "client.restart"}
"""The first word of an alert's id to the command that it asks for."""
SLOWEST, FASTEST = 0.25, 64.0
"""Speeds that the keys reach."""


class Story:
    """The walkthrough that leads a run, or the recording of one; nothing happens where there is neither."""

    def __init__(self, app: Host) -> None:
        self._app = app
        self._events: list[Event] = []
        self._marks = Marks()
        self._beat = 0
        """The beat that is looked at, from 0, where one is."""

    def note(self, event: Event) -> None:
        """Told every event of a run that a walkthrough leads."""
        self._events.append(event)
        self._marks.take(event)

    def step(self, live: State) -> Step | None:
        """The beat to tell: the one that is looked at, that of the recording, or that which plays now."""
        app = self._app
        told = app.leader.step if app.leader is not None and not app.picture.elsewhere else None
        return told or app.picture.shown(live).demo

    @property
    def past(self) -> bool:
        """An earlier beat is looked at."""
        return self._app.picture.moment is not None

    @property
    def led(self) -> bool:
        """There is a story to move through."""
        return self._app.recording is not None or self._app.leader is not None

    @property
    def paused(self) -> bool:
        """It stands still until it is told to go on."""
        led = self._app.recording or self._app.leader
        return led is not None and led.paused

    @property
    def over(self) -> bool:
        """The walkthrough has nothing more to tell, and its run has ended."""
        director = self._app.leader
        return director is not None and director.finished and self._app.over

    def answers(self, alert: str) -> bool:
        """The walkthrough itself does what the alert of this id asks for, so nobody needs to."""
        director = self._app.leader
        kind, _, client = alert.partition("-")
        return director is not None and kind in ANSWERS and director.sends(ANSWERS[kind], client)

    @property
    def says(self) -> str:
        """Where one is, in words; empty where there is no story."""
        app = self._app
        recording, director = app.recording, app.leader
        if recording is not None:
            how = "paused" if recording.paused else "at the end" if recording.finished else f"{recording.speed or 0:g}x"
            return f"replay {how}, event {recording.position:,} of {recording.marks.last:,}"
        if director is None:
            return ""
        if self.past:
            return f"viewing {self._beat + 1}, live is {len(self._marks.beats)}"
        if self.over:
            return f"over: look around, {app.actions['quit'].shown_key} leaves"
        return "paused" if director.paused else "live" if director.speed == 1 else f"live at {director.speed:g}x"

    def next(self) -> None:
        """To the next beat or round; at the present of a walkthrough, its beat ends as soon as it can."""
        app = self._app
        if app.recording is not None:
            mark = app.recording.marks.after(app.recording.position)
            self._seek(mark.seq if mark else app.recording.marks.last)
        elif self.past:
            self._view(self._beat + 1)
        elif app.leader is not None:
            app.leader.skip()

    def back(self) -> None:
        """To the beat or round before."""
        app = self._app
        if app.recording is not None:
            mark = app.recording.marks.before(app.recording.position)
            self._seek(mark.seq if mark else 1)
        elif app.leader is not None:
            at = self._beat if self.past else len(self._marks.beats) - 1
            if at > 0:
                self._view(at - 1)
            else:
                app.tell("back: this is the first beat", "warning")

    def pause(self) -> None:
        """Stands still, or goes on; a walkthrough's run is not paused by it."""
        led = self._app.recording or self._app.leader
        if led is not None:
            led.paused = not led.paused
            self._app.main.repaint()

    def change_speed(self, factor: float) -> None:
        """Multiplies the speed."""
        led = self._app.recording or self._app.leader
        if led is not None:
            led.speed = min(FASTEST, max(SLOWEST, (led.speed or 1.0) * factor))
            self._app.main.repaint()

    def _seek(self, seq: int) -> None:
        assert self._app.recording is not None
        self._app.recording.seek(seq)
        self._app.follow_now()

    def _view(self, beat: int) -> None:
        beats = self._marks.beats
        picture = self._app.picture
        picture.present()
        if beat < len(beats) - 1:
            self._beat, picture.moment = beat, self._at(beats[beat + 1].seq)
        self._app.main.repaint()

    def _at(self, end: int) -> State:
        """The state before event number `end`."""
        state = State()
        for event in self._events:
            if event.seq >= end:
                break
            state.apply(event)
        return state
