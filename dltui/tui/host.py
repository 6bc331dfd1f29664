"""The application as screens, playback and keys know it, so that none of them imports the application itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from textual.app import App
from textual.screen import Screen

from dltui.core.pages.page import Target
from dltui.core.state.entities import Step
from dltui.core.state.state import State
from dltui.core.timeline import Picture
from dltui.errors import DltuiError
from dltui.rundir.session import ReplaySession
from dltui.tui.actions.catalog import Action, Answer
from dltui.tui.actions.selection import ScreenSelection
from dltui.tui.widgets.footer import Hint

if TYPE_CHECKING:
    from dltui.tui.panes.base import Pane
    from dltui.tui.playback import Story
    from dltui.tui.run_queries import Inquiry
    from dltui.tui.typeahead import Ahead


class Leader(Protocol):
    """What leads a walkthrough, as far as the screen shows and moves it."""

    paused: bool
    speed: float

    @property
    def finished(self) -> bool:
        """It has nothing more to tell."""

    @property
    def step(self) -> Step | None:
        """The beat that plays now."""

    def sends(self, name: str, client: str = "") -> bool:
        """Return whether it still has a command of that name to send, about `client` if one is given."""

    def skip(self) -> None:
        """Keep the present beat no longer than it must stay."""


class Actions(Protocol):
    """Does the actions of the registry, and says which are possible."""

    def do(self, name: str) -> None:
        """Do an action on the present screen, or say why not."""

    def able(self, action: Action, selection: ScreenSelection) -> Answer:
        """Return whether an action is possible on the present screen, and why not."""

    def label(self, action: Action) -> str:
        """Return the action's label as things stand."""

    def hints(self, screen: Screen[Any], selection: ScreenSelection) -> list[Hint]:
        """Return the key hints of a screen that is not the main one."""

    def selection_of(self, pane: str, selected: Target | None, about: Target | None = None) -> ScreenSelection:
        """Return what a screen with this under its cursor acts on."""

    def open(self, kind: str, id: Any) -> None:
        """Open the page of a thing."""

    def copy(self, value: str) -> None:
        """Put a value on the clipboard."""

    def save(self, texts: dict[str, str], name: str, said: str) -> None:
        """Write texts by suffix to `name` in the run's exports."""


class Main(Protocol):
    """The screen with the panes, which is below every other."""

    @property
    def pane(self) -> Pane:
        """The focused pane."""

    @property
    def panes(self) -> Mapping[str, Pane]:
        """Every pane by its name."""

    def repaint(self) -> None:
        """Draw everything, because another moment is shown."""

    def action_live(self) -> None:
        """Show the present, moving."""


class Host(App[None]):
    """The application: the run as it is known now, and what a screen may ask of it."""

    actions: dict[str, Action]
    ahead: Ahead
    ascii_only: bool
    control: Actions
    failure: DltuiError | None
    first: bool
    inquiry: Inquiry
    lost: bool
    paints_per_second: float
    picture: Picture
    read_only: bool
    run_dir: Path | None
    state: State
    story: Story

    @property
    def leader(self) -> Leader | None:
        """What leads a walkthrough."""
        raise NotImplementedError

    @property
    def main(self) -> Main:
        """The screen with the panes."""
        raise NotImplementedError

    @property
    def over(self) -> bool:
        """The run has ended, or the recording of it."""
        raise NotImplementedError

    @property
    def recording(self) -> ReplaySession | None:
        """The session, if it is a recording, which can be paused and sought."""
        raise NotImplementedError

    def may_ask(self) -> bool:
        """Return whether an engine runs, and this screen may use its socket."""
        raise NotImplementedError

    def now(self) -> float:
        """Return the time that ages are measured against, in unix seconds."""
        raise NotImplementedError

    def twin(self, name: str, args: dict[str, Any]) -> str:
        """Return the shell command that does the same."""
        raise NotImplementedError

    def ask(self, name: str, args: dict[str, Any]) -> None:
        """Send a command; its answer is told when it comes."""
        raise NotImplementedError

    def tell(self, text: str, severity: Literal["information", "warning", "error"] = "information") -> None:
        """Show a short note."""
        raise NotImplementedError

    def follow_now(self) -> None:
        """Take in the events of a recording that was moved, without delay."""
        raise NotImplementedError

    def stop_all(self) -> None:
        """Stop the run and leave when it has ended."""
        raise NotImplementedError
