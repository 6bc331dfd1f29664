"""The application: follows a session, folds its events, sends commands, and leaves a clean terminal."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol

from textual import events, work
from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from dltui.config.keymap import KeysSection
from dltui.core import format as fmt
from dltui.core import views
from dltui.core.commands import Command, cli_twin, new_command
from dltui.core.events import Event, OpResult
from dltui.core.sanitize import clean
from dltui.core.state.state import State
from dltui.core.timeline import Picture
from dltui.errors import DltuiError
from dltui.rundir.session import ReplaySession, Session
from dltui.tui.actions.catalog import BY_ID, with_keys
from dltui.tui.actions.dispatcher import Control
from dltui.tui.background import aside, in_words
from dltui.tui.host import Host, Leader
from dltui.tui.messages import Opened
from dltui.tui.playback import Story
from dltui.tui.run_queries import Inquiry
from dltui.tui.screens.main import MainScreen
from dltui.tui.theme import THEMES, use
from dltui.tui.typeahead import Ahead

WIDTHS = [(0, "-tiny"), (40, "-slim"), (64, "-narrow"), (100, "-wide")]
HEIGHTS = [(0, "-flat"), (8, "-low"), (16, "-short"), (32, "-tall")]
"""Least size of each class that the stylesheet folds by."""
POLL_SECONDS = 0.1
OVER_SECONDS = 1.0
"""Between two looks at the journal of a run that is over: it may be resumed."""
WATCH_SECONDS = 2.0
"""Between two looks whether the engine is there."""
SILENT_TIMES = 2
"""Looks without an answer after which the engine counts as gone."""
HOLD_SECONDS, RENEW_SECONDS = 9.0, 3.0
"""How long one word of this screen keeps a run from failing for want of clients, and when it says so again."""
CHUNK = 1000
"""Events folded before the screen gets a turn."""


class Director(Leader, Protocol):
    """Leads a walkthrough; it is told what happened and sends its own commands."""

    def tick(self, new_events: list[Event], now: float) -> Any:
        """Told every event once, and the time. Raises DltuiError where the walkthrough failed."""


class DltuiApp(Host):
    """One screen on one run.

    `director` leads a walkthrough, `clock` gives unix seconds, `ascii` draws without symbols,
    `refresh` is the most paints a second. `read_only` sends nothing, `keys` are
    the configuration's, `run_dir` is the run's folder, where its logs are; `first` greets who has no other run. After
    `run()`: `return_code`, `farewell` (a line for stdout) and `failure` (what ended a walkthrough, or made the journal
    unreadable).
    """

    CSS_PATH = "app.tcss"
    TITLE = "dltui"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", show=False, priority=False)]

    def __init__(
        self,
        session: Session,
        *,
        director: Director | None = None,
        clock: Callable[[], float] = time.time,
        ascii: bool = False,
        refresh: float = 4.0,
        read_only: bool = False,
        keys: KeysSection | None = None,
        run_dir: Path | None = None,
        first: bool = False,
    ) -> None:
        super().__init__()
        self.actions = {action.id: action for action in with_keys(keys or KeysSection())}
        self.set_keymap({name: action.key for name, action in self.actions.items() if action.keys != BY_ID[name].keys})
        self.run_dir = run_dir
        self.first = first
        self.read_only = read_only or session.read_only
        self.ahead = Ahead(self)
        self.control = Control(self)
        self.inquiry = Inquiry(session, run_dir, self.may_ask)
        self.session = session
        self.director = director
        self.clock = clock
        self.ascii_only = ascii
        self.paints_per_second = max(0.5, min(refresh, 30.0))
        self.state = State()
        self.picture = Picture()
        self.story = Story(self)
        self.wanted_theme = ""
        """The theme that it starts with; empty, or one that there is not, for the first of our own."""
        self.failure: DltuiError | None = None
        self.stopping = False
        self.lost = False
        """The engine was there and does not answer any more."""
        self._asked: set[str] = set()
        self._untold: list[Event] = []
        self._rewinds = 0
        self._sought = asyncio.Event()

    @property
    def main(self) -> MainScreen:
        """The screen with the panes."""
        screen = self.get_screen("main")
        assert isinstance(screen, MainScreen)
        return screen

    @property
    def leader(self) -> Leader | None:
        """What leads a walkthrough."""
        return self.director

    def may_ask(self) -> bool:
        """An engine runs, and this screen may use its socket."""
        return not (self.read_only or self.over or self.lost)

    @property
    def recording(self) -> ReplaySession | None:
        """The session where it is a recording, which can be paused and sought."""
        return self.session if isinstance(self.session, ReplaySession) else None

    @property
    def over(self) -> bool:
        """The run has ended, or the recording of it."""
        return self.state.finished or self.session.finished

    @property
    def crashed(self) -> bool:
        """The application itself failed, which it has told on the terminal."""
        return self._exception is not None

    @property
    def farewell(self) -> str:
        """The last line, for the caller to print when the screen is gone."""
        if self.lost and self.state.run:
            return f"run {self.state.run} has no engine any more - dltui resume {self.state.run}"
        if self.recording is not None and not self.state.finished:
            run, at, of = self.state.run, self.state.last_seq, self.recording.marks.last
            return f"left the replay of {run} at event {at:,} of {of:,} - dltui replay {run} --from @{at}"
        return views.farewell(self.state) if self.state.run else ""

    def on_mount(self) -> None:
        """Starts following."""
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self.wanted_theme if self.wanted_theme in self.available_themes else THEMES[0].name
        use(self.current_theme)
        self.screen_change_signal.subscribe(self, self.ahead.opened, immediate=True)
        self.install_screen(MainScreen(self), "main")
        self.push_screen("main")
        self._follow()
        if not self.read_only:
            self._hold()
        if self.director is not None:
            self._lead(self.director)
        if callable(getattr(self.session, "alive", None)):
            self._watch(self.session.alive)  # type: ignore[attr-defined]

    def on_load(self) -> None:
        """Before the terminal is taken, so that whatever ends the screen gives it back."""
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None:
                with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                    loop.add_signal_handler(number, self._ended_by, number)

    def _ended_by(self, number: int) -> None:
        self.exit(return_code=128 + number)

    @work(exit_on_error=False, group="follow")
    async def _follow(self) -> None:
        while self.failure is None:
            events = self.session.events()
            self._begin_again()
            await self._take(events)
            if self.director is not None:
                self._untold += events
            elif self.over:
                self._leave_when_over()
            # Sought places are shown at once; a finished run is looked at less often.
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._sought.wait(), OVER_SECONDS if self.state.finished else POLL_SECONDS)
            self._sought.clear()

    def _begin_again(self) -> None:
        """Forgets what it knows where a recording went back: the events that lead there come again."""
        if self.recording is not None and self.recording.rewinds != self._rewinds:
            self._rewinds = self.recording.rewinds
            self.state, self.picture = State(), Picture()
            self.main.repaint()

    def follow_now(self) -> None:
        """A recording was moved: its events are taken in without delay."""
        self._sought.set()

    @work(exit_on_error=False, group="lead")
    async def _lead(self, director: Director) -> None:
        while self.director is director:
            events, self._untold = self._untold, []
            await aside(director.tick, events, self.clock())
            if self.over and not self._untold and director.finished:
                self.main.paint()
                self._leave_when_over()
                return
            await asyncio.sleep(POLL_SECONDS)

    @work(exit_on_error=False, group="watch")
    async def _watch(self, alive: Callable[[], bool]) -> None:
        reached, silent = False, 0
        while not self.over:
            answers = await aside(alive)
            reached, silent = reached or answers, 0 if answers else silent + 1
            lost = reached and silent >= SILENT_TIMES and not self.over
            if lost != self.lost:
                self.lost = lost
                self.main.changed(frozenset({"alert"}))
            await asyncio.sleep(WATCH_SECONDS)

    @work(exit_on_error=False, group="hold")
    async def _hold(self) -> None:
        """Keeps a run from failing while somebody at this screen can still act."""
        while True:
            if self.may_ask() and any(alert.until or alert.held for alert in self.state.alerts.values()):
                with contextlib.suppress(DltuiError, OSError):  # it is said again
                    await aside(self.session.send, new_command("run.hold", "key", seconds=HOLD_SECONDS))
            await asyncio.sleep(RENEW_SECONDS)

    async def _take(self, events: list[Event]) -> None:
        for start in range(0, len(events), CHUNK):
            changed: set[str] = set()
            urgent = False
            for event in events[start : start + CHUNK]:
                self.picture.note(self.state, event)
                changed |= self.state.apply(event)
                if self.director is not None:
                    self.story.note(event)
                urgent |= event.kind.startswith(("run.", "op."))
                if isinstance(event.data, OpResult):
                    self._answered(event.data)
            self.main.changed(frozenset(changed))
            if urgent:
                self.main.paint()
            await asyncio.sleep(0)

    def _answered(self, result: OpResult) -> None:
        if result.id in self._asked:
            self._asked.discard(result.id)
            self.tell(result.message or "done", "information" if result.ok else "error")

    def _leave_when_over(self) -> None:
        if self.stopping:
            self.main.paint()
            self.exit(return_code=self.state.exit_code or 0)

    def fail(self, error: DltuiError) -> None:
        """A walkthrough ends with its error, and a run that did not begin; other trouble stays on the alert line."""
        self.failure = error
        if self.director is not None or getattr(self.session, "refused", None) is error:
            self.exit(return_code=error.exit_code)
        else:
            self.main.changed(frozenset({"alert"}))
            self.main.paint()

    def now(self) -> float:
        """The time that ages are measured against: that of a recording, or of the last event where the run is over."""
        if self.recording is not None:
            return self.recording.now
        last = fmt.unix(self.state.last_ts) if self.over else None
        return self.clock() if last is None else last

    def twin(self, name: str, args: dict[str, Any]) -> str:
        """The shell command that does the same."""
        return cli_twin(Command(id="twin", actor="operator", source="key", name=name, args=args))

    def ask(self, name: str, args: dict[str, Any]) -> None:
        """Sends a command; its answer is told when it comes. A screen that only reads never does."""
        if self.read_only:
            self.tell("this screen only reads", "warning")
            return
        try:
            command = new_command(name, "key", **args)
        except DltuiError as error:
            self.tell(str(error), "error")
            return
        self._asked.add(command.id)
        self._send(command)

    @work(exit_on_error=False, group="send")
    async def _send(self, command: Command) -> None:
        try:
            await aside(self.session.send, command)
        except Exception as error:  # whatever it is, nobody waits for an answer any more
            self._refused(command, str(in_words(error)))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """No worker ends in silence: where the run is not followed or led any more, that is a failure."""
        error = event.worker.error
        if event.state is not WorkerState.ERROR or error is None:
            return
        if event.worker.group == "follow" or (event.worker.group == "lead" and self.director is not None):
            self.fail(in_words(error, "the journal" if event.worker.group == "follow" else ""))
        elif event.worker.group != "lead":
            self.tell(str(in_words(error)), "error")

    def _refused(self, command: Command, why: str) -> None:
        if command.name == "run.stop":
            self.stopping = False
        if command.id in self._asked:
            self._asked.discard(command.id)
            self.tell(why, "error")

    def stop_all(self) -> None:
        """Stops the run and leaves when it has ended; a walkthrough ends here, which is no failure of it."""
        self.stopping, self.director = True, None
        self.ask("run.stop", {})
        self.tell("stopping the run; the screen closes when it has ended")

    def tell(self, text: str, severity: Literal["information", "warning", "error"] = "information") -> None:
        """A short note, never parsed as markup."""
        self.notify(clean(text, 400), severity=severity, timeout=5, markup=False)

    async def on_event(self, event: events.Event) -> None:
        """Keys and clicks that came before the present screen was seen are not for it."""
        if not isinstance(event, events.InputEvent) or self.ahead.admits(event):
            await super().on_event(event)

    def on_key(self, event: events.Key) -> None:
        """Keys of one burst are all sent to what had the focus at its start: text is no command by then."""
        if self.screen is self.main and self.main.typed(event):
            event.prevent_default()

    def on_opened(self, event: Opened) -> None:
        """A row was opened."""
        self.control.open(event.kind, event.id)

    async def action_quit(self) -> None:
        """Leaves, after asking where a run is live."""
        self.control.do("quit")

    def action_help_quit(self) -> None:
        """Ctrl+c with no selected text."""
        self.tell(f"press {self.actions['quit'].shown_key} to quit")
